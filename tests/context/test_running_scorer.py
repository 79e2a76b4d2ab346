"""Surprise without a baseline: of what came before alone, in bounded memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.context import running
from loglm.context.running import RunningScorer
from loglm.context.scorer import Entity
from loglm.events.entities import primary_entity
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"


def _events() -> list[tuple[Entity, LogEvent, str]]:
    path = str(EXAMPLES / "ssh" / "auth.log")
    return [(primary_entity(event), event, render(event)) for event in read_events([path], problems=Problems())]


def test_later_events_change_nothing() -> None:
    events = _events()
    some, every = RunningScorer(), RunningScorer()
    first = [some.bits(*event) for event in events[:300]]
    assert [every.bits(*event) for event in events][:300] == first
    assert min(first) >= 0


def test_what_repeats_becomes_usual() -> None:
    scorer, event = RunningScorer(), _events()[0]
    bits = [scorer.bits(*event) for _ in range(200)]
    assert bits[0] > 10 > 1 > bits[-1]


def test_events_that_wait_to_be_learned_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_MOST_WAITING", 50)
    scorer, waiting = RunningScorer(), 0
    for event in _events():
        scorer.bits(*event)
        waiting = max(waiting, sum(map(len, scorer._waiting.values())))
    assert waiting <= 50
