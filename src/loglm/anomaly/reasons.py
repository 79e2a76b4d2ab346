"""Why an event is an anomaly, in words for people."""

from __future__ import annotations

from typing import Final

from loglm.anomaly.reporting import UnusualEvent
from loglm.context.surprise import REASONS, Surprise

__all__ = ["anomaly_reasons", "parts_in_words", "rounded_parts"]

_LEAST_SHARE: Final = 0.05
_TEXT_CHARS: Final = 160


def anomaly_reasons(event: UnusualEvent) -> tuple[str, ...]:
    """What its bits are of, and what was expected instead or how long after the event before it came."""
    surprise = event.surprise
    found = [f"{surprise.bits:.1f} bits: {parts_in_words(surprise)}"]
    if surprise.reason in ("rarity", "order"):
        found += [f"expected {share:.0%}: {_line(text)}" for text, share in event.expected if share >= _LEAST_SHARE]
    if surprise.reason == "timing" and event.gap_s is not None:
        found.append(f"{event.gap_s:,.3g} s after the event before")
    return tuple(found)


def parts_in_words(surprise: Surprise) -> str:
    """``rarity 13.9, order 0.9``: what counts for the score, to a tenth of a bit, without what is less."""
    return ", ".join(f"{name} {value:.1f}" for name, value in rounded_parts(surprise, 1).items() if value)


def rounded_parts(surprise: Surprise, digits: int) -> dict[str, float]:
    """Of each of `loglm.context.surprise.REASONS` the bits that count for the score, rounded.

    They add up to the score as rounded by itself: where they would not, those that rounding changes most are rounded
    the other way (the largest remainder method).

    >>> rounded_parts(Surprise(0.04, 0.04, 0.04, 6.0), 1)
    {'rarity': 0.1, 'order': 0.0, 'content': 0.0, 'timing': 0.0}
    """
    unit = 10**digits
    exact = [bits * unit for bits in surprise.counted]
    units = [int(bits) for bits in exact]
    missing = round(round(surprise.bits, digits) * unit) - sum(units)
    by_remainder = sorted(range(len(exact)), key=lambda place: units[place] - exact[place])
    for place in by_remainder[:missing]:
        units[place] += 1
    return {name: number / unit for name, number in zip(REASONS, units, strict=True)}


def _line(text: str) -> str:
    return text.replace("\n", " ")[:_TEXT_CHARS] or "(a kind not seen here)"
