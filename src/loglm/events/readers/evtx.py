"""EvtxReader: Windows event log files (.evtx), whole or damaged."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from evtx import PyEvtxParser

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers.windows import windows_event
from loglm.events.mappers.windows_trees import from_tree
from loglm.events.problems import Problems
from loglm.events.readers.evtx_chunk import CHUNK_BYTES, MOST_RECORDS, ChunkLayout, layout_of, readied
from loglm.events.source import Part, Source
from loglm.plurals import plural

__all__ = ["EvtxReader"]

_MAGIC: Final = b"ElfFile\x00"
_CHUNK_MAGIC: Final = b"ElfChnk\x00"
_HEADER_BYTES: Final = 4096
_HEADER = struct.Struct("<8sQQQIHHHH")
"""Magic; first and last chunk; next record id; header size; minor and major version; header block; chunks."""
_ONE_CHUNK: Final = _HEADER.pack(_MAGIC, 0, 0, 1, 128, 1, 3, _HEADER_BYTES, 1).ljust(_HEADER_BYTES, b"\0")
_RECORD_NUMBER = re.compile(r"record number (\d{1,20})")
_MOST_STEPS: Final = 2 * MOST_RECORDS
"""Records and failures of one chunk; the library is not asked for more."""
_NO_REASON: Final = "the record could not be decoded"


class EvtxReader:
    """Reads EVTX files chunk by chunk, in memory that does not grow with the file.

    Of a damaged or truncated file every record that stands whole is yielded. The others are rejected as
    ``corrupt-record`` with their record ids, as far as the ids around them tell how many they are; a file without
    one readable chunk is rejected once as ``corrupt-file``. Chunks whose checksum does not match are noted as
    ``checksum``: what is read from them may differ from what was written. ``raw`` is the record as JSON.
    """

    name = "evtx"

    def sniff(self, source: Source) -> float:
        """1 for the magic number of the file header, nearly so for that of a first chunk behind a damaged header."""
        if source.head.startswith(_MAGIC):
            return 1.0
        return 0.9 if source.head[_HEADER_BYTES : _HEADER_BYTES + len(_CHUNK_MAGIC)] == _CHUNK_MAGIC else 0.0

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        """Yield the events in file order."""
        part = source.part
        if part.start == 0:
            source.stream.read(_HEADER_BYTES)
        chunks = max(part.start - _HEADER_BYTES, 0) // CHUNK_BYTES
        track = _Track(source, problems, chunks, part.records_before)
        for chunk in iter(lambda: source.stream.read(CHUNK_BYTES), b""):
            chunk = chunk.ljust(CHUNK_BYTES, b"\0")
            layout = layout_of(chunk)
            track.enter(layout)
            if layout.records:
                yield from _chunk_events(readied(chunk, layout), layout, source, problems)
        track.note_altered()
        if part.end is None:
            track.finish(source.head[:_HEADER_BYTES])

    def parts(self, source: Source, size_bytes: int) -> Iterator[Part]:
        """Parts that begin behind a readable chunk, so that what is missing between chunks is known to one of them."""
        part = Part()
        step = max(size_bytes // CHUNK_BYTES, 1) * CHUNK_BYTES
        offset = _HEADER_BYTES + step
        while (chunk := _chunk_before(source, offset)) is not None:
            layout = layout_of(chunk)
            if layout.records:
                yield Part(part.start, offset, part.records_before)
                part = Part(offset, None, _last_id(layout))
            offset += step if layout.records else CHUNK_BYTES
        yield part


def _chunk_before(source: Source, offset: int) -> bytes | None:
    """The chunk that ends at an offset; None where no byte stands behind it, or it cannot be read."""
    try:
        source.stream.seek(offset - CHUNK_BYTES)
        chunk = source.stream.read(CHUNK_BYTES)
        return chunk if source.stream.peek(1) else None
    except OSError:
        return None


def _last_id(layout: ChunkLayout) -> int:
    """Id of the last record that stood in a chunk with some."""
    return max(layout.records[-1][2], layout.first_id + len(layout.records) + layout.lost - 1)


def _chunk_events(chunk: bytes, layout: ChunkLayout, source: Source, problems: Problems) -> Iterator[LogEvent]:
    """The events of a readied chunk; the records that give none are rejected."""
    reasons: dict[int, str] = {}
    read: set[int] = set()
    path = source.path
    for record_id, text in _decode(chunk, reasons):
        location = SourceLocation(path, record_id)
        read.add(record_id)
        try:
            event = orjson.loads(text)["Event"]
            record = from_tree(event)
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            problems.reject("corrupt-record", f"unexpected structure: {error}"[:200], location)
            continue
        yield windows_event(record, text, location)
    if len(read) == len(layout.records):
        return
    for _, _, record_id in layout.records:
        if record_id not in read:
            problems.reject("corrupt-record", reasons.get(record_id, _NO_REASON), source.at(record_id))


def _decode(chunk: bytes, reasons: dict[int, str]) -> Iterator[tuple[int, str]]:
    """(Record id, JSON) of the records that the library decodes; ``reasons`` gets its word on the others."""
    try:
        records = PyEvtxParser(io.BytesIO(_ONE_CHUNK + chunk), 1).records_json()
        for _ in range(_MOST_STEPS):
            try:
                record: Any = next(records)
            except RuntimeError as error:
                message = str(error)
                if number := _RECORD_NUMBER.search(message):
                    reasons[int(number[1])] = message[:200]
                continue
            yield record["event_record_id"], record["data"]
    except StopIteration:
        return
    except (OSError, RuntimeError):
        return
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # pyo3's class for a panic in Rust, which no module exports
            raise


@dataclass(slots=True)
class _Track:
    """Keeps account of what lies between readable chunks."""

    source: Source
    problems: Problems
    chunks: int = 0
    last_id: int = 0
    unreadable: int = 0
    """Chunks without a record since the last one with some, unused ones included."""
    damaged: bool = False
    """One of them holds bytes that are no records."""
    altered: int = 0
    """Chunks with records that do not agree with their checksum."""

    def enter(self, layout: ChunkLayout) -> None:
        """Take note of the next chunk, and reject what is known to be lost up to its end."""
        self.chunks += 1
        if not layout.records:
            self.unreadable += 1
            self.damaged |= not layout.blank
            return
        if self.unreadable:
            self._reject_chunks(layout.first_id - self.last_id - 1)
        self.unreadable, self.damaged = 0, False
        self.altered += not layout.intact
        if layout.lost:
            message = f"damaged places of chunk {self.chunks} held {plural(layout.lost, 'record')} that cannot be read"
            self.problems.reject("corrupt-record", message, self.source.at(layout.lost_id), records=layout.lost)
        self.last_id = _last_id(layout)

    def note_altered(self) -> None:
        """Say how many chunks do not match their checksums."""
        if self.altered:
            message = f"{plural(self.altered, 'chunk')} with wrong checksums; records in there may have been altered"
            self.problems.note("checksum", message, self.source.at())

    def finish(self, header: bytes) -> None:
        """Compare with what the file header says should have come, once all chunks are read."""
        declared, next_id = 0, 0
        if len(header) == _HEADER_BYTES and header.startswith(_MAGIC):
            _, _, _, next_id, _, _, _, _, declared = _HEADER.unpack_from(header)
        if not self.last_id:
            if declared == 0 or self.damaged or self.chunks < declared:
                chunks = plural(max(declared, self.chunks, 1), "chunk")
                self.problems.reject(
                    "corrupt-file", f"none of its {chunks} can be read; it is cut off or damaged", self.source.at()
                )
            return
        absent = declared - (self.chunks - self.unreadable)
        if absent > 0:
            self.unreadable = absent
            self._reject_chunks(next_id - self.last_id - 1)

    def _reject_chunks(self, records: int) -> None:
        """Reject the records of unreadable chunks; unused chunks, between which no id is missing, hold none."""
        if records <= 0 and not self.damaged:
            return
        known = 0 < records <= self.unreadable * MOST_RECORDS
        message = plural(self.unreadable, "missing or unreadable chunk")
        if not known:
            message += "; how many records they held is not known"
        where = self.source.at(self.last_id + 1)
        self.problems.reject("corrupt-record", message, where, records=records if known else self.unreadable)
