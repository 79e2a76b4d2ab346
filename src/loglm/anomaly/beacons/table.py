"""ConnectionTable: connections of a stream in columns, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from loglm.anomaly.beacons.connections import Connection
from loglm.events.event import LogEvent

__all__ = ["MOST_PER_PAIR", "MOST_ROWS", "ROW", "ConnectionTable", "Sample"]

MOST_ROWS: Final = 2_000_000
"""Connections that are held at most: 64 bytes each, 128 MB."""
MOST_PER_PAIR: Final = 8_192
"""Connections of one source, destination and port that are kept where there are too many, the latest: 512 KiB."""
_FEWEST_PER_PAIR: Final = 64
_SMALL: Final = 4
"""Connections of a pair below which it cannot be a finding yet."""
_BUFFERED: Final = 65_536
_UID_BITS: Final = (1 << 64) - 1
_RAW_CHARS: Final = 1_024
_SAMPLES: Final = 8
_MOST_SAMPLE_CHARS: Final = 64 << 20

ROW: Final = np.dtype(
    [
        ("time", "f8"),
        ("uid", "u8"),
        ("record", "u8"),
        ("source", "u4"),
        ("destination", "u4"),
        ("name", "u4"),
        ("client", "u4"),
        ("path", "u4"),
        ("bytes_out", "f4"),
        ("bytes_in", "f4"),
        ("duration_s", "f4"),
        ("port", "u2"),
        ("kind", "u1"),
    ],
    align=True,
)
"""One connection; texts are numbers of `ConnectionTable.texts`, 0 for none; unknown measures are NaN."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A connection whose record is kept as evidence."""

    uid: int
    name: int
    event: LogEvent
    """Without attributes other than those to show; ``raw`` is cut at 1,024 characters."""


