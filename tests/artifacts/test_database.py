"""A database's folder is made once, refused where it is something else, and its errors say what to do."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from loglm.artifacts.database import DatabaseFolder, EncoderId
from loglm.errors import InputError, ModelError

ENCODER = EncoderId("tiny", "abc", 2)
BOX = DatabaseFolder("box", "box.sqlite", "1", "CREATE TABLE things (name TEXT)", "fill it again")


def test_what_one_wrote_another_reads_while_the_first_writes(tmp_path: Path) -> None:
    first = BOX.open(tmp_path / "b", ENCODER)
    first.execute("INSERT INTO things VALUES ('kept')")
    first.execute("BEGIN IMMEDIATE")
    first.execute("INSERT INTO things VALUES ('not yet')")
    second = BOX.open_read_only(tmp_path / "b", None)
    assert second.execute("SELECT name FROM things").fetchall() == [("kept",)]
    first.close()
    second.close()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    BOX.refuse_others(tmp_path, besides=frozenset(("lock",)))
    with pytest.raises(InputError, match="no box in it, and not empty"):
        BOX.refuse_others(tmp_path)
    with pytest.raises(InputError, match="a file, but expected the folder of the box"):
        BOX.refuse_others(tmp_path / "lock")


def test_another_format_or_encoder_is_refused(tmp_path: Path) -> None:
    BOX.open(tmp_path / "b", ENCODER).close()
    newer = DatabaseFolder(BOX.name, BOX.file, "2", BOX.schema, BOX.remake)
    with pytest.raises(InputError, match="the box is of format 1, but this loglm reads format 2; fill it again"):
        newer.open(tmp_path / "b", ENCODER)
    with pytest.raises(ModelError, match="the box is of the model 'tiny'"):
        BOX.open(tmp_path / "b", EncoderId("other", "def", 2))


def test_what_cannot_be_done_now_is_no_damage(tmp_path: Path) -> None:
    BOX.open(tmp_path / "b", None).close()
    with sqlite3.connect(tmp_path / "b" / BOX.file, isolation_level=None, timeout=0) as one:
        one.execute("BEGIN IMMEDIATE")
        with (
            sqlite3.connect(tmp_path / "b" / BOX.file, isolation_level=None, timeout=0) as other,
            pytest.raises(InputError, match=r"cannot be used now \(database is locked\); what it holds is unchanged"),
            BOX.errors(tmp_path / "b"),
        ):
            other.execute("BEGIN IMMEDIATE")
    with (
        pytest.raises(InputError, match=r"the box is damaged \(no such table: other\); restore it from a copy"),
        BOX.errors(tmp_path / "b"),
    ):
        one.execute("SELECT * FROM other")
    one.close()
    other.close()
