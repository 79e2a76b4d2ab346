"""Why an event is an anomaly, in words for people."""

from __future__ import annotations

from typing import Final

from loglm.anomaly.reporting import UnusualEvent

__all__ = ["anomaly_reasons"]

_LEAST_SHARE: Final = 0.05
_LEAST_BITS: Final = 0.05
_TEXT_CHARS: Final = 160


def anomaly_reasons(event: UnusualEvent) -> tuple[str, ...]:
    """What its bits are of, and what was expected instead or how long after the event before it came."""
    surprise = event.surprise
    bits = ", ".join(f"{name} {value:.1f}" for name, value in surprise._asdict().items() if value >= _LEAST_BITS)
    found = [f"bits: {bits}"]
    if surprise.reason in ("rarity", "order"):
        found += [f"expected {share:.0%}: {_line(text)}" for text, share in event.expected if share >= _LEAST_SHARE]
    if surprise.reason == "timing" and event.gap_s is not None:
        found.append(f"{event.gap_s:,.3g} s after the event before")
    return tuple(found)


def _line(text: str) -> str:
    return text.replace("\n", " ")[:_TEXT_CHARS] or "(a kind not seen here)"
