"""A small environment, and events scored in it."""

from __future__ import annotations

from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Entity, Scored
from loglm.context.steps import Step, gap_level

CODES = 8
LATENESS_S = 30.0
Events = list[tuple[Entity, Step]]


def environment() -> Environment:
    """Entities that do 0, 1, 2 in turn, ten seconds apart, with a text of each code."""
    found = Environment(CODES)
    found.learn([[(Step(n % 3, n % 3, 0, 10.0 * n, n), gap_level(10.0 if n else None)) for n in range(60)]] * 3)
    return found


def scores(found: list[Scored]) -> dict[int, tuple[float, ...]]:
    """By number of the event."""
    return {scored.step.number: (*scored.surprise, scored.surprisal) for scored in found}


def fed(scorer: ContextScorer, events: Events) -> list[Scored]:
    """What comes out at once."""
    return [scored for entity, step in events for scored in scorer.add(entity, step)]
