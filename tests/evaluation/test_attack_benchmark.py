"""The attack benchmark: roles of recordings and machines, baselines, figures."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from loglm.cli.main import app
from loglm.errors import EmptyInputError
from loglm.evaluation.attack_baselines import Scorer, event_id_model, sigma_model, training_windows, word_model
from loglm.evaluation.attack_benchmark import (
    DATASETS,
    MACHINES,
    Benchmark,
    BenchmarkModel,
    base_labels,
    is_used,
    machine_of,
    run_benchmark,
    select_recordings,
)
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_summary import ALL, ALL_MACHINES, NOT_DUPLICATE, NOT_SIGMA, Figure, summarise
from loglm.evaluation.window_table import WindowTable

_TEXTS = [
    "windows/sysmon 1\nImage=mimikatz.exe",
    "windows/sysmon 10\nTargetImage=lsass.exe",
    "windows/security 4698\nTaskName=updater",
    "windows/security 4624\nLogonType=3",
    "windows/system 7036\nparam1=service",
]
_DAY = 86400.0


def _table() -> WindowTable:
    """Two datasets of credential dumping and scheduled tasks, and the clean machines."""
    table = WindowTable([])
    for dataset in ("evtx-attack-samples", "sigma-regression"):
        for number in range(6):
            credential = number % 2 == 0
            names = {"T1003.001"} if credential else {"T1053.005"}
            tactics = {"credential-access"} if credential else {"persistence"}
            rows = [0, 1, 3] if credential else [2, 3]
            hit = ((4, "T1003.001", "rule"),) if credential else ()
            _add(table, Recording(f"{dataset}/{number}", dataset, dataset, "attack", names, tactics), [rows], [hit])
    for machine in MACHINES:
        folder = f"benign-windows/{machine}"
        windows = [[3 + i % 2] * (1 + i % 3) for i in range(40)]
        _add(table, Recording(f"{folder}/a", "benign-windows", folder, "benign"), windows, [()] * 40)
    return table


def _add(
    table: WindowTable, recording: Recording, rows: list[list[int]], rules: list[tuple[tuple[int, str, str], ...]]
) -> None:
    table.texts = list(_TEXTS)
    table.recordings.append(recording)
    table.events.append(sum(map(len, rows)))
    for place, (row, hits) in enumerate(zip(rows, rules, strict=True)):
        table.rows.append(np.asarray(row, np.int32))
        table.recording.append(len(table.recordings) - 1)
        table.channel.append("windows/security")
        table.entity.append("host:a")
        table.start.append(_DAY * (place % 4))
        table.rules.append(hits)


def _run(table: WindowTable, model: BenchmarkModel, *, seeds: int = 1, budget: float = 0.05) -> Benchmark:
    return run_benchmark(table, [model], seeds=range(seeds), budget=budget, report=lambda *_: None)


def _given(scores: np.ndarray) -> BenchmarkModel:
    """A model that has learned a score for each window of the table."""

    def fit(_recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        return lambda windows: (scores[windows], np.eye(len(labels))[np.zeros(len(windows), int)])

    return BenchmarkModel("given", fit)


def _machine_windows(table: WindowTable, machine: str) -> np.ndarray:
    return np.asarray([w for w, r in enumerate(table.recording) if machine_of(table.recordings[r]) == machine])


def _figure(figures: list[Figure], section: str, group: str, metric: str) -> Figure:
    return next(f for f in figures if (f.section, f.group, f.metric) == (section, group, metric))


@pytest.mark.parametrize("build", [word_model, event_id_model])
def test_a_linear_baseline_names_what_it_has_seen_in_the_other_dataset(build: object) -> None:
    table = _table()
    results = _run(table, BenchmarkModel("linear", build(table)))  # type: ignore[operator]
    figures = summarise(table, results)
    assert _figure(figures, "recordings", ALL, "top-1").value.mean == 1.0
    assert _figure(figures, "recordings", ALL, "right and alerted").value.mean == 1.0
    assert _figure(figures, "clean machine", ALL_MACHINES, "false-positive rate").value.mean == 0.0
    assert _figure(figures, "technique", "T1003", "recall").support == 6


def test_sigma_names_the_techniques_of_its_hits_only() -> None:
    table = _table()
    figures = summarise(table, _run(table, BenchmarkModel("sigma", sigma_model(table), 0.6, learns=False)))
    assert _figure(figures, "recordings", ALL, "top-1").value.mean == 0.5
    assert _figure(figures, "recordings", ALL, "alerted").value.mean == 0.5
    assert _figure(figures, "technique", "T1053", "recall").value.mean == 0.0


def test_the_strongest_hit_of_a_window_names_the_technique() -> None:
    table = _table()
    table.rules[0] = ((2, "T1105", "low"), (3, "T1053.005", "medium"), (5, "T1021.002", "critical"))
    labels = base_labels()
    attack, technique = sigma_model(table)(frozenset(), labels, 0)(np.array([0]))
    assert attack.tolist() == [1.0]
    assert labels[technique[0].argmax()] == "T1021"
    assert technique.sum() == 1.0


def _spy(table: WindowTable, seen: list[tuple[frozenset[int], set[int]]]) -> BenchmarkModel:
    """Notes which recordings it learned from, and which it scored."""

    def fit(recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            seen.append((recordings, {table.recording[w] for w in windows}))
            return np.zeros(len(windows)), np.zeros((len(windows), len(labels)))

        return score

    return BenchmarkModel("spy", fit)


def test_all_is_scored_once_a_seed_by_models_that_learned_from_the_rest() -> None:
    table = _table()
    seen: list[tuple[frozenset[int], set[int]]] = []
    _run(table, _spy(table, seen))
    everything = set(range(len(table.recordings)))
    assert sorted(r for _, scored in seen for r in scored) == sorted(everything)
    for learned, scored in seen:
        assert learned == everything - scored
        groups = [(r.kind, r.environment) for r in (table.recordings[i] for i in scored)]
        assert all(len({name for kind, name in groups if kind == part}) <= 1 for part in ("attack", "benign"))


def test_later_seeds_learn_from_fewer_recordings_and_all_machines() -> None:
    table = _table()
    seen: list[tuple[frozenset[int], set[int]]] = []
    _run(table, _spy(table, seen), seeds=2)
    first, later = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert [scored for _, scored in first] == [scored for _, scored in later]
    clean = {i for i, recording in enumerate(table.recordings) if recording.kind == "benign"}
    for (before, _), (after, scored) in zip(first, later, strict=True):
        assert after < before
        assert len(after - clean) == len(before - clean) * 9 // 10
        assert after & clean == clean - scored


def test_a_loud_machine_sets_the_thresholds_of_others_and_not_its_own() -> None:
    table = _table()
    loud = _machine_windows(table, "plaso")
    scores = np.full(len(table), 0.1)
    scores[loud] = 0.8
    attacks = [w for w, r in enumerate(table.recording) if table.recordings[r].kind == "attack"]
    scores[attacks] = 0.5
    figures = summarise(table, _run(table, _given(scores)))
    rates = {m: _figure(figures, "clean machine", m, "false-positive rate").value.mean for m in MACHINES}
    assert rates == {name: float(name == "plaso") for name in MACHINES}
    assert _figure(figures, "clean machine", ALL_MACHINES, "false-positive rate").value.mean == pytest.approx(0.2)
    # No dataset of this table shares a fold with the loud machine, so no recording is above what that one reaches.
    assert _figure(figures, "recordings", ALL, "alerted").value.mean == 0.0


def test_recordings_alert_where_the_loud_machine_is_left_out_with_them() -> None:
    table = _table()
    scores = np.full(len(table), 0.1)
    scores[_machine_windows(table, "dfir-museum-win11-rathbunvm")] = 0.8
    scores[[w for w, r in enumerate(table.recording) if table.recordings[r].kind == "attack"]] = 0.5
    figures = summarise(table, _run(table, _given(scores)))
    assert _figure(figures, "recordings", "evtx-attack-samples", "alerted").value.mean == 1.0
    assert _figure(figures, "recordings", "sigma-regression", "alerted").value.mean == 0.0


def _with_background(table: WindowTable) -> np.ndarray:
    """Windows of 120 Sysmon events a dataset, that recur under five techniques; the windows added."""
    first = len(table)
    for dataset in ("evtx-attack-samples", "sigma-regression"):
        for name in ("T1003", "T1053", "T1105", "T1547", "T1021"):
            _add(table, Recording(f"{dataset}/{name}", dataset, dataset, "attack", {name}), [[1]] * 24, [()] * 24)
    table.channel[first:] = ["windows/sysmon"] * (len(table) - first)
    return np.arange(first, len(table))


def test_background_of_the_other_dataset_keeps_a_channel_without_clean_data_quiet() -> None:
    table = _table()
    added = _with_background(table)
    scores = np.full(len(table), 0.1)
    scores[added] = np.tile(np.linspace(0.5, 0.9, 120), 2)
    figures = summarise(table, _run(table, _given(scores)))
    rate = _figure(figures, "channel", "windows/sysmon", "alert rate on background")
    assert rate.value.mean == pytest.approx(0.1)
    assert rate.support == 240
    clean = _figure(figures, "channel", "windows/sysmon", "false-positive rate")
    assert clean.support == 0
    assert np.isnan(clean.value.mean)


def test_background_of_the_tested_dataset_sets_no_threshold_of_its_own() -> None:
    table = _table()
    added = _with_background(table)
    scores = np.full(len(table), 0.1)
    scores[added[:120]] = 0.9
    scores[added[120:]] = 0.2
    figures = summarise(table, _run(table, _given(scores)))
    assert _figure(figures, "channel", "windows/sysmon", "alert rate on background").value.mean == 0.5


def test_a_channel_says_on_how_many_clean_windows_and_machines_its_rate_rests() -> None:
    table = _table()
    for window in _machine_windows(table, "plaso")[:7]:
        table.channel[window] = "windows/system"
    figures = summarise(table, _run(table, _given(np.full(len(table), 0.1))))
    for channel, windows, machines in (("windows/system", 7, 1), ("windows/security", 193, 5)):
        assert _figure(figures, "channel", channel, "false-positive rate").support == windows
        assert _figure(figures, "channel", channel, "clean machines").value.mean == machines


def test_alerts_are_counted_by_host_day_and_findings_merge_them() -> None:
    table = _table()

    def fit(_recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        return lambda windows: (np.ones(len(windows)), np.eye(len(labels))[np.zeros(len(windows), int)])

    figures = summarise(table, _run(table, BenchmarkModel("always", fit, threshold=0.5)))
    for machine in (MACHINES[0], ALL_MACHINES):
        assert _figure(figures, "clean machine", machine, "alerts per host-day").value.mean == 10.0
        assert _figure(figures, "clean machine", machine, "findings per host-day").value.mean == 1.0
    assert _figure(figures, "channel", "windows/security", "false-positive rate").value.mean == 1.0


def test_recordings_are_ranked_against_windows_of_all_clean_machines() -> None:
    table = _table()
    scores = np.full(len(table), 0.1)
    scores[[w for w, r in enumerate(table.recording) if table.recordings[r].kind == "attack"]] = 0.5
    scores[_machine_windows(table, "plaso")] = 0.8
    figures = summarise(table, _run(table, _given(scores)))
    assert _figure(figures, "recordings", ALL, "PR-AUC").value.mean == pytest.approx(12 / (12 + 40))
    assert _figure(figures, "recordings", ALL, "PR-AUC files").value.mean == pytest.approx(12 / (12 + 1))
    assert _figure(figures, "recordings", ALL, "ECE").value.mean == pytest.approx((12 * 0.5 + 4 * 0.1 + 0.8) / 17)


def test_recordings_seen_in_training_are_left_out_where_duplicates_are() -> None:
    table = _table()
    table.rows[0] = np.asarray([0, 0, 0], np.int32)
    figures = summarise(table, _run(table, BenchmarkModel("words", word_model(table))))
    assert _figure(figures, "recordings", NOT_DUPLICATE, "top-1").support == 1
    assert _figure(figures, "recordings", NOT_SIGMA, "top-1").support == 6


def test_a_missing_machine_is_named() -> None:
    table = _table()
    keep = [i for i, r in enumerate(table.recordings) if not r.file.startswith("benign-windows/plaso")]
    with pytest.raises(EmptyInputError, match="plaso"):
        _run(select_recordings(table, keep), BenchmarkModel("sigma", sigma_model(table)))


def test_selected_recordings_keep_their_texts() -> None:
    table = _table()
    part = select_recordings(table, [1, 12])
    assert [r.file for r in part.recordings] == ["evtx-attack-samples/1", f"benign-windows/{MACHINES[0]}/a"]
    assert [part.texts[i] for i in part.rows[0]] == [_TEXTS[2], _TEXTS[3]]
    assert part.recording == [0] + [1] * 40


@pytest.mark.parametrize(
    ("recording", "used"),
    [
        (Recording("a", "security-datasets", "a", "attack", {"T1003"}), True),
        (Recording("a", "security-datasets", "a", "attack"), False),
        (Recording("a", "security-datasets", "a", "mixed", {"T1003"}), False),
        (Recording("a", "dfir-museum", "a", "mixed", {"T1003"}), False),
        (Recording("a", "benign-windows", "benign-windows/plaso", "benign"), True),
        (Recording("a", "benign-windows", "benign-windows/a", "benign"), False),
    ],
)
def test_which_recordings_are_used(recording: Recording, used: bool) -> None:
    assert is_used(recording) is used


def test_training_windows_are_spread_and_hold_those_with_hits() -> None:
    table = WindowTable([])
    rules: list[tuple[tuple[int, str, str], ...]] = [()] * 1000
    rules[1] = ((3, "T1003", "rule"),)
    recording = Recording("a", "security-datasets", "a", "attack", {"T1003"})
    _add(table, recording, [[0]] * 1000, rules)
    windows = training_windows(table, {0})
    assert len(windows) == 41
    assert {0, 1, 999} <= set(windows.tolist())


def test_a_folder_without_labels_is_an_error(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", "attack", "--data", str(tmp_path)])
    assert result.exit_code != 0
    assert "labels.csv" in str(result.exception) + result.output


def test_the_command_writes_figures_of_every_baseline(tmp_path: Path) -> None:
    kept, figures = tmp_path / "table.zst", tmp_path / "figures.csv"
    _table().save(kept)
    arguments = ["--data", str(tmp_path), "--windows", str(kept), "--quick", "--baselines-only", "--csv", str(figures)]
    result = CliRunner().invoke(app, ["evaluate", "attack", *arguments])
    assert result.exit_code == 0, result.output
    with figures.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    again = CliRunner().invoke(app, ["evaluate", "attack", *arguments])
    assert again.exit_code == 2 and "figures.csv: already there" in again.stderr
    assert CliRunner().invoke(app, ["evaluate", "attack", *arguments, "--force"]).exit_code == 0
    top1 = {r["model"]: float(r["mean"]) for r in rows if (r["group"], r["metric"]) == ("all", "top-1")}
    assert top1 == {
        "event ids + logistic regression": 1.0,
        "TF-IDF + logistic regression": 1.0,
        "Sigma rules, medium and above": 0.5,
    }
    assert "Protocol." in result.output
    for column in ("right and alerted", "PR-AUC", "findings per host-day", "background windows, not clean data"):
        assert column in result.output
    assert "TF-IDF + logistic regression, seed 0, without evtx-attack-samples and" in result.stderr


def test_help_says_what_the_data_folder_holds() -> None:
    shown = CliRunner().invoke(app, ["evaluate", "attack", "--help"]).stdout
    assert all(name in shown for name in ("DATA/labels.csv", *DATASETS, *MACHINES))


def test_folder_without_the_recordings_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,technique_id,tactic,kind\nsigma-regression/x.evtx,T1059,execution,attack\n"
    )
    result = CliRunner().invoke(app, ["evaluate", "attack", "--data", str(tmp_path)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(f"benign-windows/{machine}" in result.stderr for machine in MACHINES)
    assert "at least two of the datasets evtx-attack-samples, " in result.stderr
