"""Adding texts to an intel index and taking them out, all of a run or nothing."""

from __future__ import annotations

import os
import shlex
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loglm.artifacts.database import storable
from loglm.errors import EmptyInputError, InputError
from loglm.events.opening import STDIN_NAME
from loglm.events.problems import Problems
from loglm.intel.passages import Kind, Passage
from loglm.intel.ranking import count_all
from loglm.intel.reading import Document, read_documents
from loglm.intel.store import open_for_reading, open_for_writing, write_terms

__all__ = ["BuildStats", "HeldText", "add_texts", "held_texts", "ranked_text", "remove_texts"]

_DIGEST_CHARS = 12

Progress = Callable[[Iterable[Document]], Iterable[Document]]


@dataclass(slots=True)
class BuildStats:
    """What a run has read and added."""

    documents: int = 0
    """Files, and members of archives, that are new or were replaced."""
    known: int = 0
    """Those that stand in the index as they are."""
    replaced: int = 0
    """Those whose passages took the place of older ones."""
    passages: int = 0
    """Added."""
    techniques: int = 0
    """Different techniques that passages of the index are of."""
    formats: Counter[str] = field(default_factory=Counter)
    """Documents added, by format."""


def add_texts(
    folder: Path | str,
    paths: Sequence[str | Path],
    *,
    problems: Problems | None = None,
    progress: Progress = iter,
) -> BuildStats:
    """Add the texts below some paths to the index in a folder, which is made where there is none.

    A file that is in the index as it is, by absolute path and content, is left as it is; one that has changed takes
    the place of what it was. Texts from stdin have no path, so that one never takes the place of another.

    Args:
        folder: Of the index.
        paths: Files, folders, patterns, archives; ``-`` for stdin.
        problems: Takes what could not be read.
        progress: Is given the documents as they come, and gives them on.

    Raises:
        InputError: A path does not exist; the folder is something else, or cannot be written.
        EmptyInputError: No text was read; the index is as it was.
    """
    stats = BuildStats()
    problems = Problems() if problems is None else problems
    with open_for_writing(Path(folder)) as connection:
        known = dict(connection.execute("SELECT name, sha256 FROM documents").fetchall())
        documents = read_documents(paths, problems, is_known=lambda path, sha: known.get(_name(path, sha)) == sha)
        for document in progress(documents):
            if document.passages:
                _add(connection, document, stats)
            else:
                stats.known += 1
        if not stats.documents + stats.known:
            raise EmptyInputError("no text was read")
        if stats.documents:
            write_terms(connection, count_all(_texts(connection)))
        stats.techniques = _techniques(connection)
    return stats


@dataclass(frozen=True, slots=True)
class HeldText:
    """A text of an index."""

    name: str
    """Its absolute path, ``archive!member`` inside archives; of one from stdin, ``<stdin>`` and its digest's head."""
    format: str
    passages: int


def held_texts(folder: Path | str) -> list[HeldText]:
    """The texts of an index, by name.

    Raises:
        InputError: There is no index, or it is damaged.
    """
    with open_for_reading(Path(folder)) as connection:
        rows = connection.execute(
            "SELECT name, format, COUNT(passages.id) FROM documents LEFT JOIN passages ON document = documents.id "
            "GROUP BY documents.id ORDER BY name"
        )
        return [HeldText(*row) for row in rows]


def remove_texts(folder: Path | str, paths: Sequence[str]) -> int:
    """Take texts out of an index, all that are asked for or none; how many they were.

    Args:
        folder: Of the index.
        paths: Of files, of archives and folders with all that they hold, or names as `held_texts` gives them.

    Raises:
        InputError: There is no index, or no text of it is at one of the paths.
    """
    held = [text.name for text in held_texts(folder)]
    chosen: set[str] = set()
    for path in paths:
        whole = path if path.startswith(STDIN_NAME) else _absolute(path)
        found = [name for name in held if name == whole or name.startswith((f"{whole}!", f"{whole.rstrip(os.sep)}/"))]
        if not found:
            listing = f"loglm intel list {shlex.quote(str(folder))}"
            raise InputError(f"{path}: no text of the index is there; `{listing}` shows where they are")
        chosen.update(found)
    with open_for_writing(Path(folder)) as connection:
        for name in chosen:
            connection.execute(
                "DELETE FROM passages WHERE document = (SELECT id FROM documents WHERE name = ?)", (name,)
            )
            connection.execute("DELETE FROM documents WHERE name = ?", (name,))
        write_terms(connection, count_all(_texts(connection)))
    return len(chosen)


def ranked_text(kind: str, title: str, text: str) -> str:
    """What of a passage is ranked by; the title of an example says who used which technique, and is left out."""
    return text if kind == Kind.EXAMPLE else f"{title}\n{text}"


def _add(connection: sqlite3.Connection, document: Document, stats: BuildStats) -> None:
    name = _name(document.path, document.sha256)
    old = connection.execute("SELECT id FROM documents WHERE name = ?", (name,)).fetchone()
    if old is not None:
        connection.execute("DELETE FROM passages WHERE document = ?", old)
        connection.execute("DELETE FROM documents WHERE id = ?", old)
        stats.replaced += 1
    added = connection.execute(
        "INSERT INTO documents (path, name, sha256, format) VALUES (?, ?, ?, ?)",
        (name if _is_stdin(document.path) else storable(document.path), name, document.sha256, document.format),
    )
    connection.executemany(
        "INSERT INTO passages (document, place, title, text, kind, techniques) VALUES (?, ?, ?, ?, ?, ?)",
        (_row(added.lastrowid, passage) for passage in document.passages),
    )
    stats.documents += 1
    stats.passages += len(document.passages)
    stats.formats[document.format] += 1


def _row(document: int | None, passage: Passage) -> tuple[object, ...]:
    texts = (storable(text) for text in (passage.place, passage.title, passage.text))
    return document, *texts, str(passage.kind), " ".join(passage.techniques)


def _texts(connection: sqlite3.Connection) -> Iterator[str]:
    for kind, title, text in connection.execute("SELECT kind, title, text FROM passages ORDER BY id"):
        yield ranked_text(kind, title, text)


def _techniques(connection: sqlite3.Connection) -> int:
    rows = connection.execute("SELECT DISTINCT techniques FROM passages")
    return len({name for (names,) in rows for name in names.split()})


def _name(path: str, sha256: bytes) -> str:
    """What tells a text from others; of those from stdin, their content does."""
    return storable(f"{path} {sha256.hex()[:_DIGEST_CHARS]}") if _is_stdin(path) else _absolute(path)


def _is_stdin(path: str) -> bool:
    return path == STDIN_NAME or path.startswith(f"{STDIN_NAME}!")


def _absolute(path: str) -> str:
    return storable(os.path.abspath(path))  # noqa: PTH100 (links stay)
