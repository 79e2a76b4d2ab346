"""Small EVTX files made by hand: chunks of records whose BinXML holds plain elements, without templates."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

CHUNK_BYTES = 65_536
SOME_TIME = 132_223_104_000_000_000


def _name(position: int, text: str) -> bytes:
    """A name where it is first used: its own offset, then the string with its length."""
    head = struct.pack("<IIHH", position + 4, 0, 0, len(text))
    return head + text.encode("utf-16-le") + b"\0\0"


def _value(text: str) -> bytes:
    return struct.pack("<BBH", 5, 1, len(text)) + text.encode("utf-16-le")


def _element(position: int, name: str, attributes: dict[str, str], content: Sequence[tuple] | str) -> bytes:
    """An element at an offset of its chunk; content is text or (name, attributes, content) triples."""
    head = 1 + 4
    body = _name(position + head, name)
    if attributes:
        listing = b""
        start = position + head + len(body) + 4
        for key, value in attributes.items():
            listing += b"\x06" + _name(start + len(listing) + 1, key) + _value(value)
        body += struct.pack("<I", len(listing)) + listing
    body += b"\x02"
    if isinstance(content, str):
        body += _value(content)
    else:
        for child in content:
            body += _element(position + head + len(body), *child)
    body += b"\x04"
    return struct.pack("<BI", 0x41 if attributes else 0x01, len(body)) + body


def event(event_id: int, data: dict[str, str], *, record_id: int, channel: str = "Security") -> tuple:
    """The content of an ``Event`` element."""
    system = [
        ("Provider", {"Name": "Microsoft-Windows-Security-Auditing"}, ""),
        ("EventID", {}, str(event_id)),
        ("TimeCreated", {"SystemTime": f"2024-05-06T07:08:{record_id % 60:02d}.000000Z"}, ""),
        ("EventRecordID", {}, str(record_id)),
        ("Channel", {}, channel),
        ("Computer", {}, "host1"),
    ]
    fields = [("Data", {"Name": name}, value) for name, value in data.items()]
    return ("Event", {}, [("System", {}, system), ("EventData", {}, fields)])


def chunk(first_id: int, events: Sequence[tuple]) -> bytes:
    """A chunk of records with consecutive ids."""
    body = bytearray(512)
    last = 0
    for record_id, content in enumerate(events, start=first_id):
        last = len(body)
        start = last + 24
        xml = b"\x0f\x01\x01\x00" + _element(start + 4, *content) + b"\x00"
        size = 24 + len(xml) + 4
        body += struct.pack("<4sIQQ", b"**\0\0", size, record_id, SOME_TIME) + xml + struct.pack("<I", size)
    last_id = first_id + len(events) - 1
    struct.pack_into("<8sQQQQIII", body, 0, b"ElfChnk\0", first_id, last_id, first_id, last_id, 128, last, len(body))
    struct.pack_into("<I", body, 52, zlib.crc32(body[512:]))
    return bytes(body).ljust(CHUNK_BYTES, b"\0")


def file_header(chunks: int, next_id: int) -> bytes:
    header = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, max(chunks - 1, 0), next_id, 128, 1, 3, 4096, chunks)
    return header.ljust(4096, b"\0")


def evtx_file(*sizes: int) -> bytes:
    """A file with one chunk for each number of events, which are logons of ``user1``, ``user2`` and so on."""
    chunks, next_id = [], 1
    for size in sizes:
        ids = range(next_id, next_id + size)
        data = [{"TargetUserName": f"user{number}", "LogonType": "3"} for number in ids]
        chunks.append(chunk(next_id, [event(4624, fields, record_id=n) for n, fields in zip(ids, data, strict=True)]))
        next_id += size
    return file_header(len(chunks), next_id) + b"".join(chunks)
