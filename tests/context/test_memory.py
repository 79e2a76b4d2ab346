"""More entities than memory has room for: where one lies changes no score, and there is a bound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from context_streams import CODES, LATENESS_S, Events, environment, fed, scores
from loglm.artifacts.folder import default_context_dir
from loglm.context.encoder import ContextEncoder
from loglm.context.entity import pack_context, unpack_context
from loglm.context.memory import IN_MEMORY
from loglm.context.scorer import ContextScorer, ScorerOptions
from loglm.context.state import load_scorer, merge_entities, save_scorer
from loglm.context.steps import Step
from loglm.errors import DamagedFolderError


def crowded(encoder: ContextEncoder | None = None, *, lateness_s: float = LATENESS_S) -> ContextScorer:
    """One that holds two entities in memory."""
    return ContextScorer(environment(), encoder, options=ScorerOptions(lateness_s=lateness_s, in_memory=2))


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "\ud800", "\0", "e" * 300]),
        st.integers(0, CODES - 1),
        st.one_of(st.none(), st.floats(0, 400), st.just(9e5)),
    ),
    min_size=1,
    max_size=60,
)


def as_events(rows: list[tuple[str, int, float | None]]) -> Events:
    return [(("host", name), Step(2**64 - 1 - code, code, 1, time, n)) for n, (name, code, time) in enumerate(rows)]


def test_what_a_host_did_counts_although_20000_others_came_since() -> None:
    host = ("host", "a")
    events: Events = [(host, Step(0, 0, 0, float(n), n)) for n in range(100)]
    events += [(("host", f"b{n}"), Step(n % 3, n % 3, 0, 200.0 + n / 100, 200 + n)) for n in range(IN_MEMORY + 10)]
    scorer, alone = ContextScorer(environment()), ContextScorer(environment())
    fed(scorer, events)
    fed(alone, events[:100])
    last = Step(1, 1, 0, 500.0, 10**6)
    (found,), (expected,) = scorer.add(host, last), alone.add(host, last)
    (of_a_new_one,) = alone.add(("host", "new"), last)
    assert found.surprise == expected.surprise
    assert found.surprise.order > of_a_new_one.surprise.order
    assert scorer.entities.spilled == 11
    assert not scorer.counts["evicted_active"]


@given(EVENTS)
def test_entities_in_the_file_are_scored_as_those_in_memory(rows: list[tuple[str, int, float | None]]) -> None:
    events, small = as_events(rows), crowded()
    roomy = ContextScorer(environment(), options=ScorerOptions(lateness_s=LATENESS_S))
    half = len(events) // 2
    found, expected = (fed(one, events[:half]) + one.release(1e9) + fed(one, events[half:]) for one in (small, roomy))
    assert scores(found) == scores(expected)
    assert scores(small.flush()) == scores(roomy.flush())
    assert small.counts == roomy.counts
    assert [*small.entities] == [*roomy.entities]


@settings(max_examples=15)
@given(EVENTS, st.integers(0, 60))
def test_a_restart_keeps_those_in_the_file(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int, float | None]], cut: int
) -> None:
    events, whole, first = as_events(rows), crowded(), crowded()
    expected = scores(fed(whole, events) + whole.flush())
    before = fed(first, events[:cut])
    second = load_scorer(save_scorer(first, tmp_path_factory.mktemp("state") / "s", about={}), None)
    assert second.entities.spilled == first.entities.spilled
    assert scores(before + fed(second, events[cut:]) + second.flush()) == expected
    assert [*second.entities] == [*whole.entities]


def test_the_state_of_the_context_encoder_is_kept_in_the_file() -> None:
    encoder = ContextEncoder.load(default_context_dir())
    events: Events = [(("host", "abcd"[n % 4]), Step(n % 5, n % 5, 3, 10.0 * n, n)) for n in range(60)]
    small, roomy = crowded(encoder, lateness_s=0.0), ContextScorer(environment(), encoder)
    assert scores(fed(small, events)) == scores(fed(roomy, events))
    context = roomy.entities.get(("host", "a"))
    assert context is not None and context.hidden is not None
    again = unpack_context(pack_context(context), lateness_s=0.0)
    assert again.hidden is not None and np.array_equal(again.hidden, context.hidden)
    assert (again.reading, again.order.state()) == (context.reading, context.order.state())


def test_of_too_many_the_one_silent_longest_is_forgotten_and_its_events_scored() -> None:
    options = ScorerOptions(lateness_s=1_000.0, in_memory=2, most_entities=5)
    scorer = ContextScorer(environment(), options=options)
    found = fed(scorer, [(("host", str(n)), Step(0, 0, 0, float(n), n)) for n in range(10)])
    assert [name for _, name in scorer.entities] == ["5", "6", "7", "8", "9"]
    assert sorted(scores(found)) == [0, 1, 2, 3, 4]
    assert scorer.counts["evicted_active"] == 5
    assert len(scorer.flush()) == 5


def test_the_file_is_bounded_in_size() -> None:
    scorer = ContextScorer(environment(), options=ScorerOptions(in_memory=1, most_entities=3))
    texts = [Step(n + (n << 32), n % CODES, 0, float(n), n) for n in range(1_024)]
    fed(scorer, [(("host", name), step) for name in "abc" for step in texts])
    assert len(scorer.entities) == 2  # a full one takes 8.7 kB; of 12 there is room for one beside that in memory
    assert scorer.counts["evicted_active"] == 1


def test_where_the_disk_is_full_the_one_silent_longest_is_forgotten() -> None:
    scorer = ContextScorer(environment(), options=ScorerOptions(in_memory=1))
    fed(scorer, [(("host", name), Step(0, 0, 0, 0.0, 0)) for name in "ab"])
    far = scorer.entities._spill()
    far._database.execute("PRAGMA max_page_count = 1")  # as many as there are
    fed(scorer, [(("host", "c" * 250 + str(n)), Step(0, 0, 0, 1.0 + n, n)) for n in range(500)])
    assert scorer.counts["evicted_active"] > 400
    assert len(scorer.entities) + scorer.counts["evicted_active"] == 502


def test_a_damaged_file_of_a_state_is_refused(tmp_path: Path) -> None:
    scorer = crowded()
    fed(scorer, [(("host", str(n)), Step(0, 0, 0, float(n), n)) for n in range(9)])
    folder = save_scorer(scorer, tmp_path / "s", about={})
    (folder / "entities.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(DamagedFolderError, match="altered"):
        load_scorer(folder, None)
    with pytest.raises(ValueError, match="not a database"):
        scorer.entities.load_spilled(folder / "entities.sqlite")


def test_bytes_that_are_no_context_are_refused() -> None:
    scorer = crowded(lateness_s=0.0)
    fed(scorer, [(("host", "a"), Step(n, n % CODES, 0, float(n), n)) for n in range(9)])
    context = scorer.entities.get(("host", "a"))
    assert context is not None
    data = pack_context(context)
    for cut in range(len(data)):
        with pytest.raises(ValueError, match=r".+"):
            unpack_context(data[:cut], lateness_s=0.0)


@given(EVENTS)
def test_merging_joins_those_in_files_too(rows: list[tuple[str, int, float | None]]) -> None:
    events = [event for event in as_events(rows) if event[1].time is not None]
    events.sort(key=lambda event: event[1].time or 0.0)
    together = ContextScorer(environment())
    left, right = (ContextScorer(environment(), options=ScorerOptions(in_memory=2)) for _ in range(2))
    half = len(events) // 2
    expected = scores(fed(together, events))
    found = fed(left, [one for one in events[:half] if one[0][1] < "b"])
    found += fed(right, [one for one in events[:half] if one[0][1] >= "b"])
    merge_entities(left, [right])
    assert scores(found + fed(left, events[half:])) == expected


def test_an_entity_that_two_saw_one_after_the_other_is_joined() -> None:
    host = ("host", "a")
    events: Events = [(host, Step(n % 7, n % 5, 0, 10.0 * n, n)) for n in range(400)]
    whole, first, second = (ContextScorer(environment()) for _ in range(3))
    fed(whole, events[:300])
    fed(first, events[:200])
    fed(second, events[200:300])
    merge_entities(second, [first])
    assert scores(fed(second, events[300:])) == scores(fed(whole, events[300:]))


def test_the_file_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loglm.context.spill._CACHE_KIB", 16)
    scorer = ContextScorer(environment(), options=ScorerOptions(in_memory=1))
    fed(scorer, [(("host", f"{n:0200}"), Step(0, 0, 0, float(n), n)) for n in range(2_000)])
    assert scorer.entities.spilled == 1_999
    opened = [str(link.readlink()) for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert any("etilqs_" in name and name.endswith("(deleted)") for name in opened)
