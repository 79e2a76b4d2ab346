"""An unusual event as evidence: its record, with what is new in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from loglm.anomaly.reporting import Shown
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.rendering import leaves, render
from loglm.findings import Evidence

__all__ = ["CHANGED", "changed", "show"]

CHANGED = "changed since it was read"
"""In place of an event that is no longer where it was: its file was rotated, cut or written anew."""
_RAW_CHARS = 4_096
_FIELDS = 16
_NAME_CHARS, _VALUE_CHARS = 128, 512
_HIGHLIGHTS = 4
_MARKUP = ("{", "[", "<")
_WORD = re.compile(r"[^\s=,;\"'()\[\]{}<>]{3,64}")


def show(event: LogEvent, usual: str) -> Shown:
    """The event as evidence.

    Args:
        event: The event.
        usual: The masked text that stands for its kind; words that it does not have are highlighted.
    """
    news = _news(render(event), usual)
    is_line = not event.raw.lstrip().startswith(_MARKUP) and "\n" not in event.raw
    evidence = Evidence(
        location=event.location,
        timestamp=event.timestamp,
        raw=event.raw[:_RAW_CHARS],
        weight=0.0,
        highlights=news,
        action=event.action,
        fields=() if is_line else _fields(event, news),
    )
    return Shown(evidence, event.log_source.label)


def changed(path: str, time: float | None) -> Shown:
    """In place of an event that is no longer there."""
    return Shown(Evidence(SourceLocation(path), time, CHANGED, 0.0), "")


def _news(text: str, typical: str) -> tuple[str, ...]:
    """Words of values that the most frequent text of the same kind does not have, longest first."""
    usual = set(_words(typical))
    return tuple(sorted({word for word in _words(text) if word not in usual}, key=lambda word: (-len(word), word)))[
        :_HIGHLIGHTS
    ]


def _words(text: str) -> Iterable[str]:
    for line in text.split("\n")[1:]:
        yield from _WORD.findall(line.partition("=")[2] or line)


def _fields(event: LogEvent, news: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Fields that hold something new come first."""
    names, values = leaves(event.attributes)
    pairs = [(name[:_NAME_CHARS], str(value)[:_VALUE_CHARS]) for name, value in zip(names, values, strict=True)]
    pairs = [(name, value) for name, value in pairs if value not in ("", "-", "None")]
    lowered = [word.lower() for word in news]
    pairs.sort(key=lambda pair: not any(word in pair[1].lower() for word in lowered))
    return tuple(pairs[:_FIELDS])
