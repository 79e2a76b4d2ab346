"""The layout of a chunk of an EVTX file: where its records lie, and making a damaged one readable again.

The EVTX library reads a chunk's records one after another and ends at the first whose header it does not
understand, so a few bad bytes hide all records behind them; its caches, which chunks hold tables for, can send it
round in circles. A readied chunk has a sound header, no tables, and over each stretch without a record one record
that the library skips.

Source: Joachim Metz, Windows XML Event Log (EVTX) format, libevtx documentation.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field

__all__ = ["CHUNK_BYTES", "MOST_RECORDS", "ChunkLayout", "layout_of", "readied"]

CHUNK_BYTES = 65_536
MOST_RECORDS = 2_500
"""A chunk has room for no more."""

_MAGIC = b"ElfChnk\x00"
_RECORD_MAGIC = b"**\x00\x00"
_HEADER = struct.Struct("<8sQQQQIII")
"""Magic; first and last record number; first and last record id; header size; last record's offset; free space."""
_CHECKSUM = 52
"""Where the CRC32 of the records up to the free space stands."""
_FIRST_RECORD = 512
"""Before it lie the header's 128 bytes and the tables of strings and templates."""
_RECORD = struct.Struct("<4sIQQ")
"""Magic, size, id, FILETIME; the size stands again at the end."""
_SIZE = struct.Struct("<I")
_SMALLEST_RECORD = 28
_LATEST_TIME = 2_650_467_744_000_000_000
"""FILETIME of the year 9999."""
_SOME_TIME = 132_223_104_000_000_000
_INVALID_TOKEN = 0xFF


@dataclass(slots=True)
class ChunkLayout:
    """What lies in a chunk."""

    records: list[tuple[int, int, int]] = field(default_factory=list)
    """(Offset, size, id) of each record whose header can be told, in order."""
    gaps: list[tuple[int, int]] = field(default_factory=list)
    """(Offset, end) of each stretch before the last record that holds none."""
    odd: list[tuple[int, int, int]] = field(default_factory=list)
    """Those of ``records`` whose headers have to be written anew."""
    first_id: int = 0
    """Id of the first record that stood here, 0 where that is not known."""
    lost: int = 0
    """Records that stood here and are not among ``records``."""
    lost_id: int = 0
    """Id of the first of them."""
    intact: bool = True
    """The records agree with the checksum of the header."""
    blank: bool = False
    """Nothing was ever written: the chunk is empty or zeros."""


def layout_of(chunk: bytes) -> ChunkLayout:
    """Find the records of a chunk of `CHUNK_BYTES` bytes.

    What stands behind the free space that the header names is left over from older use of the chunk. It counts only
    where its ids go on: then the header is older than the records, as in a file that was copied while in use.
    """
    first_id, free_space, written = _header_of(chunk)
    layout = ChunkLayout(first_id=first_id)
    offset, previous = _FIRST_RECORD, first_id - 1 if first_id else 0
    while offset <= CHUNK_BYTES - _SMALLEST_RECORD:
        magic, size, record_id, time = _RECORD.unpack_from(chunk, offset)
        if (
            magic == _RECORD_MAGIC
            and record_id == previous + 1
            and time <= _LATEST_TIME
            and _is_closed(chunk, offset, size)
        ):
            layout.records.append((offset, size, record_id))
            offset, previous = offset + size, record_id
            continue
        record = _record_at(chunk, offset, previous, free_space)
        if record is None or (offset >= free_space and record[1] != previous + 1):
            following = _next_record(chunk, offset, previous, free_space)
            if following is None:
                break
            layout.gaps.append((offset, following))
            offset, layout.lost_id = following, layout.lost_id or previous + 1
            continue
        size, record_id = record
        if previous and not 0 < record_id - previous < MOST_RECORDS:
            if not first_id:
                break
            record_id = previous + 1
        if previous and record_id != previous + 1:
            layout.lost_id = layout.lost_id or previous + 1
        layout.records.append((offset, size, record_id))
        layout.odd.append((offset, size, record_id))
        offset, previous = offset + size, record_id
    if layout.records:
        layout.intact = bool(written) and _agrees(chunk, free_space)
        layout.first_id = first_id or layout.records[0][2]
        by_ids = layout.records[-1][2] - layout.first_id + 1
        layout.lost = min(max((written or by_ids) - len(layout.records), 0), MOST_RECORDS)
        layout.lost_id = layout.lost_id or previous + 1
    else:
        layout.blank = free_space == _FIRST_RECORD or not any(chunk)
    return layout


