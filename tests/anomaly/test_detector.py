"""From logs to anomalies: what is learned, what is reported, and what is said of the baseline."""

from __future__ import annotations

from array import array
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from loglm.anomaly import baseline as baseline_module
from loglm.anomaly.baseline import FEWEST_EVENTS, fit_baseline
from loglm.anomaly.detector import find_anomalies
from loglm.anomaly.findings import CHANGED, describe
from loglm.anomaly.options import AnomalyOptions
from loglm.anomaly.stretches import Stretch, outside
from loglm.anomaly.table import EventTable, TableReader, View, entity_of
from loglm.anomaly.threshold import Alerts, HeldOut, Threshold, alert_budget, median_threshold, threshold_for
from loglm.context.codebook import TemplateCodebook
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer
from loglm.context.steps import Step
from loglm.errors import EmptyInputError, InputError, SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.findings import Level
from machine_logs import CRON, write_day

LOUD = AnomalyOptions(budget=1e5)


def test_what_the_baseline_does_not_have_is_found_and_shown(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "usual.log", day=1)
    odd = write_day(tmp_path / "odd.log", day=2, extra={500: "insmod[66]: loading out-of-tree module taints kernel"})
    found = find_anomalies([odd], baseline=[usual])
    (one,) = describe(found.reports, found, most=5)
    assert one.finding.entity == "web1"
    assert "insmod" in one.finding.evidence[0].raw
    assert one.finding.evidence[0].location.record == 501
    assert one.reason == "rarity"
    assert any(CRON.split("[")[0] in text for text, _ in one.expected)
    assert not one.finding.calibrated
    assert one.finding.reasons[0].startswith(f"{one.bits:.1f} bits: rarity ")
    assert any(text.startswith("expected ") and CRON.split("[")[0] in text for text in one.finding.reasons)


def test_an_ordinary_day_keeps_silent(tmp_path: Path) -> None:
    found = find_anomalies([write_day(tmp_path / "b.log", day=2)], baseline=[write_day(tmp_path / "a.log", day=1)])
    assert found.reports == []
    assert not found.drift.is_drift


def test_without_a_baseline_the_first_share_by_time_is_one(tmp_path: Path) -> None:
    late = write_day(tmp_path / "a-later.log", day=2, extra={700: "insmod[66]: loading out-of-tree module"})
    early = write_day(tmp_path / "b-earlier.log", day=1)
    found = find_anomalies([late, early])
    assert found.baseline_events == found.scored_events == 1_440
    assert len(found.reports) == 1


def test_the_same_thing_on_all_hosts_is_told_once(tmp_path: Path) -> None:
    hosts = [f"web{n}" for n in range(4)]
    usual = [write_day(tmp_path / f"u-{host}.log", day=1, host=host) for host in hosts]
    update = {300: "dpkg[9]: upgrade openssl amd64 3.0.1 3.0.2"}
    days = [write_day(tmp_path / f"d-{host}.log", day=2, host=host, extra=update) for host in hosts]
    found = find_anomalies(days, baseline=usual)
    (report,) = found.reports
    assert report.repeats == len(report.others) == 3


def test_a_repeat_within_a_day_is_counted_and_not_told_again(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "u.log", day=1)
    extra = dict.fromkeys((100, 400, 800), "insmod[66]: loading out-of-tree module taints kernel")
    found = find_anomalies([write_day(tmp_path / "d.log", day=2, extra=extra)], baseline=[usual])
    (report,) = found.reports
    assert report.repeats == 2
    assert report.others == []


def test_an_attack_in_the_baseline_is_said(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "u.log", day=1, extra={300: "insmod[66]: loading out-of-tree module taints kernel"})
    found = find_anomalies([write_day(tmp_path / "d.log", day=2)], baseline=[usual])
    assert [report.entity for report in found.suspicious] == [("host", "web1")]
    (one,) = describe(found.suspicious, found, most=3)
    assert "insmod" in one.finding.evidence[0].raw


