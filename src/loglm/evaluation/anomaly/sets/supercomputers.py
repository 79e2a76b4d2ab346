"""Blue Gene/L and Thunderbird (Oliner and Stearley 2007): single lines, or windows of lines that follow each other.

The first column of a line is its label (``-`` or the kind of alert) and is left out, like level, times and nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from loglm.evaluation.anomaly.labelled_sequences import (
    LabelledSequences,
    RawSequence,
    build_set,
    parts_in_order,
)
from loglm.evaluation.anomaly.sets.files import need_file
from loglm.evaluation.plain_files import read_text

__all__ = ["WINDOW_LINES", "bgl_lines", "read_bgl_lines", "read_bgl_windows", "read_thunderbird_windows"]

WINDOW_LINES = 20
_BGL = ("BGL_5000.log", "BGL_2k.log")
_BGL_COMPONENT, _BGL_MESSAGE = 7, 9
"""Columns: label, time, date, node, time, node, type, component, level, message."""
_THUNDERBIRD_MESSAGE = 8
"""Columns: label, time, date, node, month, day, time, location, message."""


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """One line."""

    is_anomaly: bool
    time: float
    text: str


def read_bgl_lines(data: Path) -> LabelledSequences:
    """Each line of BGL is a sequence of one event."""
    raw = [RawSequence(line.is_anomaly, "", [line.text], [line.time]) for line in bgl_lines(data)]
    return build_set("bgl", raw, parts_in_order(len(raw)))


def read_bgl_windows(data: Path) -> LabelledSequences:
    """Windows of BGL."""
    return _windows("bgl-windows", bgl_lines(data))


def read_thunderbird_windows(data: Path) -> LabelledSequences:
    """Windows of Thunderbird."""
    lines = _lines(data, "Thunderbird_19k.log", _THUNDERBIRD_MESSAGE, lambda columns: columns[_THUNDERBIRD_MESSAGE])
    return _windows("thunderbird", sorted(lines, key=lambda line: line.time))


def bgl_lines(data: Path) -> list[LabelledLine]:
    """Lines of BGL in the order of time: component and message.

    Raises:
        EmptyInputError: A file is absent.
    """
    found = [line for name in _BGL for line in _lines(data, name, _BGL_MESSAGE, _component_and_message)]
    return sorted(found, key=lambda line: line.time)


def _component_and_message(columns: list[str]) -> str:
    return f"{columns[_BGL_COMPONENT]} {columns[_BGL_MESSAGE]}"


def _lines(data: Path, name: str, last: int, text: Callable[[list[str]], str]) -> Iterator[LabelledLine]:
    for line in read_text(need_file(data, name)).splitlines():
        columns = line.split(maxsplit=last)
        if len(columns) == last + 1 and columns[1].isdecimal():
            yield LabelledLine(columns[0] != "-", float(columns[1]), text(columns))


def _windows(name: str, lines: list[LabelledLine]) -> LabelledSequences:
    raw = []
    for start in range(0, len(lines) - WINDOW_LINES + 1, WINDOW_LINES):
        own = lines[start : start + WINDOW_LINES]
        raw.append(RawSequence(any(line.is_anomaly for line in own), "", [x.text for x in own], [x.time for x in own]))
    return build_set(name, raw, parts_in_order(len(raw)))
