"""States of several processes as one: of parts of the entities, of sensors with baselines of their own."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglm.anomaly.detector import Anomalies, find_anomalies
from loglm.anomaly.findings import AnomalyFinding, describe
from loglm.anomaly.kept_state import state_folder
from loglm.anomaly.learning import learn_baseline
from loglm.anomaly.merging import Merged, Overlap, merge_states
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.reporting import Reporter
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.state_facts import state_facts
from loglm.anomaly.stream import AnomalyStream
from loglm.anomaly.table import EventTable, TableReader
from loglm.anomaly.threshold import median_threshold
from loglm.context.codebook import TemplateCodebook
from loglm.errors import InputError
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from machine_logs import write_day

ODD = {
    "web1": "insmod[66]: loading out-of-tree module taints kernel",
    "web2": "useradd[7]: new user: name=backdoor, UID=0, GID=0",
}
OPTIONS = AnomalyOptions(threshold=12.0)
AUTH_LOG = Path(__file__).resolve().parents[2] / "examples" / "logs" / "ssh" / "auth.log"


def learned(folder: Path, *hosts: str, options: AnomalyOptions = OPTIONS) -> AnomalyScorer:
    folder.mkdir(exist_ok=True)
    logs = [write_day(folder / f"usual-{host}.log", day=1, host=host) for host in hosts]
    return learn_baseline([], logs, options=options, problems=Problems())[0]


def kept(scorer: AnomalyScorer, folder: Path) -> AnomalyScorer:
    """After a restart."""
    with state_folder(folder) as state:
        state.save(scorer)
        again = state.load()
    again.use_threshold(12.0)
    return again


def told(found: Anomalies) -> list[AnomalyFinding]:
    return describe([*found.reports, *found.continued], found)


def facts(findings: list[AnomalyFinding]) -> dict[str, dict[str, Any]]:
    values = {one.finding.finding_id: asdict(one) for one in findings}
    for one in values.values():
        del one["is_update"]
        for item in one["finding"]["evidence"]:
            del item["location"]
    return values


def scored(scorer: AnomalyScorer, *paths: Path) -> list[AnomalyFinding]:
    found = told(find_anomalies(paths, going_on=scorer, options=OPTIONS))
    scorer.touched.clear()
    return found


@pytest.fixture
def days(tmp_path: Path) -> dict[str, list[Path]]:
    """Of each host two days; what is odd comes on both, within a day."""
    return {
        host: [
            write_day(tmp_path / f"{host}-2.log", day=2, host=host, extra={900: text}),
            write_day(tmp_path / f"{host}-3.log", day=3, host=host, extra={300: text, 800: f"cron[1]: {host} fails"}),
        ]
        for host, text in ODD.items()
    }


def test_states_of_other_entities_go_on_as_one_that_saw_all(tmp_path: Path, days: dict[str, list[Path]]) -> None:
    learned_once = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    whole = kept(learned_once, tmp_path / "whole")
    first, second = (kept(learned_once, tmp_path / host) for host in days)
    before = scored(first, days["web1"][0]) + scored(second, days["web2"][0])
    assert facts(before) == facts(scored(whole, *(day for day, _ in days.values())))
    merge_states(first, [("second", second)])
    merged = kept(first, tmp_path / "merged")
    later = [day for _, day in days.values()]
    found, expected = (facts(scored(one, *later)) for one in (merged, whole))
    assert found == expected
    assert set(found) > set(facts(before))  # those go on, counted as repeats, beside what is new
    assert merged.scorer.environment.digest() == whole.scorer.environment.digest()
    assert merged.clock == whole.clock


def test_a_finding_that_one_told_is_not_told_again_by_both(tmp_path: Path, days: dict[str, list[Path]]) -> None:
    learned_once = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    first, second = (kept(learned_once, tmp_path / host) for host in days)
    (one,) = scored(first, days["web1"][0])
    merge_states(second, [("first", first)])
    again = write_day(tmp_path / "again.log", day=3, host="web2", extra={100: ODD["web1"]})
    found = {found.finding.finding_id: found for found in scored(second, again)}
    repeated = found[one.finding.finding_id]
    assert repeated.is_update
    assert repeated.others == (("host", "web2"),)


def test_baselines_of_two_sensors_are_added(tmp_path: Path) -> None:
    options = AnomalyOptions()
    first = learned(tmp_path / "a", "web1", options=options)
    second = learned(tmp_path / "b", "web2", options=options)
    both = learned(tmp_path / "c", "web1", "web2", options=options)
    lone = kept(first, tmp_path / "first").baseline
    merge_states(first, [("second", second)])
    baseline = kept(first, tmp_path / "merged").baseline
    merged, whole = baseline.scorer.environment.arrays(), both.scorer.environment.arrays()
    assert all(np.array_equal(merged[name], whole[name]) for name in whole)
    assert baseline.events == both.baseline.events
    assert len(baseline.learned) == 2
    assert baseline.threshold == median_threshold([part.threshold for part in baseline.parts])
    assert baseline.threshold.allowed == pytest.approx(both.baseline.threshold.allowed, rel=1e-3)
    assert baseline.threshold.bits >= lone.threshold.bits
    assert sorted(baseline.scorer.entities) == [("host", "web1"), ("host", "web2")]


def test_a_baseline_that_is_in_both_counts_once_or_is_refused(tmp_path: Path) -> None:
    both, web2, web1 = (learned(tmp_path, host) for host in ("web1", "web2", "web1"))
    other, db1 = learned(tmp_path, "web2"), learned(tmp_path, "db1")
    merge_states(both, [("web2", web2)])
    before = both.scorer.environment.digest()
    assert merge_states(both, [("web1", web1)]) == Merged()
    assert (both.baseline.events, both.scorer.environment.digest()) == (2_880, before)
    merge_states(other, [("db1", db1)])
    with pytest.raises(InputError, match=r"other: holds 1 of its 2 baselines in common .* count twice"):
        merge_states(both, [("other", other)])


def lines_of(log: Path, target: Path, first: int, last: int) -> Path:
    target.write_text("".join(log.read_text().splitlines(keepends=True)[first:last]))
    return target


def learned_from(*logs: Path, options: AnomalyOptions = OPTIONS) -> AnomalyScorer:
    return learn_baseline([], logs, options=options, problems=Problems())[0]


def test_events_of_two_baselines_are_counted_where_they_count_twice(tmp_path: Path) -> None:
    first = learned_from(lines_of(AUTH_LOG, tmp_path / "first.log", 0, 500))
    second = learned_from(lines_of(AUTH_LOG, tmp_path / "second.log", 380, 840))
    merged = merge_states(kept(first, tmp_path / "a"), [("second", kept(second, tmp_path / "b"))])
    assert merged.twice == [Overlap("second", 120.0, 460.0, is_exact=True)]


def test_a_baseline_that_lies_in_another_counts_once(tmp_path: Path) -> None:
    first = kept(learned_from(lines_of(AUTH_LOG, tmp_path / "first.log", 0, 500)), tmp_path / "a")
    part = learned_from(lines_of(AUTH_LOG, tmp_path / "part.log", 100, 300))
    before = first.scorer.environment.digest()
    assert merge_states(first, [("part", part)]).within == ["part"]
    assert (first.baseline.events, first.scorer.environment.digest()) == (500, before)
    assert len(first.baseline.learned) == 2


def test_one_state_is_in_memory_at_a_time(tmp_path: Path) -> None:
    usual = [write_day(tmp_path / f"{host}.log", day=1, host=host) for host in ("web1", "web2", "db1", "db2")]
    scorer, *others = [learned_from(hours(path, 0, 2)) for path in usual]
    for place, other in enumerate(others):
        kept(other, tmp_path / str(place))
    before: list[weakref.ref[AnomalyScorer]] = []
    alive: list[int] = []

    def loaded() -> Iterator[tuple[str, AnomalyScorer]]:
        for place in range(len(others)):
            alive.append(sum(one() is not None for one in before))
            with state_folder(tmp_path / str(place)) as state:
                yield str(place), watched(state.load())

    def watched(one: AnomalyScorer) -> AnomalyScorer:
        before.append(weakref.ref(one))
        return one

    merge_states(scorer, loaded())
    assert alive == [0, 0, 0]
    assert scorer.baseline.events == 480


def test_what_was_not_told_is_told_although_more_is_found_than_remembered(
    tmp_path: Path, days: dict[str, list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    learned_once = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    states = [kept(learned_once, tmp_path / host) for host in days]
    for scorer, host in zip(states, days, strict=True):
        find_anomalies(days[host], going_on=scorer, options=OPTIONS)
    untold = {name for scorer in states for name in scorer.touched}
    monkeypatch.setitem(Reporter.__init__.__kwdefaults__, "most_living", 1)
    first, second = (kept(scorer, tmp_path / f"again-{place}") for place, scorer in enumerate(states))
    merge_states(first, [("second", second)])
    assert (len(first.reporter.living), first.reporter.forgotten) == (1, len(untold) - 1)
    merged = kept(first, tmp_path / "merged")
    facts = state_facts(tmp_path / "merged")
    assert (facts.findings, facts.not_told) == (1, len(untold))
    usual = hours(write_day(tmp_path / "usual.log", day=4), 0, 1)
    found = {one.finding.finding_id: one for one in scored(merged, usual)}
    assert set(found) == untold
    assert len(untold) >= 4
    assert not any(one.is_update for one in found.values())


def test_a_finding_of_when_both_were_one_is_told_once_with_the_events_of_both(
    tmp_path: Path, days: dict[str, list[Path]]
) -> None:
    learned_once = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    find_anomalies([days["web1"][0]], going_on=learned_once, options=OPTIONS)
    first, second = (kept(learned_once, tmp_path / name) for name in ("first", "second"))
    scored(first, hours(write_day(tmp_path / "later.log", day=3), 0, 1))  # tells it
    merge_states(first, [("second", second)])
    assert not first.touched
    more = hours(write_day(tmp_path / "more.log", day=2, extra={902: "sshd[9]: fatal: cannot load host keys"}), 15, 16)
    first, second = (kept(learned_once, tmp_path / name) for name in ("third", "fourth"))
    find_anomalies([more], going_on=second, options=OPTIONS)
    merge_states(first, [("second", second)])
    (touched,) = first.touched.values()
    assert touched.is_new
    assert touched.report.count == 2
    assert len(touched.report.events) == 2


@pytest.mark.parametrize(
    ("options", "what"),
    [(AnomalyOptions(budget=7.0), r"--budget: 7\.0, not 100\.0"), (AnomalyOptions(view="host"), "--by: host")],
)
def test_states_of_other_settings_are_refused(tmp_path: Path, options: AnomalyOptions, what: str) -> None:
    first, second = learned(tmp_path, "web1"), learned(tmp_path, "web2", options=options)
    with pytest.raises(InputError, match=what):
        merge_states(first, [("second", second)])


def test_a_state_of_before_that_kept_no_budget_is_refused_as_such(tmp_path: Path) -> None:
    first, second = (learned(tmp_path, "web1") for _ in range(2))
    second.baseline.budget = None
    with pytest.raises(InputError, match=r"--budget: not kept, not 100\.0"):
        merge_states(first, [("second", second)])


def test_events_that_wait_in_either_are_scored(tmp_path: Path, days: dict[str, list[Path]]) -> None:
    learned_once = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    first, second = (kept(learned_once, tmp_path / host) for host in days)
    for scorer, host in ((first, "web1"), (second, "web2")):
        stream = AnomalyStream(scorer, lateness_s=1e5)
        for event in read_events([days[host][0]]):
            stream.add(event)
    waiting = len(first.order) + len(second.order)
    merge_states(first, [("second", second)])
    merged = kept(first, tmp_path / "merged")
    assert len(merged.order) == waiting > 100
    found = AnomalyStream(merged, lateness_s=1e5).pause()
    assert {one.finding.entity for one in found} == {"web1", "web2"}


def hours(path: Path, first: int, last: int) -> Path:
    """Of a day only these."""
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[60 * first : 60 * last]))
    return path


def test_a_short_past_that_copies_share_counts_once(tmp_path: Path) -> None:
    baseline = hours(write_day(tmp_path / "short.log", day=1), 0, 1)
    one = kept(learn_baseline([], [baseline], options=OPTIONS, problems=Problems())[0], tmp_path / "learned")
    first, second, whole = (kept(one, tmp_path / name) for name in ("first", "second", "whole"))
    later = hours(write_day(tmp_path / "later.log", day=1), 1, 2)
    scored(first, later)
    scored(whole, later)
    merge_states(second, [("first", first)])
    one_of_both, alone = (state.scorer.entities.get(("host", "web1")) for state in (second, whole))
    assert one_of_both is not None and alone is not None
    ring, expected = one_of_both.ring, alone.ring
    assert ring.codes().tolist() == expected.codes().tolist()
    assert ring.times().tolist() == expected.times().tolist()


def test_a_day_that_one_scored_is_known_to_both(tmp_path: Path, days: dict[str, list[Path]]) -> None:
    one = kept(learned(tmp_path, "web1", "web2"), tmp_path / "learned")
    first, second = (kept(one, tmp_path / name) for name in ("first", "second"))
    scored(first, days["web1"][0])
    merge_states(second, [("first", first)])
    _, marks = first.seen.values()[0]
    assert len(second.seen.values()) == 1 and set(marks) <= set(second.seen.values()[0][1])
    assert second.read_so_far.values() == first.read_so_far.values()


def bits_of(scorer: AnomalyScorer, log: Path) -> np.ndarray:
    """Of each event, in the order of time."""
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(read_events([log]))
    steps = table.steps(table.in_time())
    return np.asarray([one.surprise.bits for entity, step in steps for one in scorer.scorer.add(entity, step)])


@pytest.mark.parametrize(("name", "half"), [("web/access.log", 180), ("ssh/auth.log", 280)])
def test_two_halves_of_a_real_baseline_are_near_to_the_whole(tmp_path: Path, name: str, half: int) -> None:
    """Counts are the same but for texts that were not learned in one of the two. For all others the mean of two fits of
    the weights in place of one is worth less than a factor of two, one bit. A threshold is set by events that half as
    many others are known of: of what is rare the probability is up to twice as high, one bit for the kind and one for
    the text."""
    log = AUTH_LOG.parents[1] / name
    parts = [("a", 0, half), ("b", half, 2 * half), ("whole", 0, 2 * half)]
    first, second, whole = (
        learned_from(lines_of(log, tmp_path / f"{part}.log", start, end), options=AnomalyOptions())
        for part, start, end in parts
    )
    assert merge_states(first, [("second", second)]) == Merged()
    assert first.baseline.events == whole.baseline.events
    assert first.threshold == pytest.approx(whole.threshold, abs=2.0)
    rest = lines_of(log, tmp_path / "rest.log", 2 * half, 10_000)
    near = np.abs(bits_of(first, rest) - bits_of(whole, rest)) < 1.0
    not_learned = sum(one.baseline.events - one.scorer.environment.events for one in (first, whole))
    assert near.mean() >= 1 - not_learned / whole.baseline.events
