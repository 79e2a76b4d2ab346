"""Scores do not depend on how events arrive: in one go, late, or with a restart between them."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_streams import CODES, LATENESS_S, Events, environment, fed, scores
from loglm.context.environment import Environment
from loglm.context.ordering import MOST_HELD, EntityOrder
from loglm.context.scorer import ContextScorer, ScorerOptions
from loglm.context.state import load_scorer, merge_entities, save_scorer
from loglm.context.steps import Step
from loglm.errors import ModelError

EVENTS = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, CODES - 1), st.integers(0, 400), st.integers(0, 2)),
    min_size=1,
    max_size=60,
)


def as_events(rows: list[tuple[str, int, int, int]]) -> Events:
    ordered = sorted(rows, key=lambda row: row[2])
    return [
        (("host", name), Step(code + 10 * text, code, 1, float(time), n))
        for n, (name, code, time, text) in enumerate(ordered)
    ]


@given(EVENTS, st.integers(0, 2**16))
def test_late_events_give_the_scores_of_ordered_ones(rows: list[tuple[str, int, int, int]], seed: int) -> None:
    events = as_events(rows)
    rng = random.Random(seed)
    arriving = sorted(events, key=lambda event: (event[1].time or 0) + rng.uniform(0, LATENESS_S))
    whole, late = (ContextScorer(environment(), options=ScorerOptions(lateness_s=LATENESS_S)) for _ in range(2))
    expected = scores(fed(whole, events) + whole.flush())
    assert scores(fed(late, arriving) + late.flush()) == expected
    assert late.counts["late"] == 0
    assert len(expected) == len(events)


@settings(max_examples=15)
@given(EVENTS, st.floats(0, 1))
def test_a_restart_changes_no_score(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, int, int]], place: float
) -> None:
    events = as_events(rows)
    cut = int(place * len(events))
    whole, first = (ContextScorer(environment(), options=ScorerOptions(lateness_s=LATENESS_S)) for _ in range(2))
    expected = scores(fed(whole, events) + whole.flush())
    before = fed(first, events[:cut])
    folder = save_scorer(first, tmp_path_factory.mktemp("state") / "s", about={})
    second = load_scorer(folder, None)
    assert scores(before + fed(second, events[cut:]) + second.flush()) == expected
    assert second.counts == whole.counts


@given(EVENTS)
def test_entities_scored_apart_and_merged_are_as_scored_together(rows: list[tuple[str, int, int, int]]) -> None:
    events = as_events(rows)
    half = len(events) // 2
    together, left, right = (ContextScorer(environment()) for _ in range(3))
    expected = scores(fed(together, events))
    found = fed(left, [e for e in events[:half] if e[0][1] == "a"]) + fed(
        right, [e for e in events[:half] if e[0][1] != "a"]
    )
    merge_entities(left, [right])
    assert scores(found + fed(left, events[half:])) == expected


def test_what_is_older_than_a_week_is_not_usual_for_an_entity_any_more() -> None:
    """One event in six hours, without a silence of a week: of the 256 that are held the last 28 count."""
    entity, hours = ("host", "a"), 6 * 3_600.0
    old: Events = [(entity, Step(5, 5, 0, hours * n, n)) for n in range(100)]
    recent: Events = [(entity, Step(n % 3, n % 3, 0, hours * n, n)) for n in range(100, 128)]
    last: Events = [(entity, Step(5, 5, 0, hours * 128, 128))]
    whole, week = ContextScorer(environment()), ContextScorer(environment())
    fed(whole, old + recent)
    fed(week, recent)
    (found,), (expected,) = fed(whole, last), fed(week, last)
    assert found.surprise == expected.surprise
    (earlier,) = fed(whole, [(entity, Step(5, 5, 0, hours * 100, 129))])  # late: its own week holds what was before
    assert earlier.surprisal < found.surprisal - 1


def test_a_later_event_is_counted_and_scored() -> None:
    scorer = ContextScorer(environment(), options=ScorerOptions(lateness_s=5.0))
    entity = ("host", "a")
    found = fed(scorer, [(entity, Step(0, 0, 0, t, n)) for n, t in enumerate((100.0, 200.0, 206.0, 50.0))])
    assert scorer.counts["late"] == 1
    assert 3 in scores(found)


def test_an_event_without_time_is_scored_without_timing() -> None:
    scorer = ContextScorer(environment())
    (found,) = scorer.add(("file", "a.log"), Step(0, 0, 0, None, 0))
    assert found.surprise.timing == 0
    assert scorer.counts["without_time"] == 1


def test_a_clock_that_jumps_ahead_and_back_does_not_make_all_later_events_late() -> None:
    scorer = ContextScorer(environment())
    times = (0.0, 10.0, 4e9, 20.0, 30.0)
    found = fed(scorer, [(("host", "a"), Step(0, 0, 0, t, n)) for n, t in enumerate(times)])
    assert len(found) == len(times)
    assert scorer.counts["clock_jumps"] == 1
    assert scorer.counts["late"] == 0


def test_held_events_are_bounded() -> None:
    order, counts = EntityOrder(lateness_s=1e6), Counter[str]()
    placed = [p for n in range(MOST_HELD + 100) for p in order.add(Step(0, 0, 0, float(n), n), counts)]
    assert len(placed) == counts["released_early"] == 100


def test_eviction_of_a_silent_entity_changes_no_score() -> None:
    week = 8 * 86_400.0
    events: Events = [(("host", "a"), Step(n % 3, n % 3, 0, float(n), n)) for n in range(20)]
    events += [(("host", f"b{n}"), Step(1, 1, 0, week + n, 100 + n)) for n in range(20)]
    events += [(("host", "a"), Step(n % 3, n % 3, 0, week + 100 + n, 200 + n)) for n in range(20)]
    roomy, small = ContextScorer(environment()), ContextScorer(environment(), options=ScorerOptions(most_entities=20))
    assert scores(fed(small, events)) == scores(fed(roomy, events))
    assert small.counts["evicted_idle"] == 1


def test_eviction_scores_what_is_held() -> None:
    options = ScorerOptions(lateness_s=1_000.0, most_entities=3)
    scorer = ContextScorer(environment(), options=options)
    events = [(("host", str(n)), Step(0, 0, 0, float(n), n)) for n in range(10)]
    found = fed(scorer, events)
    assert len(scorer.entities) == 3
    assert len(found) == 7
    assert len(found + scorer.flush()) == 10


def test_one_entity_with_all_events_stays_small() -> None:
    scorer = ContextScorer(environment())
    fed(scorer, [(("host", "a"), Step(n % 7, n % CODES, 0, float(n), n)) for n in range(2_000)])
    ((_, context),) = scorer.entities.items()
    assert context.ring.nbytes < 10_000
    assert len(context.ring) == 256


def test_what_breaks_the_order_is_more_surprising_than_what_keeps_it() -> None:
    entity = ("host", "a")
    steps = [Step(n % 3, n % 3, 0, 10.0 * n, n) for n in range(30)]
    usual, odd = ContextScorer(environment()), ContextScorer(environment())
    fed(usual, [(entity, step) for step in steps])
    fed(odd, [(entity, step) for step in steps])
    (kept,) = usual.add(entity, Step(0, 0, 0, 300.0, 30))
    (broken,) = odd.add(entity, Step(2, 2, 0, 300.0, 30))
    (new,) = odd.add(entity, Step(77, 7, 0, 310.0, 31))
    assert kept.surprise.bits < 1 < broken.surprise.order < new.surprise.bits
    assert new.surprise.reason == "rarity"


def test_timing_and_content_are_told_apart() -> None:
    entity = ("host", "a")
    scorer = ContextScorer(environment())
    fed(scorer, [(entity, Step(n % 3, n % 3, 0, 10.0 * n, n)) for n in range(30)])
    (late,) = scorer.add(entity, Step(0, 0, 0, 290.0 + 3_600, 30))
    (text,) = scorer.add(entity, Step(99, 1, 0, 3_900.0, 31))
    assert late.surprise.reason == "timing"
    assert text.surprise.reason == "content"


def test_an_altered_state_is_refused(tmp_path: Path) -> None:
    folder = save_scorer(ContextScorer(environment()), tmp_path / "s", about={})
    facts = (folder / "state.json").read_text()
    (folder / "state.json").write_text(facts.replace("0.68", "0.69"))
    with pytest.raises(ModelError, match="altered"):
        load_scorer(folder, None)


def test_merged_environments_are_as_learned_together() -> None:
    rng = np.random.default_rng(0)
    streams = [[(Step(int(k), int(k % CODES), 0, 0.0, 0), 3) for k in rng.integers(0, 40, 50)] for _ in range(4)]
    together, first, second = (Environment(CODES) for _ in range(3))
    together.learn(streams)
    first.learn(streams[:2])
    second.learn(streams[2:])
    first.merge(second)
    merged, whole = first.arrays(), together.arrays()
    assert merged.keys() == whole.keys()
    assert all(np.array_equal(merged[name], whole[name]) for name in whole)


def test_entities_without_times_are_bounded() -> None:
    scorer = ContextScorer(environment(), options=ScorerOptions(most_entities=5))
    found = fed(scorer, [(("file", str(n)), Step(0, 0, 0, None, n)) for n in range(50)])
    assert len(found) == 50
    assert len(scorer.entities) == 5
    assert scorer.counts["evicted_active"] == 45


def test_merged_entities_keep_bound_and_order() -> None:
    options = ScorerOptions(lateness_s=1_000.0, most_entities=4)
    first, second = (ContextScorer(environment(), options=options) for _ in range(2))
    fed(first, [(("host", f"a{n}"), Step(0, 0, 0, 10.0 * n, n)) for n in range(4)])
    fed(second, [(("host", f"b{n}"), Step(0, 0, 0, 10.0 * n + 5, 10 + n)) for n in range(4)])
    evicted = merge_entities(first, [second])
    assert sorted(scores(evicted)) == [0, 1, 10, 11]
    assert [name for _, name in first.entities] == ["a2", "b2", "a3", "b3"]
