"""Events of a stream as they come, such as standard input behind ``tail -F``: pauses are told, and an end asked for."""

from __future__ import annotations

import io
import math
import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from loglm.events.decompression import Budget
from loglm.events.event import LogEvent
from loglm.events.opening import STDIN_NAME
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.source import HEAD_BYTES
from loglm.events.unpacking import expand

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["read_live"]

_NEWLINE = 0x0A
_LOOK_EVERY_S = 0.2
_TO_LINE_END_S = 0.5
_HEAD_S = 1.0
"""So long after the first byte the format is told from what has come, also where more is coming."""

OnPause = Callable[[float], bool]
"""Told for how many seconds nothing has come, 0 before bytes are asked for; returns whether to end the reading."""


def read_live(problems: Problems, on_pause: OnPause) -> Iterator[LogEvent]:
    """Yield the events of standard input as they come.

    Like `loglm.events.reading.read_events` of ``-``, but the format is told from what there is a second after the first
    byte, where that waits for 64 KiB or the end. An event that may go on over several lines is given when the
    next one begins. Where an end is asked for, what was read already is given, to the end of its line.

    Args:
        problems: Takes what could not be read.
        on_pause: Called between two events: before more is read, and about five times a second while nothing comes.
    """
    budget = Budget()
    stream = _buffered(_LiveBytes(sys.stdin.buffer, on_pause, budget))
    for source in expand(STDIN_NAME, stream, budget, problems):
        yield from read_source(source, problems)


def _buffered(raw: io.RawIOBase) -> io.BufferedReader:
    return io.BufferedReader(raw, HEAD_BYTES)


class _LiveBytes(io.RawIOBase):
    """Bytes as they come; the first request collects those of a second."""

    def __init__(self, stream: Any, on_pause: OnPause, budget: Budget) -> None:
        super().__init__()
        self._stream = stream
        self._file = _file_number(stream)
        self._on_pause = on_pause
        self._budget = budget
        self._is_first = True
        self._is_in_line = False
        self._ended_at: float | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, target: WriteableBuffer, /) -> int:
        view = memoryview(target).cast("B")
        filled, until = 0, math.inf
        if self._is_ended():
            return 0
        while filled < len(view) and self._waits(until):
            data = self._read(len(view) - filled)
            view[filled : filled + len(data)] = data
            until = until if filled else time.monotonic() + _HEAD_S
            filled += len(data)
            if not data or not self._is_first or time.monotonic() >= until or self._on_pause(0.0):
                break
        self._is_first = False
        self._is_in_line = filled > 0 and view[filled - 1] != _NEWLINE
        self._budget.read_bytes += filled
        return filled

    def _is_ended(self) -> bool:
        """Whether an end was asked for, and no line is cut by it, or its rest does not come."""
        if not self._on_pause(0.0):
            return False
        now = time.monotonic()
        self._ended_at = now if self._ended_at is None else self._ended_at
        return not self._is_in_line or now - self._ended_at > _TO_LINE_END_S

    def _read(self, size_bytes: int) -> bytes:
        if self._file is None:
            data: bytes = self._stream.read1(size_bytes)
            return data
        return os.read(self._file, size_bytes)

    def _waits(self, until: float) -> bool:
        """Wait for bytes, or the end; False where an end is asked for, or none have come until then."""
        if self._file is None:
            return True
        began = time.monotonic()
        while not select.select([self._file], [], [], _LOOK_EVERY_S)[0]:
            seconds = time.monotonic() - began
            is_ended = self._on_pause(seconds) and (not self._is_in_line or seconds > _TO_LINE_END_S)
            if is_ended or time.monotonic() >= until:
                return False
        return True


def _file_number(stream: Any) -> int | None:
    """Of a stream whose bytes can be waited for; None where there is none to wait for."""
    if sys.platform == "win32":  # where pipes cannot be waited for
        return None
    try:
        return int(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None
