"""The raw texts of events, compressed some hundred at a time, and exact values found in them.

Log lines resemble their neighbours: a block takes a tenth of its lines. It is searched whole, which needs no index of
words and finds a value also inside a path or a command line.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, pairwise

import numpy as np
import zstandard

__all__ = ["EVENTS_IN_BLOCK", "events_with", "pack", "unpack"]

EVENTS_IN_BLOCK = 256
_LEVEL = 3
_BETWEEN = b"\n"
_WORD = bytes(chr(byte).isalnum() or byte == ord("_") or byte >= 0x80 for byte in range(256))
"""For each byte 1 where a word goes on with it, else 0; all bytes of UTF-8 beyond ASCII count as letters."""


def pack(raws: Sequence[str]) -> tuple[bytes, bytes]:
    """Where each text ends, and the texts themselves, as `unpack` reads them."""
    encoded = [raw.encode() for raw in raws]
    ends = np.fromiter(accumulate(len(raw) + 1 for raw in encoded), "<u8") - 1
    return ends.tobytes(), zstandard.ZstdCompressor(_LEVEL).compress(_BETWEEN.join(encoded))


def unpack(ends: bytes, raws: bytes) -> list[str]:
    """The texts of a block.

    Raises:
        zstandard.ZstdError: The block is damaged.
    """
    data = zstandard.ZstdDecompressor().decompress(raws)
    return [data[start + 1 : end].decode() for start, end in pairwise([-1, *_places(ends)])]


def events_with(value: str, ends: bytes, raws: bytes) -> list[int]:
    """Which texts of a block hold a value as a whole: ``10.0.0.1`` is not in ``10.0.0.12`` or ``110.0.0.1``.

    Letters a to z count the same in either case. Where the value holds a backslash or a quote, it is found as JSON
    writes it too.

    Raises:
        zstandard.ZstdError: The block is damaged.
    """
    data = zstandard.ZstdDecompressor().decompress(raws).lower()
    places = _places(ends)
    wanted = value.encode().lower()
    in_json = wanted.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    found: set[int] = set()
    for form in {wanted, in_json}:
        place = data.find(form)
        while place >= 0:
            end = place + len(form)
            if _goes_on_before(data, place) or _goes_on_after(data, end):
                place = data.find(form, place + 1)
                continue
            event = bisect_left(places, end)
            found.add(event)
            place = data.find(form, places[event])
    return sorted(found)


def _places(ends: bytes) -> list[int]:
    places: list[int] = np.frombuffer(ends, "<u8").tolist()
    return places


def _goes_on_before(data: bytes, start: int) -> bool:
    """Whether a word or dotted number that begins earlier goes on at ``start``."""
    if start == 0 or not _WORD[data[start]]:
        return False
    before = data[start - 1]
    return bool(_WORD[before]) or (before == ord(".") and data[start - 2 : start - 1].isdigit())


def _goes_on_after(data: bytes, end: int) -> bool:
    """Whether the word or dotted number before ``end`` goes on there."""
    if end == len(data) or not _WORD[data[end - 1]]:
        return False
    after = data[end]
    return bool(_WORD[after]) or (after == ord(".") and data[end + 1 : end + 2].isdigit())