@pytest.mark.parametrize("minute", [100, 500, 1_300])
def test_an_attack_that_the_baseline_holds_is_found_again(tmp_path: Path, minute: int) -> None:
    """Seven times in a row, in any part of it; the threshold does not lie above it."""
    attack = "insmod[66]: loading out-of-tree module taints kernel"
    usual = write_day(tmp_path / "u.log", day=1, extra=dict.fromkeys(range(minute, minute + 7), attack))
    found = find_anomalies([write_day(tmp_path / "d.log", day=2, extra={300: attack})], baseline=[usual])
    (one,) = describe(found.reports, found)
    (told,) = describe(found.suspicious, found)
    assert "insmod" in one.finding.evidence[0].raw
    assert told.finding.evidence[0].location.record == minute + 1


def test_what_is_known_to_be_harmless_is_learned_however_unusual(tmp_path: Path) -> None:
    odd = {300: "insmod[66]: loading out-of-tree module taints kernel"}
    table = EventTable()
    hides = lambda entity, event: ("known", Level.HIGH) if "insmod" in event.raw else None  # noqa: E731
    reader = TableReader(table, TemplateCodebook(), hides=hides)
    usual = write_day(tmp_path / "u.log", day=1, extra=odd)
    reader.read(read_events([usual]), str(usual))
    fitted = fit_baseline(table, table.in_time(), codes=2_048, encoder=None, budget=100, progress=iter)
    assert fitted.scorer.environment.events == 1_440
    table.hidden, table.hiders = array("i"), [None]
    fitted = fit_baseline(table, table.in_time(), codes=2_048, encoder=None, budget=100, progress=iter)
    assert fitted.scorer.environment.events == 1_439


def test_stretches_of_the_baseline_are_told_by_weight(tmp_path: Path) -> None:
    """Two that are forty minutes apart, of which the later has three texts; the day has fifty stretches."""
    extra = {300 + n: f"insmod[66]: module {word} taints kernel" for n, word in enumerate("abc")}
    extra[260] = "kernel: usb device connected"
    found = find_anomalies(
        [write_day(tmp_path / "d.log", day=2)], baseline=[write_day(tmp_path / "u.log", day=1, extra=extra)]
    )
    assert [report.count for report in found.suspicious] == [3, 1]


def test_stretches_are_left_out_of_the_baseline(tmp_path: Path) -> None:
    attack = "insmod[66]: loading out-of-tree module taints kernel"
    paths = [
        write_day(tmp_path / f"{day}.log", day=day, extra=dict.fromkeys(range(300, 600), attack)) for day in (1, 2)
    ]
    stretch = Stretch.read("2026-03-01T05:00Z/2026-03-01T09:59Z")
    whole = find_anomalies(paths[1:], baseline=paths[:1])
    found = find_anomalies(paths[1:], baseline=paths[:1], options=AnomalyOptions(leave_out=(stretch,)))
    assert (found.baseline_events, found.left_out) == (1_140, 300)
    said = [
        any("insmod" in item.raw for one in describe(of.reports, of) for item in one.finding.evidence)
        for of in (whole, found)
    ]
    assert said == [False, True]
    with pytest.raises(InputError, match="no event of the baseline"):
        find_anomalies(paths[:1], baseline=paths[1:], options=AnomalyOptions(leave_out=(stretch,)))


@pytest.mark.parametrize("text", ["", "2026-03-01", "2026-03-02/2026-03-01", "2026-03-01/soon", "/", "a/b/c"])
def test_what_is_no_stretch_of_time_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no stretch of time"):
        Stretch.read(text)