def _header_of(chunk: bytes) -> tuple[int, int, int]:
    """(First id, offset of the free space, records written); 0, the end and 0 where the header is damaged."""
    magic, first, last, first_id, last_id, _, _, free_space = _HEADER.unpack_from(chunk)
    if magic == _MAGIC and free_space == _FIRST_RECORD:
        return 0, free_space, 0
    sound = magic == _MAGIC and _FIRST_RECORD < free_space <= CHUNK_BYTES
    if not sound or not 0 <= last - first < MOST_RECORDS or not 0 < first_id <= last_id:
        return 0, CHUNK_BYTES, 0
    start = _record_at(chunk, _FIRST_RECORD, 0, free_space)
    if start is not None and start[1] != first_id:
        second = _record_at(chunk, _FIRST_RECORD + start[0], 0, free_space)
        if second is not None and second[1] == start[1] + 1:
            return start[1], free_space, 0
    return first_id, free_space, min(last - first, last_id - first_id) + 1


def _agrees(chunk: bytes, free_space: int) -> bool:
    return bool(zlib.crc32(memoryview(chunk)[_FIRST_RECORD:free_space]) == _SIZE.unpack_from(chunk, _CHECKSUM)[0])


def _record_at(chunk: bytes, offset: int, previous: int, free_space: int) -> tuple[int, int] | None:
    """(Size, id) of the record at an offset, None where there is none.

    Two of three have to hold: the magic, the same size at both ends, the id that follows the previous one.
    """
    if offset > CHUNK_BYTES - _SMALLEST_RECORD:
        return None
    magic, size, record_id, _ = _RECORD.unpack_from(chunk, offset)
    is_closed = _is_closed(chunk, offset, size)
    is_next = bool(previous) and record_id == previous + 1
    if (magic == _RECORD_MAGIC) + is_closed + is_next < 2:
        return None
    if not is_closed:
        size = _size_by_what_follows(chunk, offset, size, free_space)
    return (size, record_id) if size >= _SMALLEST_RECORD else None


def _is_closed(chunk: bytes, offset: int, size: int) -> bool:
    end = offset + size
    return size >= _SMALLEST_RECORD and end <= CHUNK_BYTES and _SIZE.unpack_from(chunk, end - 4)[0] == size


def _size_by_what_follows(chunk: bytes, offset: int, size: int, free_space: int) -> int:
    """The size of a record whose two sizes differ: the first one where it leads to a record or to unused space."""
    end = offset + size
    if size >= _SMALLEST_RECORD and end <= CHUNK_BYTES and chunk[end : end + 4] in (_RECORD_MAGIC, bytes(4), b""):
        return size
    following = chunk.find(_RECORD_MAGIC, offset + _SMALLEST_RECORD)
    return (free_space if following < 0 else following) - offset


def _next_record(chunk: bytes, start: int, previous: int, free_space: int) -> int | None:
    """Where the first record behind a bad place stands."""
    offset = chunk.find(_RECORD_MAGIC, start + _SMALLEST_RECORD, free_space)
    while 0 <= offset <= CHUNK_BYTES - _SMALLEST_RECORD:
        record = _record_at(chunk, offset, previous, free_space)
        if record is not None and (not previous or 0 < record[1] - previous < MOST_RECORDS):
            return offset
        offset = chunk.find(_RECORD_MAGIC, offset + 1, free_space)
    return None


def readied(chunk: bytes, layout: ChunkLayout) -> bytes:
    """The chunk as the library can read it: all records of the layout, and in the place of each gap one of id 0."""
    offset, size, last_id = layout.records[-1]
    first_id = layout.records[0][2]
    head = _HEADER.pack(_MAGIC, first_id, last_id, first_id, last_id, 128, offset, offset + size)
    ready = bytearray(chunk)
    ready[:_FIRST_RECORD] = head + bytes(_FIRST_RECORD - len(head))
    for start, end in layout.gaps:
        _RECORD.pack_into(ready, start, _RECORD_MAGIC, end - start, 0, _SOME_TIME)
        ready[start + _RECORD.size] = _INVALID_TOKEN
        _SIZE.pack_into(ready, end - 4, end - start)
    for start, length, record_id in layout.odd:
        time = _RECORD.unpack_from(ready, start)[3]
        _RECORD.pack_into(ready, start, _RECORD_MAGIC, length, record_id, time if time <= _LATEST_TIME else _SOME_TIME)
        _SIZE.pack_into(ready, start + length - 4, length)
    return bytes(ready)
