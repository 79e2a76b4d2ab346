"""Drift: what is said of a log that is not like its baseline any more, and that nothing is said of one that is."""

from __future__ import annotations

from dataclasses import asdict
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from loglm.anomaly.activity import Activity
from loglm.anomaly.detector import find_anomalies
from loglm.anomaly.drift import Drift, compare
from loglm.anomaly.kept_state import state_folder
from loglm.anomaly.learning import learn_baseline
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.cli.anomalies_documents import document
from loglm.cli.anomalies_output import drift_line
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Scored
from loglm.context.steps import Step
from loglm.events.problems import Problems
from machine_logs import write_day

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "logs"
SERVICES = ("sshd", "dnsmasq", "nginx", "chronyd")
WORDS = "kernel: eth0 link state changed by driver number".split()


def write_services(path: Path, *, day: int, running: tuple[str, ...], gap_s: float = 20.0, seed: int = 0) -> Path:
    """Services that write at random times, ``gap_s`` seconds apart in the mean, 700 lines."""
    random, time, lines = np.random.default_rng((seed, day)), 0.0, []
    for _ in range(700):
        time += random.exponential(gap_s)
        clock = f"{int(time // 3_600):02}:{int(time // 60) % 60:02}:{int(time) % 60:02}"
        lines.append(
            f"2026-03-{day:02}T{clock}+00:00 web1 {running[random.integers(len(running))]}[5]: does its work\n"
        )
    path.write_text("".join(lines))
    return path


def drift_of(folder: Path, **changed: object) -> Drift:
    usual = write_services(folder / "usual.log", day=1, running=SERVICES)
    after = write_services(folder / "after.log", day=2, **({"running": SERVICES} | changed))  # type: ignore[arg-type]
    return find_anomalies([after], baseline=[usual]).drift


def test_three_of_four_services_that_stop_are_said(tmp_path: Path) -> None:
    drift = drift_of(tmp_path, running=SERVICES[:1])
    assert "vanished" in drift.reasons
    gone = [one for one in drift.vanished if not one.is_source]
    assert {one.log_source for one in drift.vanished if one.is_source} == {"linux/syslog"}
    assert sorted(name for name in SERVICES for one in gone if name in one.text) == sorted(SERVICES[1:])
    assert all(one.silence_s > 10 * one.longest_silence_s for one in gone)
    assert drift.vanished_share == pytest.approx(0.75, abs=0.05)
    assert "vanished" in drift_line(drift) and "nginx" in drift_line(drift)


def test_json_has_reasons_and_figures_before_and_after(tmp_path: Path) -> None:
    usual = write_services(tmp_path / "usual.log", day=1, running=SERVICES)
    after = write_services(tmp_path / "after.log", day=2, running=SERVICES[:1], gap_s=1.0)
    told = document(find_anomalies([after], baseline=[usual]), [], [], Problems())["drift"]
    assert told["is_drift"] and list(told["reasons"]) == ["vanished", "rate"]
    assert told["rate"] > 10 * told["baseline_rate"]
    assert told["unknown_codes"] == 0.0 and 0.7 < told["vanished_share"] < 0.8
    assert {"is_source", "log_source", "text", "events", "longest_silence_s", "silence_s"} == told["vanished"][0].keys()


def test_a_log_source_that_stops_is_said_with_its_kinds_and_counted_once() -> None:
    def activity(sources: int) -> Activity:
        found = Activity()
        for n in range(600):
            found.add(Step(n, 10 * (n % sources) + n % 3, n % sources, 5.0 * n, n), is_unknown=False)
        return found

    typical = {10 * source + n: f"product/source{source} does" for source in range(2) for n in range(3)}
    drift = compare(SurpriseLevel(), SurpriseLevel(), usual=activity(2), now=activity(1), typical=typical)
    assert [one.log_source for one in drift.vanished] == ["product/source1"] * 4
    assert [one.is_source for one in drift.vanished] == [True, False, False, False]
    assert drift.vanished[0].events == 300 and drift.vanished_share == 0.5
    assert drift.reasons == ("vanished",)


@pytest.mark.parametrize(("gap_s", "is_faster"), [(1.0, True), (120.0, False)])
def test_a_rate_that_changes_is_said_with_both(tmp_path: Path, gap_s: float, is_faster: bool) -> None:
    drift = drift_of(tmp_path, gap_s=gap_s)
    assert drift.reasons == ("rate",)
    assert drift.baseline_rate == pytest.approx(180, rel=0.2)
    assert drift.rate == pytest.approx(3_600 / gap_s, rel=0.3)
    assert ("as many" in drift_line(drift)) is is_faster


def test_unknown_kinds_are_said_by_a_baseline_of_300_lines(tmp_path: Path) -> None:
    usual, other = tmp_path / "usual.log", tmp_path / "other.log"
    usual.write_text("".join((EXAMPLES / "ssh" / "auth.log").read_text().splitlines(keepends=True)[:300]))
    other.write_text("".join((EXAMPLES / "web" / "access.log").read_text().splitlines(keepends=True)[:402]))
    drift = find_anomalies([other], baseline=[usual]).drift
    assert "unknown kinds" in drift.reasons
    assert drift.unknown_codes == 1.0 and drift.baseline_unknown_codes < 0.25
    assert "100% of the events are of kinds" in drift_line(drift)