def test_both_ends_of_a_stretch_lie_in_it_and_what_has_no_time_does_not() -> None:
    stretch = Stretch.read("1970-01-02 / 1970-01-02T00:00:02+00:00")
    times = 86_400.0 + np.asarray([-0.1, 0.0, 2.0, 2.1, np.nan])
    assert outside(times, [stretch]).tolist() == [True, False, False, True, True]
    assert outside(times, []).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [({"budget": 0}, "budget"), ({"baseline_share": 1.0}, "share"), ({"baseline_share": 0.0}, "share")],
)
def test_impossible_options_are_refused(options: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        AnomalyOptions(**options)


def test_a_threshold_given_takes_the_place_of_the_budget(tmp_path: Path) -> None:
    usual, day = write_day(tmp_path / "u.log", day=1), write_day(tmp_path / "d.log", day=2)
    low = find_anomalies([day], baseline=[usual], options=AnomalyOptions(threshold=0.0))
    high = find_anomalies([day], baseline=[usual], options=AnomalyOptions(threshold=1e3))
    assert low.threshold.expected > 50
    assert low.reports
    assert not high.reports


def test_too_small_a_baseline_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "small.log"
    path.write_text("Mar  4 10:15:01 web1 sshd[7]: hello\n" * (FEWEST_EVENTS + 10))
    with pytest.raises(InputError, match=f"at least {FEWEST_EVENTS}"):
        find_anomalies([path])


def test_no_event_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_text("")
    with pytest.raises(EmptyInputError):
        find_anomalies([tmp_path / "empty.log"])


def test_standard_input_is_refused() -> None:
    with pytest.raises(InputError, match="once only"):
        find_anomalies(["-"])


def test_events_without_time_or_entity_are_counted_and_scored(tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("".join(f"worker {n % 3} did step {n % 5}\n" for n in range(400)))
    found = find_anomalies([path], options=LOUD)
    assert found.oddities["without_entity"] == 400
    assert found.oddities["without_time"] == found.scored_events == 200


def test_a_clock_that_jumps_is_counted_and_all_events_are_scored(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "u.log", day=1)
    lines = write_day(tmp_path / "d.log", day=2).read_text().splitlines(keepends=True)
    lines[700] = lines[700].replace("2026-03-02", "2031-01-01")
    (tmp_path / "d.log").write_text("".join(lines))
    found = find_anomalies([tmp_path / "d.log"], baseline=[usual])
    assert found.oddities["clock_jumps"] == 1
    assert found.scored_events == found.oddities["scored"] == 1_440


def test_a_table_is_in_the_order_of_time_with_timeless_events_behind_the_one_before() -> None:
    times = [30.0, None, 10.0, 20.0, None]
    source = LogSource("linux")
    events = [LogEvent(f"{n}", SourceLocation("a", n), source, {}, f"text {n}", t) for n, t in enumerate(times)]
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(iter(events))
    assert table.in_time().tolist() == [2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        ("primary", ("host", "h")),
        ("user", ("user", "u")),
        ("address", ("source_address", "1.1.1.1")),
        ("pair", ("pair", "1.1.1.1 > 2.2.2.2")),
    ],
)
def test_an_event_is_taken_for_the_entity_asked_for(view: str, expected: tuple[str, str]) -> None:
    event = LogEvent(
        "",
        SourceLocation("a"),
        LogSource("windows"),
        host="h",
        user="u",
        source_address="1.1.1.1",
        destination_address="2.2.2.2",
    )
    assert entity_of(event, view) == expected


@pytest.mark.parametrize("view", ["primary", "host", "user", "address", "pair", "account"])
def test_a_name_as_long_as_a_record_is_cut(view: View) -> None:
    one, other = (
        LogEvent(
            "",
            SourceLocation("a"),
            LogSource("windows"),
            host=name,
            user=name,
            source_address=name,
            destination_address=name,
            attributes={"SubscriptionId": name},
        )
        for name in ("x" * 1_000_000, "x" * 999_999)
    )
    assert entity_of(one, view) != entity_of(other, view)
    assert len(entity_of(one, view)[1]) < 600


def test_a_threshold_allows_what_the_budget_says() -> None:
    bits = np.random.default_rng(0).exponential(3, 1_000)
    found = threshold_for(bits.tolist(), 5)
    assert (bits >= found.bits).sum() == 5
    assert found.keeps_budget


def test_the_median_of_thresholds_expects_what_parts_at_random_would() -> None:
    """In five parts of n events, alerts above the median of the largest ones are 3.9 in the mean."""
    drawn = np.random.default_rng(0).exponential(9, (2_000, 5, 200))
    found = [median_threshold([threshold_for(part, 0.5) for part in parts]) for parts in drawn]
    assert {(round(one.expected, 4), one.allowed, one.keeps_budget) for one in found} == {(3.9167, 2.5, False)}
    new = np.exp(-np.asarray([one.bits for one in found]) / 9) * 1_000
    assert new.mean() == pytest.approx(3.9167, abs=0.15)
    kept = median_threshold([Threshold(bits, 2.5, 2.0) for bits in (90.0, 12.0, 9.0, 14.0, 80.0)])
    assert (kept.bits, kept.allowed, kept.expected, kept.keeps_budget) == (14.0, 12.5, 10.0, True)


@pytest.mark.parametrize("number", [0, 1, 1_500, 2_000, 50_000])
def test_what_was_held_out_is_kept_in_few_values(number: int) -> None:
    bits = np.sort(np.random.default_rng(0).exponential(3, number).round(2))[::-1]
    kept = HeldOut.of(bits)
    assert len(kept.bits) == min(number, 2_000)
    for limit in (0.0, 0.5, 3.0, 10.0, 12.0, 99.0):
        reached = int((bits >= limit).sum())
        assert reached - number / 1_000 <= kept.reached(limit) <= reached
        assert kept.reached(limit) == reached or reached > 1_000
        assert kept.share_below(limit) == pytest.approx((number - reached) / (number + 1), abs=0.001)


def test_the_most_unusual_of_each_text_entity_and_hour_could_be_an_alert() -> None:
    environment, alerts, best = Environment(8), Alerts(), dict[tuple[str, int, int | None], float]()
    environment.learn([[(Step(c, c, 0, 0.0, 0), 0) for c in (0, 1) * 50]])
    scorer = ContextScorer(environment)
    for n in range(300):
        name, key, time = "ab"[n % 2], n % 7, None if n % 5 == 0 else 500.0 * n
        (scored,) = scorer.add(("host", name), Step(key, key, 0, time, n))
        alerts.add(scored)
        hour = None if time is None else int(time // 3_600)
        best[name, key, hour] = max(scored.surprise.bits, best.get((name, key, hour), 0.0))
    assert alerts.bits().tolist() == sorted(best.values(), reverse=True)


def test_a_short_baseline_cannot_keep_a_small_budget_and_says_so() -> None:
    found = threshold_for([1.0, 2.0, 8.0], alert_budget(10, 1, 3_600))
    assert found.bits > 8
    assert not found.keeps_budget


def test_files_of_the_baseline_are_not_scored_and_that_is_said(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "usual.log", day=1)
    write_day(tmp_path / "odd.log", day=2)
    problems = Problems()
    found = find_anomalies([tmp_path], baseline=[tmp_path / ".." / tmp_path.name / usual.name], problems=problems)
    assert found.baseline_events == found.scored_events == 1_440
    assert problems.notes["in-baseline"] == 1


def test_nothing_beside_the_baseline_is_refused(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "usual.log", day=1)
    with pytest.raises(InputError, match="is the baseline"):
        find_anomalies([tmp_path], baseline=[usual])


@pytest.mark.parametrize("change", ["rotated", "cut", "gone"])
def test_a_file_that_changed_is_no_evidence(tmp_path: Path, change: str) -> None:
    usual = write_day(tmp_path / "usual.log", day=1)
    odd = write_day(tmp_path / "odd.log", day=2, extra={500: "insmod[66]: loading out-of-tree module taints kernel"})
    found = find_anomalies([odd], baseline=[usual])
    if change == "rotated":
        write_day(odd, day=3)
    elif change == "cut":
        odd.write_text("".join(odd.read_text().splitlines(keepends=True)[:100]))
    else:
        odd.unlink()
    (one,) = describe(found.reports, found, most=5)
    assert [(item.raw, item.location.path) for item in one.finding.evidence] == [(CHANGED, str(odd))]
    assert one.finding.entity == "web1"


def test_what_stands_out_in_the_baseline_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(baseline_module, "_MOST_KEPT", 5)
    extra = {minute: f"insmod[66]: module number{minute} taints kernel" for minute in range(0, 900, 30)}
    table = EventTable()
    usual = write_day(tmp_path / "u.log", day=1, extra=extra)
    TableReader(table, TemplateCodebook()).read(read_events([usual]), str(usual))
    fitted = fit_baseline(table, table.in_time(), codes=2_048, encoder=None, budget=100, progress=iter)
    assert len(fitted.kept) == 5
    numbers = [scored.step.number for scored in fitted.kept]
    assert numbers == sorted(numbers)


def test_the_budget_counts_entities_of_a_day_and_not_all_that_ever_were(tmp_path: Path) -> None:
    """Each of thirty hosts is there on one day of its own, so one is active a day."""
    days = [write_day(tmp_path / f"{day}.log", day=day, host=f"h{day}") for day in range(1, 31)]
    table = EventTable()
    reader = TableReader(table, TemplateCodebook())
    for path in days:
        reader.read(islice(read_events([path]), 0, None, 40), str(path))
    fitted = fit_baseline(table, table.in_time(), codes=2_048, encoder=None, budget=1_000, progress=iter)
    assert fitted.threshold.allowed == pytest.approx(30, rel=0.15)


@pytest.mark.parametrize("log", ["ssh", "web", "linux", "simulated"])
def test_a_stretch_that_is_proposed_is_left_out_whole_and_nothing_else(log: str) -> None:
    path = f"examples/logs/{log}"
    found = find_anomalies([path])
    baseline, times = found.table.in_time()[: found.baseline_events], found.table.filled_times()
    assert found.suspicious
    for report in found.suspicious[:3]:
        stretch = found.to_leave_out(report)
        assert stretch is not None and stretch.first < stretch.last
        left = find_anomalies([path], options=AnomalyOptions(leave_out=(Stretch.read(str(stretch)),)))
        assert report.start is not None and report.end is not None
        assert left.left_out == np.count_nonzero((times[baseline] >= report.start) & (times[baseline] <= report.end))
        still = {event.number for other in left.suspicious for event in other.events}
        assert not still & {event.number for event in report.events}


def test_events_without_time_are_left_out_with_the_one_before_them(tmp_path: Path) -> None:
    lines = write_day(tmp_path / "day.log", day=1).read_text().splitlines(keepends=True)[:200]
    lines.insert(101, "insmod: a module taints kernel\n")
    (tmp_path / "day.log").write_text("".join(lines))
    found = find_anomalies([tmp_path / "day.log"], options=AnomalyOptions(baseline_share=0.9))
    (odd,) = [one for one in found.suspicious if any(event.number == 101 for event in one.events)]
    stretch = found.to_leave_out(odd)
    assert stretch is not None
    options = AnomalyOptions(baseline_share=0.9, leave_out=(stretch,))
    left = find_anomalies([tmp_path / "day.log"], options=options)
    assert 101 not in {event.number for one in left.suspicious for event in one.events}


def test_nothing_is_proposed_where_too_little_would_be_left(tmp_path: Path) -> None:
    usual = write_day(tmp_path / "usual.log", day=1, extra={30: "insmod[66]: module taints kernel"})
    found = find_anomalies([write_day(tmp_path / "next.log", day=2)], baseline=[usual])
    (report,) = found.suspicious
    assert found.to_leave_out(report) is not None
    assert replace(found, baseline_events=FEWEST_EVENTS + 1).to_leave_out(report) is not None
    assert replace(found, baseline_events=FEWEST_EVENTS).to_leave_out(report) is None
