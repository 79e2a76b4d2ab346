"""The raw texts of events, compressed some hundred at a time, and exact values found in them.

Log lines resemble their neighbours: a block takes a tenth of its lines. It is searched whole, which needs no index of
words and finds a value also inside a path or a command line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import zstandard

__all__ = ["EVENTS_IN_BLOCK", "events_with", "pack", "unpack"]

EVENTS_IN_BLOCK = 256
_LEVEL = 3
_WORD_BYTE = re.compile(rb"[A-Za-z0-9_\x80-\xff]")
_DOTTED_BEFORE = re.compile(rb"[0-9]\.$")
_DOTTED_AFTER = re.compile(rb"\.[0-9]")


def pack(raws: Sequence[str]) -> tuple[bytes, bytes]:
    """Where each text ends, and the texts themselves, as `unpack` reads them."""
    encoded = [raw.encode() for raw in raws]
    ends = np.cumsum([len(raw) for raw in encoded], dtype="<u8")
    return ends.tobytes(), zstandard.ZstdCompressor(_LEVEL).compress(b"".join(encoded))


def unpack(ends: bytes, raws: bytes) -> list[str]:
    """The texts of a block.

    Raises:
        zstandard.ZstdError: The block is damaged.
    """
    data = zstandard.ZstdDecompressor().decompress(raws)
    places = [0, *np.frombuffer(ends, "<u8").tolist()]
    return [data[start:end].decode() for start, end in pairwise(places)]


def events_with(value: str, ends: bytes, raws: bytes) -> list[int]:
    """Which texts of a block hold a value as a whole: ``10.0.0.1`` is not in ``10.0.0.12`` or ``110.0.0.1``.

    Letters a to z count the same in either case. Where the value holds a backslash or a quote, it is found as JSON
    writes it too.

    Raises:
        zstandard.ZstdError: The block is damaged.
    """
    data = zstandard.ZstdDecompressor().decompress(raws).lower()
    places = np.frombuffer(ends, "<u8")
    wanted = value.encode().lower()
    in_json = wanted.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    found: set[int] = set()
    for form in {wanted, in_json}:
        place = data.find(form)
        while place >= 0:
            event = int(np.searchsorted(places, place, "right"))
            start, end = int(places[event - 1]) if event else 0, int(places[event])
            if place + len(form) <= end and _is_whole(data, place, place + len(form), start, end):
                found.add(event)
                place = data.find(form, end)
            else:
                place = data.find(form, place + 1)
    return sorted(found)


def _is_whole(data: bytes, start: int, end: int, first: int, last: int) -> bool:
    """Whether no word or dotted number goes on beyond either end within the text from ``first`` to ``last``."""
    before, after = data[max(first, start - 2) : start], data[end : min(last, end + 2)]
    is_word_start, is_word_end = _WORD_BYTE.match(data, start), _WORD_BYTE.match(data, end - 1)
    if is_word_start and (_WORD_BYTE.match(before[-1:]) or _DOTTED_BEFORE.search(before)):
        return False
    return not (is_word_end and (_WORD_BYTE.match(after[:1]) or _DOTTED_AFTER.match(after)))
