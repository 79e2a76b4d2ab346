"""What is kept of an entity and counted of an environment: bounded, exact, and probabilities that add up to one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.context import environment as environment_module
from loglm.context import ngrams, texts
from loglm.context.codebook import TemplateCodebook
from loglm.context.environment import Environment
from loglm.context.experts import EXPERTS, expectations
from loglm.context.mixture import fit_weights
from loglm.context.ngrams import NgramCounts
from loglm.context.ring import RING_EVENTS, EntityRing
from loglm.context.steps import LEVELS, MOST_GAP_S, NO_GAP, Step, gap_level
from loglm.context.surprise import tail_bits
from loglm.context.texts import TextCounts

CODES = 6
SEQUENCES = st.lists(st.lists(st.integers(0, CODES - 1), max_size=30), min_size=1, max_size=4)


def steps(codes: list[int]) -> list[Step]:
    return [Step(100 + code, code, 0, 10.0 * n, n) for n, code in enumerate(codes)]


def learned(sequences: list[list[int]]) -> Environment:
    environment = Environment(CODES)
    environment.learn([[(step, gap_level(10.0)) for step in steps(codes)] for codes in sequences if codes])
    return environment


@given(SEQUENCES, st.lists(st.integers(0, CODES - 1), max_size=6))
def test_every_expert_gives_a_distribution(sequences: list[list[int]], before: list[int]) -> None:
    environment, ring = learned(sequences), EntityRing()
    for step in steps(before):
        ring.add(step.code, step.key, step.time)
    found = expectations(environment, ring.codes())
    assert found.shape == (len(EXPERTS), CODES)
    assert found.min() > 0
    np.testing.assert_allclose(found.sum(axis=1), 1)
    np.testing.assert_allclose(environment.gap_probabilities(0).sum(), 1)
    assert environment.gap_probabilities(0).shape == (LEVELS,)
    assert environment.gap_probabilities(0)[NO_GAP] == 0


def test_what_followed_before_is_expected() -> None:
    counts = NgramCounts(CODES)
    counts.learn([np.asarray([0, 1, 2, 3] * 20)])
    found = counts.probabilities([0, 1, 2], np.full(CODES, 1 / CODES))
    assert found.argmax() == 3
    assert found[3] > 0.9


def test_counts_of_sequences_and_texts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "MOST_PAIRS", 50)
    monkeypatch.setattr(texts, "MOST_TEXTS", 50)
    rng = np.random.default_rng(0)
    counts, known = NgramCounts(64), TextCounts(64)
    for _ in range(5):
        codes = rng.integers(0, 64, 500)
        counts.learn([codes])
        known.learn([Step(int(code) * 7 + n, int(code), 0, None, n) for n, code in enumerate(codes)])
    assert max(len(array) for array in counts.arrays().values()) <= 50
    assert len(known.arrays()["text_keys"]) == 50


def test_a_ring_holds_so_many_events_and_looks_back_to_a_time() -> None:
    ring = EntityRing()
    for n in range(RING_EVENTS + 10):
        ring.add(n % CODES, n, 3_600.0 * n)
    assert len(ring) == RING_EVENTS
    latest = 3_600.0 * (RING_EVENTS + 9)
    assert len(ring.codes(since=latest - MOST_GAP_S)) == 7 * 24 + 1
    assert ring.codes(since=latest - 7_200.0).tolist() == [n % CODES for n in range(RING_EVENTS + 7, RING_EVENTS + 10)]
    assert ring.codes().tolist() == [n % CODES for n in range(10, RING_EVENTS + 10)]
    assert ring.codes(since=latest + 1).tolist() == []


def test_events_without_time_leave_a_ring_with_the_one_before_them() -> None:
    ring = EntityRing()
    for code, time in enumerate((None, 10.0, None, 20.0, None, 15.0)):
        ring.add(code, code, time)
    assert ring.codes(since=10.0).tolist() == [1, 2, 3, 4, 5]
    assert ring.codes(since=11.0).tolist() == [3, 4, 5]
    assert ring.codes().tolist() == [0, 1, 2, 3, 4, 5]


def test_a_ring_knows_texts_until_others_take_their_place() -> None:
    ring = EntityRing()
    key = (7 << 32) | 5
    assert not ring.has_seen(key)
    ring.add(0, key, None)
    assert ring.has_seen(key)
    assert not ring.has_seen((9 << 32) | 5)
    ring.add(0, (9 << 32) | 5, None)
    assert not ring.has_seen(key)


def test_a_new_text_is_likelier_where_texts_are_often_new() -> None:
    known = TextCounts(CODES)
    known.learn([Step(1, 0, 0, None, n) for n in range(100)] + [Step(10 + n, 1, 0, None, n) for n in range(100)])
    assert known.new_share(0) < 0.05 < 0.4 < known.new_share(1)
    assert known.tail_share(0, 100) == 1.0
    assert known.count(1) == 100
    assert known.count(2) == 0


def test_weights_find_the_source_that_is_right() -> None:
    rng = np.random.default_rng(0)
    is_first = rng.random(500) < 0.7
    given_ = np.stack([np.where(is_first, 0.9, 0.01), np.where(is_first, 0.01, 0.9), np.full(500, 0.001)], axis=1)
    np.testing.assert_allclose(fit_weights(given_, sources=3), [0.7, 0.3, 0.0], atol=0.05)
    np.testing.assert_allclose(fit_weights([], sources=2), [0.5, 0.5])


def test_bits_of_a_tail_are_those_of_all_that_is_as_unlikely() -> None:
    assert tail_bits(np.full(1_000, 1 / 1_000), 3) == 0.0
    assert tail_bits(np.asarray([0.5, 0.25, 0.25]), 1) == 1.0
    assert tail_bits(np.asarray([1.0, 0.0]), 1) == 40.0


def test_templates_tell_kinds_apart_and_values_not() -> None:
    codebook = TemplateCodebook()
    first, second, other = codebook(["linux/sshd sshd\nFailed for a1", "linux/sshd sshd\nFailed for b2", "x\nz"])
    assert first == second != other


def test_a_baseline_counted_in_chunks_is_as_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    events = [
        ("ab"[n % 2], Step(int(code), int(code), 0, 10.0 * n, n)) for n, code in enumerate(rng.integers(0, CODES, 200))
    ]
    whole, parts = Environment(CODES), Environment(CODES)
    whole.learn_events(iter(events))
    monkeypatch.setattr(environment_module, "_CHUNK", 7)
    parts.learn_events(iter(events))
    assert whole.events == 200
    for name, array in whole.arrays().items():
        np.testing.assert_array_equal(parts.arrays()[name], array)


def test_a_baseline_is_not_held_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_module, "_CHUNK", 1_000)
    environment = Environment(CODES)
    events = ((("host", "a"), Step(n % 9, n % CODES, 0, float(n), n)) for n in range(40_000))
    tracemalloc.start()
    environment.learn_events(events)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40_000 * 100


def test_gaps_are_counted_as_the_scorer_meets_them() -> None:
    environment = Environment(CODES)
    times = (0.0, 10.0, 10.0 + 2 * MOST_GAP_S, 20.0 + 2 * MOST_GAP_S, 15.0 + 2 * MOST_GAP_S)
    environment.learn_events((("host", "a"), Step(0, 0, 0, time, n)) for n, time in enumerate(times))
    gaps = environment.arrays()["gaps"][0]
    assert gaps[gap_level(10.0)] == 2
    assert gaps[NO_GAP] == 3
