"""An index is added to as a whole, known texts are left alone, and damage is said."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from loglm.errors import EmptyInputError, InputError
from loglm.intel.building import add_texts
from loglm.intel.querying import IntelIndex
from loglm.intel.questions import about_words
from loglm.intel.store import DATABASE

LSASS = "The intruder dumped the memory of lsass with procdump (T1003.001)."
CRON = "A cron job fetched a script every minute (T1053.003)."


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.md").write_text(LSASS)
    (folder / "b.md").write_text(CRON)
    return folder


def found(folder: Path, words: str) -> list[str]:
    return [match.passage.text for match in IntelIndex(folder).passages(about_words(words))]


def test_texts_are_found_once_added(texts: Path, tmp_path: Path) -> None:
    stats = add_texts(tmp_path / "index", [texts])
    assert (stats.documents, stats.passages, stats.techniques, stats.formats) == (2, 2, 2, {"markdown": 2})
    assert found(tmp_path / "index", "procdump") == [LSASS]


def test_the_same_again_adds_nothing_and_a_changed_text_takes_its_place(texts: Path, tmp_path: Path) -> None:
    add_texts(tmp_path / "index", [texts])
    assert add_texts(tmp_path / "index", [texts]).known == 2
    (texts / "a.md").write_text("The registry was read with reg.exe (T1012).")
    stats = add_texts(tmp_path / "index", [texts])
    assert (stats.documents, stats.known, stats.replaced) == (1, 1, 1)
    assert found(tmp_path / "index", "registry") == ["The registry was read with reg.exe (T1012)."]
    assert len(IntelIndex(tmp_path / "index")) == 2


def test_a_run_that_breaks_off_leaves_the_index_as_it_was(texts: Path, tmp_path: Path) -> None:
    add_texts(tmp_path / "index", [texts / "a.md"])

    def breaks_off(documents: object) -> object:
        yield from documents  # type: ignore[misc]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_texts(tmp_path / "index", [texts], progress=breaks_off)  # type: ignore[arg-type]
    assert len(IntelIndex(tmp_path / "index")) == 1


def test_nothing_to_read_leaves_no_folder(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("")
    with pytest.raises(EmptyInputError):
        add_texts(tmp_path / "index", [tmp_path / "empty.md"])
    assert not (tmp_path / "index").exists()


WRITER = """
import sys
from loglm.intel.building import add_texts

def waits(documents):
    print("reading", flush=True)
    sys.stdin.readline()
    yield from documents

add_texts(sys.argv[1], sys.argv[2:], progress=waits)
"""


@contextmanager
def writing_elsewhere(folder: Path, text: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has begun to add a text, and goes on when it is given a line."""
    command = [sys.executable, "-c", WRITER, str(folder), str(text)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reading\n"
        yield process
        process.communicate("go on\n", timeout=60)


def test_a_second_process_leaves_the_first_ones_index(texts: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    with writing_elsewhere(index, texts / "a.md") as other:
        with pytest.raises(InputError, match="another process is writing"):
            add_texts(index, [texts / "b.md"])
        with pytest.raises(InputError, match="holds nothing yet"):
            IntelIndex(index)
    assert other.returncode == 0
    assert found(index, "procdump") == [LSASS]
    assert add_texts(index, [texts / "b.md"]).documents == 1
    assert found(index, "procdump") == [LSASS]


def test_a_killed_first_run_is_begun_anew(texts: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    with writing_elsewhere(index, texts / "a.md") as other:
        other.kill()
        other.wait()
    assert add_texts(index, [texts]).documents == 2


def test_a_failed_run_removes_nothing_of_others(tmp_path: Path) -> None:
    (tmp_path / "empty.md").write_text("")
    index = tmp_path / "index"
    index.mkdir()

    def beside(documents: object) -> object:
        (index / "mine.txt").write_text("kept")
        return documents

    with pytest.raises(EmptyInputError):
        add_texts(index, [tmp_path / "empty.md"], progress=beside)  # type: ignore[arg-type]
    assert [path.name for path in index.iterdir()] == ["mine.txt"]


def test_a_folder_with_other_files_is_refused(texts: Path) -> None:
    with pytest.raises(InputError, match="no intel index in it, and not empty"):
        add_texts(texts, [texts])


def damage_file(index: Path) -> None:
    path = index / DATABASE
    data = bytearray(path.read_bytes())
    data[2_000:] = bytes(len(data) - 2_000)
    path.write_bytes(data)


def damage_words(index: Path) -> None:
    with sqlite3.connect(index / DATABASE) as connection:
        connection.execute("UPDATE words SET crc32 = crc32 + 1 WHERE name = 'counts'")


def lose_a_passage(index: Path) -> None:
    with sqlite3.connect(index / DATABASE) as connection:
        connection.execute("DELETE FROM passages WHERE id = 1")


def change_format(index: Path) -> None:
    with sqlite3.connect(index / DATABASE) as connection:
        connection.execute("UPDATE meta SET value = '99'")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (damage_file, "damaged"),
        (damage_words, "its words: counts is not as written"),
        (lose_a_passage, "damaged"),
        (change_format, "of format 99, but this loglm reads format 1"),
        (lambda index: (index / DATABASE).unlink(), "not an intel index"),
        (lambda index: (index / DATABASE).write_bytes(b"no database" * 99), "damaged"),
    ],
)
def test_damage_is_said(texts: Path, tmp_path: Path, damage: object, reason: str) -> None:
    add_texts(tmp_path / "index", [texts])
    damage(tmp_path / "index")  # type: ignore[operator]
    with pytest.raises(InputError, match=reason):
        IntelIndex(tmp_path / "index")
