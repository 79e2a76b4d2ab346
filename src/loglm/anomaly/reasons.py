"""Why an event is an anomaly, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from loglm.context.scorer import Scored

__all__ = ["anomaly_reasons"]

_LEAST_SHARE: Final = 0.05
_LEAST_BITS: Final = 0.05
_TEXT_CHARS: Final = 160


def anomaly_reasons(scored: Scored, typical: Mapping[int, str]) -> tuple[str, ...]:
    """What its bits are of, and what was expected instead or how long after the event before it came.

    Args:
        scored: The event.
        typical: Code -> the most frequent masked text of its kind. Untrusted.
    """
    surprise = scored.surprise
    bits = ", ".join(f"{name} {value:.1f}" for name, value in surprise._asdict().items() if value >= _LEAST_BITS)
    found = [f"bits: {bits}"]
    if surprise.reason in ("rarity", "order"):
        likely = [one for one in scored.expected if one.probability >= _LEAST_SHARE]
        found += [f"expected {one.probability:.0%}: {_line(typical.get(one.code, ''))}" for one in likely]
    if surprise.reason == "timing" and scored.gap_s is not None:
        found.append(f"{scored.gap_s:,.3g} s after the event before")
    return tuple(found)


def _line(text: str) -> str:
    return text.replace("\n", " ")[:_TEXT_CHARS] or "(a kind not seen here)"
