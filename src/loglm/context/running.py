"""Surprise without a baseline: each event is scored by those that came before it, and then one of them."""

from __future__ import annotations

from typing import Final

from loglm.context.codebook import TemplateCodebook, source_number
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Entity
from loglm.context.steps import Step
from loglm.corpus.templates import text_hash
from loglm.events.event import LogEvent

__all__ = ["RunningScorer"]

_FIRST_LEARNED: Final = 32
_GROWTH: Final = 1.25
_MOST_WAITING: Final = 100_000
"""Events that wait to be learned from at most: about 50 MB."""
_BEFORE: Final = 3
_MOST_TEXTS: Final = 20_000


class RunningScorer:
    """Scores events in the order given; what is usual is learned anew each time they have become a quarter more.

    From 400,000 events on it is learned after each 100,000, so that memory does not grow with them.
    """

    def __init__(self, encoder: ContextEncoder | None = None) -> None:
        """``encoder``: weighs what is expected; None for fixed weights."""
        self._codebook = TemplateCodebook()
        self._environment = Environment(self._codebook.codes)
        self._scorer = ContextScorer(self._environment, encoder)
        self._events = 0
        self._learned_at = _FIRST_LEARNED
        self._waiting: dict[Entity, list[tuple[Step, int]]] = {}
        self._before: dict[Entity, list[int]] = {}
        self._texts: dict[str, tuple[int, int]] = {}
        """Key and code of texts met; emptied when it is full."""

    def bits(self, entity: Entity, event: LogEvent, text: str) -> float:
        """`loglm.context.surprise.Surprise.bits` of the next event; ``text``: as rendered in the masked view."""
        key, code = self._key_and_code(text)
        step = Step(key, code, source_number(event.log_source), event.timestamp, self._events)
        if entity not in self._before:
            known = self._scorer.entities.get(entity)
            self._before[entity] = [] if known is None else known.ring.codes()[-_BEFORE:].tolist()
        scored = self._scorer.add(entity, step)[0]
        self._waiting.setdefault(entity, []).append((step, scored.reading.gap))
        self._events += 1
        if self._events >= self._learned_at:
            self._learn()
        return scored.surprise.bits

    def _key_and_code(self, text: str) -> tuple[int, int]:
        known = self._texts.get(text)
        if known is None:
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            known = self._texts[text] = text_hash(text), int(self._codebook([text])[0])
        return known

    def _learn(self) -> None:
        self._environment.learn(list(self._waiting.values()), [self._before[one] for one in self._waiting])
        self._waiting, self._before = {}, {}
        self._learned_at = min(int(self._events * _GROWTH) + 1, self._events + _MOST_WAITING)