def test_another_environment_is_drift_by_what_surprises(tmp_path: Path) -> None:
    usual, other = write_day(tmp_path / "u.log", day=1), write_day(tmp_path / "d.log", day=2, words=WORDS)
    assert "surprise" in find_anomalies([other], baseline=[usual]).drift.reasons


def test_nothing_is_said_by_chance() -> None:
    """Of 300 pairs of bursty logs of one making, one in a hundred at most; each test allows a thousandth."""

    def activity(random: np.random.Generator) -> Activity:
        found, time = Activity(), 0.0
        codes = np.repeat(random.zipf(1.5, 250) % 40, random.integers(1, 6, 250))[:500]
        for n, (code, gap) in enumerate(zip(codes.tolist(), random.lognormal(1, 2, len(codes)).tolist(), strict=True)):
            time += min(gap, 3_600)
            found.add(Step(n, code, code % 3, time, n), is_unknown=False)
        return found

    randoms = [np.random.default_rng(seed) for seed in range(300)]
    drifts = [
        compare(SurpriseLevel(), SurpriseLevel(), usual=activity(one), now=activity(one), typical={}) for one in randoms
    ]
    assert sum(drift.is_drift for drift in drifts) <= 3
    assert sum(bool(drift.vanished) for drift in drifts) <= 3


def test_the_same_services_on_another_day_are_no_drift(tmp_path: Path) -> None:
    drift = drift_of(tmp_path)
    assert drift.reasons == () and drift.vanished == ()
    assert drift_line(drift) == ""


def test_the_silence_after_the_last_event_counts_where_a_service_stops_on_the_way(tmp_path: Path) -> None:
    usual = write_services(tmp_path / "usual.log", day=1, running=SERVICES)
    early = write_services(tmp_path / "early.log", day=2, running=SERVICES, gap_s=5.0)
    late = write_services(tmp_path / "late.log", day=2, running=SERVICES[:2], seed=1)
    late.write_text("".join(line.replace("T0", "T1") for line in late.read_text().splitlines(keepends=True)))
    assert "vanished" in find_anomalies([early, late], baseline=[usual]).drift.reasons


def test_drift_after_a_restart_is_as_before(tmp_path: Path) -> None:
    usual = write_services(tmp_path / "usual.log", day=1, running=SERVICES)
    after = write_services(tmp_path / "after.log", day=2, running=SERVICES[:1])
    scorer = learn_baseline([], [usual], options=AnomalyOptions(), problems=Problems())[0]
    with state_folder(tmp_path / "state") as kept:
        kept.save(scorer)
        going_on = find_anomalies([after], going_on=kept.load()).drift
    assert asdict(going_on) == asdict(find_anomalies([after], baseline=[usual]).drift)


def test_events_without_time_say_nothing_of_rates_and_silence() -> None:
    usual, now = Activity(), Activity()
    for n, found in chain(((n, usual) for n in range(400)), ((n, now) for n in range(0, 400, 4))):
        found.add(Step(n, n % 4, 0, None, n), is_unknown=False)
    drift = compare(SurpriseLevel(), SurpriseLevel(), usual=usual, now=now, typical={})
    assert not drift.is_drift and drift.rate is None and drift.vanished == ()


def test_drift_needs_more_than_a_few_events() -> None:
    def drift(usual: list[int], now: list[int]) -> Drift:
        environment = Environment(8)
        environment.learn([[(Step(c, c, 0, 0.0, 0), 0) for c in (0, 1) * 50]])
        scorer, found = ContextScorer(environment), []
        for codes in (usual, now):
            level, activity = SurpriseLevel(), Activity()
            for n, code in enumerate(codes):
                scored: Scored = scorer.add(("host", "a"), Step(code, code, 0, 3_600.0 * n, n))[0]
                level.add(scored, environment)
                activity.add(scored.step, is_unknown=code not in usual)
            found.append((level, activity))
        (before, steady), (after, lately) = found
        return compare(before, after, usual=steady, now=lately, typical={})

    few, many = drift([0, 1] * 20, [5, 6] * 20), drift([0, 1] * 150, [5, 6, 7, 4, 3] * 60)
    assert few.reasons == ()
    assert "surprise" in many.reasons and "unknown kinds" in many.reasons
    assert many.unknown_codes == 1.0


def test_a_level_of_surprise_is_by_entity_and_hour_and_survives_being_kept() -> None:
    environment = Environment(8)
    environment.learn([[(Step(c, c, 0, 0.0, 0), 0) for c in (0, 1) * 50]])
    scorer, level = ContextScorer(environment), SurpriseLevel()
    blocks: dict[tuple[str, int], list[float]] = {}
    for n in range(200):
        name, time = "ab"[n % 3 == 0], 500.0 * n
        (scored,) = scorer.add(("host", name), Step(n % 7, n % 7, 0, time, n))
        level.add(scored, environment)
        blocks.setdefault((name, int(time // 3_600)), []).append(scored.surprisal)
    sizes = np.asarray([len(block) for block in blocks.values()])
    means = np.asarray([np.mean(block) for block in blocks.values()])
    weights = sizes / sizes.sum()
    error = np.sqrt((weights**2 * (means - weights @ means) ** 2).sum())
    kept = SurpriseLevel.restored(level.sums().tolist())
    for one in (level, kept):
        assert (one.events, one.bits, one.error) == (200, pytest.approx(weights @ means), pytest.approx(error))
