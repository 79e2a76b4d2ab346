"""The beacon benchmark: generator, baselines, thresholds, Zeek export and the real captures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from loglm.anomaly.beacons import BeaconDetector, BeaconScorer
from loglm.anomaly.beacons.features import FEATURES, feature_matrix
from loglm.anomaly.beacons.series import Series, Traffic, traffic_of
from loglm.anomaly.beacons.surroundings import SIZES
from loglm.anomaly.beacons.table import ROW, ConnectionTable
from loglm.anomaly.beacons.timing import TIMING
from loglm.evaluation.beacons.ablation import SHARED, VIEWS, measure_shared, view_methods
from loglm.evaluation.beacons.background import CAPTURES, Machine, Visits, read_machines
from loglm.evaluation.beacons.baselines import BASELINES
from loglm.evaluation.beacons.beats import FORMS, BeaconShape, beat_times
from loglm.evaluation.beacons.benign import HELD_OUT_KINDS, KINDS, draw_service, service_times
from loglm.evaluation.beacons.captures import CAPTURES as CAPTURED
from loglm.evaluation.beacons.captures import rank_captures
from loglm.evaluation.beacons.environments import cut_day, make_day
from loglm.evaluation.beacons.fitting import budget_threshold, fit_scorer
from loglm.evaluation.beacons.grid import HELD_OUT_FORMS, drawn_shapes, grid_shapes, shared_shapes
from loglm.evaluation.beacons.measuring import OURS, all_methods, measure_beacons
from loglm.evaluation.beacons.page import write_beacon_page
from loglm.evaluation.beacons.resampling import drawn_interval, ratio_interval
from loglm.evaluation.beacons.scoring import score_day
from loglm.evaluation.beacons.summary import SHIPPED, alarm_kinds, beacon_scores, factor_scores, grid_cells
from loglm.evaluation.beacons.zeek_files import write_zeek
from loglm.events import read_events

SHAPE = BeaconShape(60.0, 0.2, "uniform", 0.0, "always", "fixed", "own", sessions=False)
DAY_S = 86_400.0


def machine() -> Machine:
    rng = np.random.default_rng(0)
    visits = [
        Visits(
            f"site-{n}.example", f"93.0.0.{n}", 443, np.sort(rng.uniform(3e4, 6e4, 12)), rng.uniform(100, 9e3, (12, 3))
        )
        for n in range(1, 12)
    ]
    return Machine("made up", tuple(visits))


@pytest.mark.parametrize(
    ("form", "low", "high"),
    [
        ("uniform", 0.5, 1.5),
        ("gaussian", 0.05, 3.0),
        ("cobalt-strike", 0.5, 1.0),
        ("sliver", 1.0, 1.5),
        ("mythic", 0.5, 1.5),
    ],
)
def test_sleeps_lie_where_the_framework_puts_them(form: str, low: float, high: float) -> None:
    sleeps = FORMS[form](5_000, 100.0, 0.5, np.random.default_rng(1))
    assert 100 * low <= sleeps.min() and sleeps.max() <= 100 * high + 1e-9
    assert sleeps.std() > 5
    assert (np.round(sleeps) == sleeps).all() == (form == "mythic")


def test_no_jitter_is_none_in_any_form() -> None:
    for form in FORMS.values():
        assert np.allclose(form(50, 60.0, 0.0, np.random.default_rng(0)), 60.0)


def test_missing_beats_duty_and_sessions_do_what_they_say() -> None:
    def count(**change: object) -> int:
        shape = BeaconShape(**{name: change.get(name, getattr(SHAPE, name)) for name in SHAPE.__slots__})
        times, in_session = beat_times(shape, start=0.0, end=DAY_S, rng=np.random.default_rng(2))
        assert (np.diff(times) >= 0).all() and len(in_session) == len(times) and times[-1] < DAY_S
        return len(times) - int(in_session.sum()) if change.get("sessions") is None else int(in_session.sum())

    always = count()
    assert always == pytest.approx(DAY_S / 60.4, rel=0.02)
    assert count(missing=0.3) == pytest.approx(0.7 * always, rel=0.1)
    assert count(duty="working hours") == pytest.approx(9.5 / 24 * always, rel=0.3)
    assert count(duty="sleeps") < 0.95 * always
    assert count(sessions=True) > 20


def test_services_keep_their_period() -> None:
    rng = np.random.default_rng(4)
    for kind in KINDS:
        service = draw_service(kind, 1, rng)
        times = service_times(service, start=0.0, end=DAY_S, rng=rng)
        assert (np.diff(times) >= 0).all()
        gaps = np.diff(times)
        if len(gaps) > 10 and not service.bursts and kind.retries == 0 and service.missing == 0:
            assert np.median(gaps) == pytest.approx(service.interval_s, rel=0.1)


def test_what_is_held_out_is_held_out() -> None:
    shapes = drawn_shapes(np.random.default_rng(0), 500)
    assert not {shape.form for shape in shapes} & set(HELD_OUT_FORMS)
    assert {kind.name for kind in KINDS} > HELD_OUT_KINDS
    tested = {shape.form for shape in grid_shapes(np.random.default_rng(0), of_each=8)}
    assert tested == set(FORMS)
    captures = [capture for split in CAPTURES.values() for capture in split]
    assert len(captures) == len(set(captures))


def test_a_day_is_the_same_for_the_same_seed_and_hides_each_beacon() -> None:
    shapes = grid_shapes(np.random.default_rng(1), of_each=1)
    first, second = (make_day([machine()], shapes, KINDS, hosts=40, seed=9) for _ in range(2))
    for field in ROW.names or ():
        assert np.array_equal(
            first.table.rows()[field], second.table.rows()[field], equal_nan=field.startswith("bytes")
        )
    assert first.table.texts == second.table.texts
    assert [b.shape for b in first.beacons] == shapes
    assert len({b.source for b in first.beacons}) == len(shapes)
    scored = score_day(first, all_methods())
    assert scored.found.mean() > 0.7
    assert len(scored.hidden[OURS]) == len(shapes)
    assert len(scored.benign[OURS]) == len(scored.kinds)


def test_a_cut_day_holds_its_hours_alone() -> None:
    day = cut_day(make_day([machine()], [SHAPE], KINDS, hosts=5, seed=1), start_h=9.0, hours=2.0)
    times = day.table.rows()["time"] % DAY_S / 3_600
    assert len(times) and times.min() >= 9.0 and times.max() < 11.0


def series_of(times: np.ndarray, sizes: np.ndarray) -> tuple[Series, Traffic]:
    table = ConnectionTable()
    rows = np.zeros(len(times), dtype=ROW)
    rows["time"], rows["bytes_out"] = times, sizes
    rows["source"], rows["destination"], rows["port"] = table.number("10.0.0.5"), table.number("93.1.2.3"), 443
    table.extend(rows)
    traffic = traffic_of(table)
    return traffic.series[0], traffic


def test_baselines_tell_a_clock_from_people() -> None:
    rng = np.random.default_rng(0)
    clock = series_of(np.arange(1_440) * 60.0, np.full(1_440, 300.0))
    people = series_of(
        np.sort(rng.choice(DAY_S * rng.beta(5, 5, 12), 300) + rng.exponential(20, 300)), rng.lognormal(7, 1, 300)
    )
    for name, score in BASELINES.items():
        assert score(*clock) > score(*people), name
    assert BASELINES["in RITA's manner"](*clock) == pytest.approx(1.0, abs=0.02)


def test_budget_threshold_lets_so_many_pass() -> None:
    scores = [np.arange(100.0), np.arange(100.0, 200.0)]
    assert (np.concatenate(scores) > budget_threshold(scores, 1_000, 10)).sum() == 10
    assert (np.concatenate(scores) > budget_threshold(scores, 100, 1)).sum() == 0


def test_intervals_bear_that_hosts_are_copies_of_few_machines() -> None:
    wholes = np.full((5, 6), 20.0)
    spread, alike = np.zeros((5, 6)), np.full((5, 6), 10.0)
    spread[:, :3] = 20.0
    wide, narrow = (ratio_interval(parts, wholes) for parts in (spread, alike))
    assert wide.mean == narrow.mean == 0.5
    assert (narrow.low, narrow.high) == (0.5, 0.5)
    assert wide.low < 0.2 and wide.high > 0.8
    one = ratio_interval(spread[:1, :1], wholes[:1, :1])
    assert one.mean == 1.0 and one.low != one.low
    drawn = drawn_interval([lambda weights: float(weights @ spread[0] / (weights @ wholes[0]))] * 5, 6)
    assert drawn.mean == 0.5 and drawn.low < 0.2 and drawn.high > 0.8


def test_each_host_and_series_knows_its_machine() -> None:
    shapes = grid_shapes(np.random.default_rng(1), of_each=1)
    day = make_day([machine(), machine()], shapes, KINDS, hosts=40, seed=9)
    scored = score_day(day, all_methods())
    assert day.hosts == scored.hosts == 40 and set(scored.machines.tolist()) == {0, 1}
    assert scored.hidden_machines.tolist() == [day.machine_of[one.source] for one in day.beacons]
    assert len(scored.benign_machines) == len(scored.kinds)


def test_a_fitted_scorer_orders_beacons_before_the_rest() -> None:
    days = [
        score_day(make_day([machine()], drawn_shapes(np.random.default_rng(s), 20), KINDS, hosts=20, seed=s), {})
        for s in (1, 2)
    ]
    scorer = fit_scorer(days, trees=40)
    other = score_day(
        make_day([machine()], drawn_shapes(np.random.default_rng(3), 30), KINDS, hosts=30, seed=3),
        {"new": lambda _, matrix: scorer.score(matrix)},
    )
    assert np.median(other.hidden["new"][other.found]) > np.quantile(other.benign["new"], 0.9)


def test_trees_of_some_measures_see_no_others() -> None:
    day = score_day(make_day([machine()], drawn_shapes(np.random.default_rng(1), 20), KINDS, hosts=20, seed=1), {})
    blind = fit_scorer([day], features=VIEWS["LogLM without surroundings"], trees=20)
    seen = {FEATURES[column] for tree in blind.trees for column in tree.feature.tolist() if column >= 0}
    assert seen <= {*TIMING, *SIZES} and seen & {*TIMING} and seen & {*SIZES}
    scores, is_beacon = blind.score(day.matrix), np.arange(len(day.matrix)) >= len(day.kinds)
    assert np.median(scores[is_beacon]) > np.quantile(scores[~is_beacon], 0.9)
    changed = day.matrix.copy()
    changed[:, len(TIMING) + len(SIZES) :] = 7.0
    assert np.array_equal(blind.score(changed), scores)


def test_shared_beacons_are_jittered_https_to_places_that_others_call() -> None:
    shapes = shared_shapes(np.random.default_rng(0), of_each=2)
    assert {shape.interval_s for shape in shapes} == {47.0}
    assert {(shape.jitter, shape.host) for shape in shapes} == {
        (jitter, host) for jitter in (0.1, 0.25, 0.5, 0.8) for host in ("shared address", "fronted name")
    }
    assert len(shapes) == 16
    day = make_day([machine()], shapes, KINDS, hosts=30, seed=2)
    traffic = traffic_of(day.table)
    of_name = {one.destination: one for one in traffic.series}
    for one in day.beacons:
        assert one.port == 443
        rows = of_name[one.destination].rows
        called = traffic.reach[of_name[one.destination].label], traffic.address_reach[int(rows["destination"][0])]
        assert max(called) > 1 and (called[0] > 1) == (one.shape.host == "fronted name")


def test_exported_logs_give_the_same_measures(tmp_path: Path) -> None:
    shapes = grid_shapes(np.random.default_rng(1), of_each=1)[5:11]
    day = cut_day(make_day([machine()], shapes, KINDS, hosts=8, seed=4), start_h=8.0, hours=3.0)
    write_zeek(day, tmp_path / "zeek")
    detector = BeaconDetector()
    detector.add_all(read_events([tmp_path / "zeek"]))
    with (tmp_path / "zeek" / "beacons.csv").open(newline="") as file:
        assert [row["destination"] for row in csv.DictReader(file)] == [b.destination for b in day.beacons]
    made, read = traffic_of(day.table), traffic_of(detector.table)
    rows = [{(s.source, s.destination, s.port): row for row, s in enumerate(e.series)} for e in (made, read)]
    assert rows[0].keys() == rows[1].keys()
    order = [[own[key] for key in sorted(rows[0])] for own in rows]
    first, second = feature_matrix(made)[order[0]], feature_matrix(read)[order[1]]
    assert np.allclose(first[:, :15], second[:, :15], atol=1e-3, equal_nan=True)


def test_real_captures_are_ranked(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = [one for one in CAPTURED if one.name in ("rita/proxy", "stratosphere-testing/001", "slips/test18")]
    monkeypatch.setattr("loglm.evaluation.beacons.captures.CAPTURES", small)
    said: list[str] = []
    ranks = {one.capture.name: one for one in rank_captures(shared_data, all_methods(), say=said.append)}
    assert said == list(ranks)
    assert ranks["rita/proxy"].ranks[OURS] == 1
    assert all(one.ranks[OURS] <= 2 for one in ranks.values() if one.ranks[OURS] is not None)
    assert all(one.ranks[OURS] is not None and one.series >= 2 for one in ranks.values())


def test_a_small_run_from_end_to_end(shared_data: Path, tmp_path: Path) -> None:
    small = [score_day(make_day([machine()], drawn_shapes(np.random.default_rng(1), 20), KINDS, hosts=20, seed=1), {})]
    blind = {"times alone": fit_scorer(small, features=TIMING, trees=20)}
    methods = {**all_methods(), **view_methods(blind)}
    run = measure_beacons(shared_data, days=1, hosts=30, say=lambda _: None, methods=methods)
    scores = {(s.model, s.metric): s.value.mean for s in beacon_scores(run)}
    assert scores[OURS, "recall at same alerts, 100"] > scores["in RITA's manner", "recall at same alerts, 100"]
    assert scores[OURS, "PR-AUC"] > scores["autocorrelation", "PR-AUC"]
    assert run.machines == {"validation": 4, "test": 6}
    shipped = BeaconScorer.shipped().thresholds
    for budget, threshold in shipped.items():
        assert scores[SHIPPED, f"recall, {budget}"] == (run.test[0].hidden[OURS] > threshold).mean()
        assert scores[SHIPPED, f"alerts, {budget}"] == pytest.approx(
            (run.test[0].benign[OURS] > threshold).sum() / 30 * 1_000
        )
    assert len(grid_cells(run, budget=10)) == 30 * len(run.thresholds)
    assert {s.data for s in factor_scores(run, budget=10)} >= {"fronted name", "own"}
    assert sum(series for _, _, series in alarm_kinds(run, OURS, budget=10)) == len(run.test[0].kinds)
    shared = measure_shared(shared_data, run, methods, days=1, hosts=30, say=lambda _: None)
    assert {shape.interval_s for day in shared.test for shape in day.shapes} == {47.0}
    assert shared.thresholds == run.thresholds and sum(len(day.shapes) for day in shared.test) == 32
    found = {(s.task, s.model, s.metric): s.value.mean for s in beacon_scores(shared, task=SHARED)}
    budget = "recall at same alerts, 100"
    assert found[SHARED, OURS, budget] > found[SHARED, "times alone", budget]
    assert {s.task for s in factor_scores(shared, budget=10, task=SHARED)} >= {f"{SHARED} by host"}
    write_beacon_page(run, [], tmp_path / "page.html", budget=10, shared=shared)
    page = (tmp_path / "page.html").read_text()
    assert SHARED in page
    assert page.count("<svg") == len(run.thresholds) and "<script" not in page


def test_machines_of_a_capture(shared_data: Path) -> None:
    one, _ = read_machines(shared_data, "train")
    assert any(visits.name.endswith("microsoft.com") for visits in one.visits)
    assert all(
        visits.times is not None and 0 <= visits.times.min() <= visits.times.max() < DAY_S for visits in one.visits
    )
