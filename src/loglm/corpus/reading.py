"""First step: events of files become documents, each distinct text of a part once; the rest is counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loglm.artifacts.files import file_sha256
from loglm.corpus.documents import import_polars, schema, write_documents
from loglm.corpus.drops import REPEATED, Drops, duplicate
from loglm.corpus.filters import rejection
from loglm.corpus.listing import CorpusFile
from loglm.corpus.templates import event_hash, header_hash, template_hash, text_hash
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import View, render

__all__ = ["ReadJob", "merge_problems", "read_part"]

_CHUNK_CHARS = 32 << 20
_CHUNK_TEXTS = 100_000


@dataclass(frozen=True, slots=True)
class ReadJob:
    """Files of one source."""

    source_name: str
    files: tuple[CorpusFile, ...]
    max_chars: int
    view: View
    """In which texts of one chunk are told apart."""


def read_part(job: ReadJob, out: Path) -> dict[str, Any]:
    """Read, render and filter the files of a job; write chunks of documents.

    Needs memory for one chunk: 32 MiB of text or 100,000 texts.

    Returns:
        ``source``: its index; ``files``: name, sha256 and events of each; ``texts``: documents written; ``drops``, none
        for a benchmark; ``problems``: what could not be read.
    """
    chunks = _Chunks(job, out)
    problems = Problems()
    files = []
    for file in job.files:
        events = 0
        for event in read_events([file.path], problems=problems):
            chunks.add(event, file, events)
            events += 1
        files.append({"number": file.number, "name": file.name, "sha256": _sha256(file, problems), "events": events})
    chunks.flush()
    drops = chunks.drops.to_json()
    return {
        "source": job.files[0].source,
        "files": files,
        "texts": chunks.texts,
        "drops": drops if job.files[0].source >= 0 else [],
        "problems": _problems(problems),
    }


def merge_problems(facts: dict[str, Any], problems: Problems) -> None:
    """Add what could not be read in a part to what could not be read elsewhere."""
    part = Problems(examples=facts["examples"])
    part.rejected.update(facts["rejected"])
    part.notes.update(facts["notes"])
    problems.merge(part)


@dataclass(slots=True)
class _Chunks:
    job: ReadJob
    out: Path
    drops: Drops = field(default_factory=Drops)
    written: int = 0
    texts: int = 0
    chars: int = 0
    rows: dict[int, list[Any]] = field(default_factory=dict)
    """A document for each hash, its columns in the order of the schema."""
    rejected: dict[int, str] = field(default_factory=dict)
    """Why, by the hash of the text; forgotten with the chunk, or when there are as many as one may hold."""

    def add(self, event: LogEvent, file: CorpusFile, row: int) -> None:
        text, time = _encodable(render(event)), event.timestamp
        exact = _encodable(render(event, "exact")) if self.job.view == "exact" else None
        key = text_hash(text) if exact is None else event_hash(exact, text)
        if (known := self.rows.get(key)) is not None:
            self._repeat(known, text, file, time)
        elif (reason := self.rejected.get(key) or rejection(text, max_chars=self.job.max_chars)) is not None:
            if len(self.rejected) >= _CHUNK_TEXTS:
                self.rejected.clear()
            self.rejected[key] = reason
            self.drops.add(self.job.source_name, reason, text)
        else:
            hashes = key, key if exact is None else text_hash(text), template_hash(text), header_hash(text)
            self.rows[key] = [*hashes, file.source, file.number, row, time, 1, file.is_held_out, text, exact]
            self.chars += len(text) + len(exact or "")
            if self.chars >= _CHUNK_CHARS or len(self.rows) >= _CHUNK_TEXTS:
                self.flush()

    def _repeat(self, known: list[Any], text: str, file: CorpusFile, time: float | None) -> None:
        self.drops.add(self.job.source_name, duplicate(REPEATED, self.job.view), text)
        if time is not None:
            known[_TIME] = time if known[_TIME] is None else min(known[_TIME], time)
        known[_COUNT] += 1
        known[_HELD_OUT] &= file.is_held_out

    def flush(self) -> None:
        if self.rows:
            frame = import_polars().DataFrame(list(self.rows.values()), schema=schema(), orient="row")
            write_documents(frame, self.out / f"{self.written:05d}.parquet")
            self.written += 1
            self.texts += len(self.rows)
        self.rows.clear()
        self.rejected.clear()
        self.chars = 0


_TIME, _COUNT, _HELD_OUT = 7, 8, 9
"""Places in a row."""


def _encodable(text: str) -> str:
    """JSON can hold lone surrogates, which no file can."""
    return text.encode("utf-8", "replace").decode()


def _sha256(file: CorpusFile, problems: Problems) -> str | None:
    try:
        return file_sha256(Path(file.path))
    except OSError as error:
        problems.note("unreadable", f"cannot be read: {error.strerror or error}", SourceLocation(file.path))
        return None


def _problems(problems: Problems) -> dict[str, Any]:
    return {
        "rejected": dict(problems.rejected),
        "notes": dict(problems.notes),
        "examples": {kind: list(lines) for kind, lines in problems.examples.items()},
    }
