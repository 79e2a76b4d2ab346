"""A database's folder is made once, refused where it is something else, and its errors say what to do."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from loglm.artifacts.database import DatabaseFolder, EncoderId
from loglm.artifacts.one_writer import LOCK, open_for_one_writer
from loglm.errors import InputError, ModelError
from read_only import read_only

ENCODER = EncoderId("tiny", "abc", 2)
BOX = DatabaseFolder("box", "box.sqlite", "1", "CREATE TABLE things (name TEXT)", "fill it again")


@pytest.mark.parametrize("name", ["", "new"])
def test_a_folder_without_the_right_to_write_is_refused_with_what_to_do(tmp_path: Path, name: str) -> None:
    (tmp_path / "b").mkdir()
    with read_only(tmp_path / "b") as folder:
        said = rf"{name or 'b'}: the box cannot be written \(Permission denied\); give another folder, or see"
        with pytest.raises(InputError, match=said):
            BOX.open(folder / name, ENCODER)
        with (
            pytest.raises(InputError, match=said),
            open_for_one_writer(BOX, folder / name, ENCODER, content="things"),
        ):
            pass


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


def test_a_folder_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    connection = BOX.open(tmp_path / "b", ENCODER)
    connection.execute("INSERT INTO things VALUES ('kept')")
    connection.close()
    with read_only(tmp_path / "b") as folder:
        assert not BOX.can_write(folder)
        opened = BOX.open_read_only(folder, ENCODER)
        assert opened.execute("SELECT name FROM things").fetchall() == [("kept",)]
        opened.close()


def test_a_database_without_tables_holds_nothing_yet(tmp_path: Path) -> None:
    (tmp_path / BOX.file).touch()
    with pytest.raises(InputError, match="the box holds nothing yet"):
        BOX.open_read_only(tmp_path, None)


def put(folder: Path, name: str = "") -> None:
    with open_for_one_writer(BOX, folder, ENCODER, content="things", files=("beside",)) as connection:
        (folder / "beside").touch()
        if name:
            connection.execute("INSERT INTO things VALUES (?)", (name,))


def test_what_was_made_for_nothing_is_removed(tmp_path: Path) -> None:
    put(tmp_path / "b")
    assert not (tmp_path / "b").exists()
    (tmp_path / "mine").mkdir()
    put(tmp_path / "mine")
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_is_not_committed_is_nothing(tmp_path: Path) -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        open_for_one_writer(BOX, tmp_path / "b", ENCODER, content="things") as connection,
    ):
        connection.execute("BEGIN")
        connection.execute("INSERT INTO things VALUES ('lost')")
        raise KeyboardInterrupt
    assert not (tmp_path / "b").exists()


def test_what_holds_something_or_is_of_others_stays(tmp_path: Path) -> None:
    put(tmp_path / "b", "kept")
    put(tmp_path / "b")
    assert {path.name for path in (tmp_path / "b").iterdir()} == {BOX.file, "beside", LOCK}
    with open_for_one_writer(BOX, tmp_path / "c", ENCODER, content="things"):
        (tmp_path / "c" / "mine.txt").write_text("kept")
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["mine.txt"]


_WRITER = """
import sys
from pathlib import Path
from loglm.artifacts.database import DatabaseFolder, EncoderId
from loglm.artifacts.one_writer import open_for_one_writer

box = DatabaseFolder("box", "box.sqlite", "1", "CREATE TABLE things (name TEXT)", "fill it again")
with open_for_one_writer(box, Path(sys.argv[1]), EncoderId("tiny", "abc", 2), content="things") as connection:
    print("open", flush=True)
    if sys.stdin.readline() == "put\\n":
        connection.execute("INSERT INTO things VALUES ('theirs')")
"""


@pytest.mark.parametrize("does", ["put", "leave"])
def test_a_second_process_takes_nothing_from_the_first(tmp_path: Path, does: str) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path / "b")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "open\n"
        with pytest.raises(InputError, match="another process is writing to this box; wait for its end"):
            put(tmp_path / "b")
        first.communicate(f"{does}\n", timeout=60)
    assert first.returncode == 0
    assert (tmp_path / "b").exists() == (does == "put")
    put(tmp_path / "b", "mine")
    opened = BOX.open_read_only(tmp_path / "b", ENCODER)
    assert opened.execute("SELECT name FROM things").fetchall() == [("theirs",), ("mine",)][does == "leave" :]
    opened.close()
