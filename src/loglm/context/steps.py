"""An event as the second level sees it: a code, a key, a time; a few numbers instead of text."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LEVELS", "MOST_GAP_S", "NO_GAP", "Step", "gap_level", "rarity_level"]

MOST_GAP_S = 7 * 86_400.0
"""Longest time that a window looks back, in seconds; longer silences are not told apart."""
NO_GAP = 0
"""Level of a gap that is not known: no time, a late event, an entity's first event, a clock that jumped."""
LEVELS = 32
"""Levels of gaps and of rarities: 0 to 31."""
_FINEST_S = 0.001
_RAREST = 15


class Step(NamedTuple):
    """What is known of one event of one entity."""

    key: int
    """Stands for the masked text: its hash, 64 bits without sign."""
    code: int
    """Nearest code of the codebook, from 0."""
    source: int
    """Number of the log source, 0 to 63, by its hash."""
    time: float | None
    """POSIX seconds, UTC."""
    number: int
    """Of the event in its input; says which event a score is of."""


def gap_level(seconds: float | None) -> int:
    """The level of a time gap: 0 where it is not known, 1 below a millisecond, then one more each time it doubles.

    >>> [gap_level(s) for s in (None, 0.0, 1.0, 60.0, 86_400.0, 1e9)]
    [0, 1, 10, 16, 27, 30]
    """
    if seconds is None:
        return NO_GAP
    bounded = min(max(seconds, 0.0), MOST_GAP_S)
    return 1 + int(bounded / _FINEST_S + 1.0).bit_length() - 1


def rarity_level(count: int, total: int) -> int:
    """The level of how rare something is: 0 never seen, 1 half of all events or more, one more each time it halves.

    >>> [rarity_level(c, 1024) for c in (0, 1024, 512, 1)]
    [0, 1, 2, 11]
    """
    if count <= 0:
        return 0
    return min(_RAREST, ((total + 1) // count).bit_length())
