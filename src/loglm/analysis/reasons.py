"""Why an event is unlike the others: the values of its columns that few others have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.analysis.columns import Column
from loglm.corpus.templates import template_of

__all__ = ["RareValues", "Reason"]

_RARE = 0.05
_MOST = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """A value that few events have."""

    column: str
    value: str
    """Untrusted; empty where most events have a value and this one has none."""
    share: float
    """Of events with this value, in 0..1. Of an amount: of events with as much or more, or as little or less,
    whichever are fewer. Of free text: of events with the same first words."""


class RareValues:
    """Knows the shares of the values of all columns in use."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._shares = [(column, _shares(column)) for column in columns if column.is_used]

    def of(self, row: int) -> list[Reason]:
        """The rarest values of an event, at most three, rarest first; none where no value is in under 5 %."""
        found = [Reason(column.name, column.values[row], float(shares[row])) for column, shares in self._shares]
        rare = [reason for reason in found if reason.share < _RARE]
        return sorted(rare, key=lambda reason: reason.share)[:_MOST]


def _shares(column: Column) -> np.ndarray:
    """float64 (n,)"""
    if column.kind == "numeric":
        return _tail_shares(column.numbers())
    values = [template_of(f"\n{value}") for value in column.values] if column.kind == "text" else column.values
    counts = Counter(values)
    return np.asarray([counts[value] for value in values], np.float64) / len(values)


def _tail_shares(numbers: np.ndarray) -> np.ndarray:
    known = np.sort(numbers[~np.isnan(numbers)])
    as_little = np.searchsorted(known, numbers, "right")
    as_much = len(known) - np.searchsorted(known, numbers, "left")
    shares: np.ndarray = np.where(np.isnan(numbers), 1.0, np.minimum(as_little, as_much) / len(known))
    return shares
