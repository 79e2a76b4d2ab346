"""The columns of a table of events, and what kind of values each holds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from loglm.events.rendering import leaves, render

if TYPE_CHECKING:
    from loglm.events.event import LogEvent

__all__ = ["MESSAGE", "Column", "ColumnKind", "read_columns"]

ColumnKind = Literal["numeric", "categorical", "text", "identifier", "constant", "sparse"]

ACTION, MESSAGE = "action", "message"
"""Columns of what every event may have beside its own fields."""
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?")
_MOST_CHARS = 512
_MOST_COLUMNS = 256
_FEW = 20
"""Different values, up to which numbers are codes and texts are words to choose from."""
_NEARLY_ALL = 0.9
_SPARSE = 0.01
"""Share of events with a value, below which a column is left out: else events of many rare fields always stand out."""
_WORDS_OF_TEXT = 3
_CHARS_OF_TEXT = 40
_SPREAD_OF_AMOUNTS = 0.5
"""Standard deviation of decimal logarithms, from which on numbers that hardly repeat are amounts, not identifiers."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a value for each event."""

    name: str
    """The source's own name, dotted where nested; ``log source``, ``action``, ``message``, or an entity's kind."""
    kind: ColumnKind
    values: Sequence[str]
    """Cut at 512 characters; empty where an event has none. Untrusted."""

    @property
    def is_used(self) -> bool:
        """Identifiers and constants say nothing about what is usual; where a sparse one is, the action mostly tells."""
        return self.kind not in ("identifier", "constant", "sparse")

    def numbers(self) -> np.ndarray:
        """float64 (n,): values of a numeric column; NaN where there is none."""
        return np.asarray([float(v) if _NUMBER.fullmatch(v) else np.nan for v in self.values], np.float64)


def read_columns(events: Sequence[LogEvent]) -> list[Column]:
    """Columns of events in the order in which they were read, by name; the 256 that most events have.

    Kinds are found from the values alone, but for fields that the masked view never shows (times, process ids, record
    numbers, labels): those are identifiers, as are values that nearly all differ, or that only grow.
    """
    rows = [_values(event) for event in events]
    shown = _shown_names(events)
    counts = Counter(name for row in rows for name in row)
    names = sorted(name for name, _ in counts.most_common(_MOST_COLUMNS))
    columns = []
    for name in names:
        values = [row.get(name, "") for row in rows]
        columns.append(Column(name, _kind(name, values) if name in shown else "identifier", values))
    return columns


def _values(event: LogEvent) -> dict[str, str]:
    names, found = leaves(event.attributes)
    row = {name: _text(value) for name, value in zip(names, found, strict=True)}
    said = set(row.values())
    for name, value in _entities(event):
        if value and value[:_MOST_CHARS] not in said:
            row.setdefault(name, value[:_MOST_CHARS])
    row["log source"] = str(event.log_source)
    row[ACTION] = _text(event.action)
    row[MESSAGE] = _text(event.body)
    return {name: value for name, value in row.items() if value}


def _entities(event: LogEvent) -> Iterable[tuple[str, str | None]]:
    return (
        ("host", event.host),
        ("user", event.user),
        ("source address", event.source_address),
        ("destination address", event.destination_address),
        ("process", event.process),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)[:_MOST_CHARS]


def _shown_names(events: Sequence[LogEvent]) -> set[str]:
    """Names of fields of which the masked view shows a value, and those that are no fields."""
    shown = {"log source", ACTION, MESSAGE, *(name for name, _ in _entities(events[0]))} if events else set()
    for event in events:
        shown.update(line.partition("=")[0] for line in render(event).split("\n")[1:])
    return shown


def _kind(name: str, values: Sequence[str]) -> ColumnKind:
    present = [value for value in values if value]
    counts = Counter(present)
    if len(counts) == 1 and len(present) == len(values):
        return "constant"
    if len(present) < _SPARSE * len(values):
        return "sparse"
    if name in (ACTION, MESSAGE):
        return "text" if name == MESSAGE else "categorical"
    is_number = all(map(_NUMBER.fullmatch, counts))
    hardly_repeats = len(present) >= _FEW and len(counts) > _NEARLY_ALL * len(present)
    if is_number and len(counts) > _FEW:
        return "identifier" if _only_grows(present) or (hardly_repeats and _is_even(counts)) else "numeric"
    if _is_text(counts, len(present)):
        return "text"
    return "identifier" if hardly_repeats else "categorical"


def _only_grows(values: Sequence[str]) -> bool:
    numbers = np.asarray(values, np.float64)
    return len(set(values)) > len(values) / 2 and float((np.diff(numbers) >= 0).mean()) > _NEARLY_ALL


def _is_even(counts: Iterable[str]) -> bool:
    """All of about one size, as process ids and ports are, and amounts are not."""
    sizes = np.log10(1 + np.abs(np.asarray(list(counts), np.float64)))
    return float(sizes.std()) < _SPREAD_OF_AMOUNTS


def _is_text(counts: Counter[str], present: int) -> bool:
    if len(counts) <= _FEW:
        return False
    words = sum(len(value.split()) for value in counts) / len(counts)
    chars = sum(map(len, counts)) / len(counts)
    return words >= _WORDS_OF_TEXT or (chars >= _CHARS_OF_TEXT and len(counts) > present / 2)
