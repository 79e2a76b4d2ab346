"""States of several processes as one: of parts of the entities, of sensors with baselines of their own."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loglm.anomaly.detector import Anomalies, AnomalyOptions, find_anomalies, learn_baseline
from loglm.anomaly.findings import AnomalyFinding, describe
from loglm.anomaly.kept_state import state_folder
from loglm.anomaly.merging import merge_states
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.stream import AnomalyStream
from loglm.anomaly.threshold import median_threshold
from loglm.errors import InputError
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from machine_logs import write_day

ODD = {
    "web1": "insmod[66]: loading out-of-tree module taints kernel",
    "web2": "useradd[7]: new user: name=backdoor, UID=0, GID=0",
}
OPTIONS = AnomalyOptions(threshold=12.0)


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


def test_one_baseline_does_not_count_twice(tmp_path: Path) -> None:
    both, other, again = (learned(tmp_path, host) for host in ("web1", "web2", "web1"))
    merge_states(both, [("other", other)])
    with pytest.raises(InputError, match="count twice"):
        merge_states(both, [("again", again)])


@pytest.mark.parametrize(
    ("options", "what"),
    [(AnomalyOptions(budget=7.0), r"--budget: 7\.0, not 100\.0"), (AnomalyOptions(view="host"), "--by: host")],
)
def test_states_of_other_settings_are_refused(tmp_path: Path, options: AnomalyOptions, what: str) -> None:
    first, second = learned(tmp_path, "web1"), learned(tmp_path, "web2", options=options)
    with pytest.raises(InputError, match=what):
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
