"""ContextScorer: events of many entities in, the surprise of each out; the same in one go, in a stream, and resumed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from loglm.context.encoder import ContextEncoder, Outlook, Reading
from loglm.context.entity import Entity, EntityContext
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS, expectations, expectations_of
from loglm.context.memory import IN_MEMORY, MOST_ENTITIES, EntityMemory
from loglm.context.ordering import EntityOrder, Placed
from loglm.context.ring import EntityRing
from loglm.context.steps import MOST_GAP_S, NO_GAP, Step, gap_level, rarity_level
from loglm.context.surprise import NEW_TEXT_BITS, Expected, Surprise, share_bits, tail_bits

__all__ = ["ContextScorer", "Entity", "EntityContext", "Scored", "ScorerOptions", "Weights"]

_EXPECTED = 3
_FREQUENCY = EXPERTS.index("frequency")


@dataclass(frozen=True, slots=True)
class Weights:
    """How much is believed where no encoder says it for each event; fitted to a baseline."""

    experts: tuple[float, ...] = (0.2, 0.0, 0.0, 0.68, 0.11, 0.01)
    """Of `loglm.context.experts.EXPERTS`."""
    gaps: tuple[float, float] = (0.0, 1.0)
    """Of the encoder's and the environment's expectation of the gap."""


@dataclass(frozen=True, slots=True)
class ScorerOptions:
    """How events are taken in."""

    lateness_s: float = 0.0
    """How late events may come by their entity's clock and still be put in order."""
    most_entities: int = MOST_ENTITIES
    """Entities that are remembered at most."""
    in_memory: int = IN_MEMORY
    """Of these, held in memory at most; the others lie in a temporary file."""
    explain_from: float = float("inf")
    """From so many bits on it is said what was expected instead."""


class Scored(NamedTuple):
    """An event with its surprise."""

    entity: Entity
    step: Step
    gap_s: float | None
    """Seconds since the entity's event before it."""
    surprise: Surprise
    surprisal: float
    """-log2 of the probability of its code, in bits: what the mean of is least for the best model."""
    reading: Reading
    """The event as the encoder reads it."""
    given: tuple[float, ...]
    """What each expert gave its code; then what encoder and environment gave its gap. For fitting weights."""
    expected: tuple[Expected, ...] = ()
    """The likeliest codes in its place, best first."""