class ConnectionTable:
    """Takes connections in any order and gives them as columns.

    Where `MOST_ROWS` is passed, pairs are cut to their latest `MOST_PER_PAIR`, then to half of that, and so on to 64;
    then pairs of fewer than four connections go, longest silent first. `forgotten` says how many connections went.
    Of each pair the records of its 4th, 8th, 16th, ... connection are kept as samples, at most eight.
    """

    def __init__(self, *, most_rows: int = MOST_ROWS) -> None:
        self.most_rows = most_rows
        self.forgotten = 0
        self.texts: list[str] = [""]
        self._numbers: dict[str, int] = {"": 0}
        self._buffer: list[tuple[float | int, ...]] = []
        self._rows = np.empty(0, dtype=ROW)
        self._chunks: list[np.ndarray] = []
        self._held = 0
        self._seen: dict[tuple[int, int, int, int], int] = {}
        self.samples: dict[tuple[int, int, int, int], list[Sample]] = {}
        self._sample_chars = 0

    def __len__(self) -> int:
        return self._held + len(self._buffer)

    def number(self, text: str) -> int:
        """The number of a text; a new one for a new text."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = len(self.texts)
            self.texts.append(text)
        return found

    def add(self, connection: Connection, event: LogEvent | None = None) -> None:
        """Take one connection, and the event to keep as a sample of its pair now and then."""
        time, source, destination, port, kind, name, client, uid, out, into, duration = connection
        number = self.number
        key = (number(source), number(destination or name), port, kind)
        path, record = (number(event.location.path), event.location.record or 0) if event else (0, 0)
        hashed = hash(uid) & _UID_BITS if uid else 0
        named = number(name)
        ids = (hashed, record, key[0], number(destination), named, number(client), path)
        self._buffer.append((time, *ids, out, into, duration, port, kind))
        seen = self._seen[key] = self._seen.get(key, 0) + 1
        if event is not None and seen >= _SMALL and seen & (seen - 1) == 0:
            self._keep(key, Sample(hashed, named, event))
        if len(self._buffer) >= _BUFFERED:
            self._flush()

    def extend(self, rows: np.ndarray) -> None:
        """Take rows of `ROW` whose texts are numbers of this table."""
        self._flush()
        self._chunks.append(rows)
        self._held += len(rows)

    def rows(self) -> np.ndarray:
        """All connections held, `ROW` of shape (n,), in the order in which they came."""
        self._flush()
        if self._chunks:
            self._rows = np.concatenate((self._rows, *self._chunks))
            self._chunks = []
        return self._rows

    def _keep(self, key: tuple[int, int, int, int], sample: Sample) -> None:
        kept = self.samples.setdefault(key, [])
        raw = sample.event.raw[:_RAW_CHARS]
        if len(kept) >= _SAMPLES or self._sample_chars + len(raw) > _MOST_SAMPLE_CHARS:
            return
        self._sample_chars += len(raw)
        attributes = sample.event.attributes if len(sample.event.raw) <= _RAW_CHARS else {}
        kept.append(replace(sample, event=replace(sample.event, raw=raw, attributes=attributes, body=None)))

    def _flush(self) -> None:
        if self._buffer:
            self._chunks.append(np.array(self._buffer, dtype=ROW))
            self._held += len(self._buffer)
            self._buffer = []
        if self._held > self.most_rows:
            self._shrink()

    def _shrink(self) -> None:
        rows = np.concatenate((self._rows, *self._chunks))
        before, self._chunks = len(rows), []
        most = MOST_PER_PAIR
        target = self.most_rows * 3 // 4
        while len(rows) > target and most >= _FEWEST_PER_PAIR:
            rows = _latest(rows, most)
            most //= 2
        if len(rows) > target:
            rows = _without_small(rows, len(rows) - target)
        self._rows = rows[-target:] if len(rows) > target else rows
        self._held = len(self._rows)
        self.forgotten += before - self._held
        self._renumber()

    def _renumber(self) -> None:
        """Forget texts, counts and samples of what is no longer held."""
        fields = ("source", "destination", "name", "client", "path")
        used = np.unique(np.concatenate([self._rows[field] for field in fields]))
        used = used[used > 0]
        new = np.zeros(len(self.texts), dtype=np.uint32)
        new[used] = np.arange(1, len(used) + 1)
        self.texts = ["", *(self.texts[old] for old in used.tolist())]
        self._numbers = {text: number for number, text in enumerate(self.texts)}
        for field in fields:
            self._rows[field] = new[self._rows[field]]
        self._seen = {moved: n for key, n in self._seen.items() if (moved := _moved(key, new))}
        kept = {moved: s for key, s in self.samples.items() if (moved := _moved(key, new))}
        self.samples = {key: [Sample(s.uid, int(new[s.name]), s.event) for s in own] for key, own in kept.items()}
        self._sample_chars = sum(len(s.event.raw) for own in self.samples.values() for s in own)


def _moved(key: tuple[int, int, int, int], new: np.ndarray) -> tuple[int, int, int, int] | None:
    source, destination = int(new[key[0]]), int(new[key[1]])
    return (source, destination, key[2], key[3]) if source and destination else None


def _pairs(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Order by pair and time; for each in that order the number of its pair; size of each pair."""
    target = np.where(rows["destination"] > 0, rows["destination"], rows["name"])
    order = np.lexsort((rows["time"], rows["kind"], rows["port"], target, rows["source"]))
    keys = (rows["source"][order], target[order], rows["port"][order], rows["kind"][order])
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    pair = np.cumsum(is_new) - 1
    return order, pair, np.bincount(pair)


def _latest(rows: np.ndarray, most: int) -> np.ndarray:
    order, pair, sizes = _pairs(rows)
    ends = np.cumsum(sizes)
    left = ends[pair] - np.arange(len(rows))
    result: np.ndarray = rows[np.sort(order[left <= most])]
    return result


def _without_small(rows: np.ndarray, surplus: int) -> np.ndarray:
    """Without the pairs of too few connections for a finding that were silent longest."""
    order, pair, sizes = _pairs(rows)
    last = rows["time"][order][np.cumsum(sizes) - 1]
    small = np.flatnonzero(sizes < _SMALL)
    oldest = small[np.argsort(last[small], kind="stable")]
    gone = oldest[: int(np.searchsorted(np.cumsum(sizes[oldest]), surplus)) + 1]
    drop = np.zeros(len(sizes), dtype=bool)
    drop[gone] = True
    result: np.ndarray = rows[np.sort(order[~drop[pair]])]
    return result
