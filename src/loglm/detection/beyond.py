"""The windows of a run against what was usual for their entity until then, and the sentence that says it."""

from __future__ import annotations

from collections.abc import Iterable

from loglm.context.running import RunningScorer
from loglm.context.usual import UsualOfStreams
from loglm.context.windows import Window
from loglm.events.entities import primary_entity
from loglm.events.event import LogEvent
from loglm.findings import BeyondUsual
from loglm.plurals import plural

__all__ = ["WindowContext", "beyond_sentence"]


class WindowContext:
    """Scores the surprise of events in the order read, and windows in the order they close, of one run.

    All that a run reads is one environment. A score depends on what was read before alone, never on how events are
    batched.
    """

    def __init__(self) -> None:
        self._events = RunningScorer()
        self._usual = UsualOfStreams()

    def bits(self, event: LogEvent, text: str) -> float:
        """How surprising the next event is, in bits; ``text``: as rendered in the masked view."""
        return self._events.bits(primary_entity(event), event, text)

    def judge(self, windows: Iterable[Window]) -> list[BeyondUsual | None]:
        """Each window against the earlier ones of its entity and channel, and then one of them; None without enough."""
        return [self._judge(window) for window in windows]

    def _judge(self, window: Window) -> BeyondUsual | None:
        stream, bits = (window.entity_kind, window.entity, window.channel), window.mean_bits
        usual, beyond = self._usual.of(stream), None
        if usual.has_past:
            beyond = BeyondUsual(bits, usual.mean, usual.spread, usual.windows, usual.beyond(bits))
        self._usual.add(stream, bits)
        return beyond


def beyond_sentence(beyond: BeyondUsual, entity_kind: str, *, windows: int) -> str:
    """For people: how unusual a finding of so many windows is for its entity, and what its score is without that."""
    kind = entity_kind.replace("_", " ")
    whose = "Its events are" if windows == 1 else "The events of its strongest window with a past are"
    return (
        f"{whose} {beyond.bits:.1f} bits each on average; usual for this {kind} {beyond.usual_bits:.1f} "
        f"({plural(beyond.earlier_windows, 'earlier window')} of this log); score {beyond.score:.2f}, without that "
        f"{beyond.score_without:.2f}"
    )