class ContextScorer:
    """Scores events by what is usual in their environment and for their entity.

    What is usual for an entity are its last 256 events, none more than seven days older than the one that is scored.
    The environment does not change while events are scored, and nothing is shared between entities, so entities can be
    scored on several machines. Of more entities than ``in_memory`` those not heard of for longest lie in a temporary
    file, which changes no score. Where there are more than ``most_entities`` (or the file is larger than 4 kB for each
    of these, or the disk is full), the one not heard of for longest is forgotten; whatever was held back of it is
    scored first. An entity that was silent for seven days begins anew in any case, so that forgetting it
    (``evicted_idle``) changes no score; forgetting one that was not (``evicted_active``) makes its next events look
    new.
    """

    def __init__(
        self,
        environment: Environment,
        encoder: ContextEncoder | None = None,
        *,
        weights: Weights | None = None,
        options: ScorerOptions | None = None,
    ) -> None:
        self.environment = environment
        self.encoder = encoder
        self.weights = weights or Weights()
        self.options = options or ScorerOptions()
        self.counts: Counter[str] = Counter()
        """Oddities: ``late``, ``without_time``, ``clock_jumps``, ``released_early``, ``evicted_idle``,
        ``evicted_active``; and ``scored``."""
        self.entities = EntityMemory(
            most=self.options.most_entities, in_memory=self.options.in_memory, lateness_s=self.options.lateness_s
        )

    def add(self, entity: Entity, step: Step) -> list[Scored]:
        """Take an event; returns those whose turn has come, with their scores."""
        context = self.entities.recall(entity)
        if context is None:
            context = self.entities[entity] = EntityContext(EntityOrder(self.options.lateness_s))
        scored = self._score_all(entity, context, context.order.add(step, self.counts))
        return scored + self.evict(context.order.newest)

    def release(self, now: float) -> list[Scored]:
        """Score what is held of entities that are silent since: all that is older than ``now`` minus the lateness."""
        due = now - self.options.lateness_s
        return [
            scored
            for entity, context in self.entities.holding(due)
            for scored in self._score_all(entity, context, context.order.release(due))
        ]

    def flush(self) -> list[Scored]:
        """Score all that is held back."""
        return [
            scored
            for entity, context in self.entities.holding()
            for scored in self._score_all(entity, context, context.order.flush())
        ]

    def evict(self, now: float | None) -> list[Scored]:
        """Keep the bounds on entities, and score what is held of those that are forgotten.

        ``now``: the time of the last event; where it or the entity's last time is not known, none counts as idle.
        """
        scored: list[Scored] = []
        for entity, context in self.entities.make_room():
            newest = context.order.newest
            is_idle = newest is not None and now is not None and newest < now - MOST_GAP_S
            scored += self._score_all(entity, context, context.order.flush())
            self.counts["evicted_idle" if is_idle else "evicted_active"] += 1
        return scored

    def _score_all(self, entity: Entity, context: EntityContext, placed: Iterable[Placed]) -> list[Scored]:
        return [self._score(entity, context, step, gap) for step, gap in placed]

    def _score(self, entity: Entity, context: EntityContext, step: Step, gap_s: float | None) -> Scored:
        if gap_s is not None and gap_s > MOST_GAP_S:
            context.forget()
            gap_s = None
        code, level = step.code, gap_level(gap_s)
        held = context.ring.codes(since=None if step.time is None else step.time - MOST_GAP_S)
        outlook = self._outlook(context)
        given = expectations_of(self.environment, held, code)
        gaps = self._gaps(code, outlook)
        surprisal = share_bits(float(self._weights(outlook) @ given))
        common = share_bits(float(given[_FREQUENCY]))
        surprise = Surprise(
            rarity=min(common, surprisal),
            order=max(0.0, surprisal - common),
            content=self._content_bits(step),
            timing=0.0 if level == NO_GAP else tail_bits(gaps[-1], level),
        )
        expected = self._expected(held, outlook) if surprise.bits >= self.options.explain_from else ()
        reading = self._reading(context.ring, held, step, level)
        if outlook is not None:
            context.hidden, context.reading, context.given = outlook.hidden, reading, given.astype(np.float32)
        context.ring.add(code, step.key, step.time)
        self.counts["scored"] += 1
        return Scored(
            entity,
            step,
            gap_s,
            surprise,
            surprisal,
            reading,
            (*map(float, given), *(float(row[level]) for row in gaps[:-1])),
            expected,
        )

    def _outlook(self, context: EntityContext) -> Outlook | None:
        if self.encoder is None:
            return None
        if context.reading is None or context.given is None or context.hidden is None:
            reading, given = self.encoder.beginning()
            return self.encoder.advance(self.encoder.start(), reading, given)
        return self.encoder.advance(context.hidden, context.reading, context.given)

    def _weights(self, outlook: Outlook | None) -> np.ndarray:
        """Of the experts, float64 (experts,)."""
        return np.asarray(self.weights.experts) if outlook is None else outlook.weights

    def _gaps(self, code: int, outlook: Outlook | None) -> tuple[np.ndarray, ...]:
        """What encoder and environment expect of the gap, and both together, float64 (LEVELS,) each."""
        usual = self.environment.gap_probabilities(code)
        if outlook is None:
            return np.zeros_like(usual), usual, usual
        seen = outlook.gaps.copy()
        seen[NO_GAP] = 0.0
        seen /= seen.sum()
        first, second = self.weights.gaps
        return seen, usual, first * seen + second * usual

    def _content_bits(self, step: Step) -> float:
        texts = self.environment.texts
        count = texts.count(step.key)
        if count:
            return share_bits(texts.tail_share(step.code, count))
        return NEW_TEXT_BITS + share_bits(texts.new_share(step.code))

    def _reading(self, ring: EntityRing, held: np.ndarray, step: Step, level: int) -> Reading:
        texts = self.environment.texts
        rarity = rarity_level(texts.count(step.key), texts.events)
        own_rarity = 0
        if ring.has_seen(step.key):
            own_rarity = rarity_level(int(np.count_nonzero(held == step.code)), len(held))
        return Reading(level, rarity, own_rarity, step.source)

    def _expected(self, held: np.ndarray, outlook: Outlook | None) -> tuple[Expected, ...]:
        """The likeliest codes to come next; all codes are looked at, which takes three times what scoring one does."""
        codes = self._weights(outlook) @ expectations(self.environment, held)
        best = np.argsort(-codes, kind="stable")[:_EXPECTED]
        return tuple(Expected(int(code), float(codes[code])) for code in best)
