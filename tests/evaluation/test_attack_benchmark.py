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
    MACHINE_FOLDS,
    BenchmarkModel,
    FoldResult,
    base_labels,
    is_used,
    run_benchmark,
    select_recordings,
)
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_summary import ALL, NOT_DUPLICATE, NOT_SIGMA, Figure, summarise
from loglm.evaluation.window_table import WindowTable

_MACHINES = ("omerbenamram-evtx", "plaso", "python-evtx", "velocidex-evtx", "dfir-museum-win11-rathbunvm")
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
    for machine in _MACHINES:
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


def _run(table: WindowTable, model: BenchmarkModel, *, seeds: int = 1, swap: bool = False) -> list[FoldResult]:
    return run_benchmark(table, [model], seeds=seeds, budget=0.05, swap=swap, report=lambda _: None)


def _figure(figures: list[Figure], section: str, group: str, metric: str) -> Figure:
    return next(f for f in figures if (f.section, f.group, f.metric) == (section, group, metric))


@pytest.mark.parametrize("build", [word_model, event_id_model])
def test_a_linear_baseline_names_what_it_has_seen_in_the_other_dataset(build: object) -> None:
    table = _table()
    results = _run(table, BenchmarkModel("linear", build(table)))  # type: ignore[operator]
    figures = summarise(table, results)
    assert _figure(figures, "recordings", ALL, "top-1").value.mean == 1.0
    assert _figure(figures, "recordings", ALL, "right and alerted").value.mean == 1.0
    assert _figure(figures, "clean machine", MACHINE_FOLDS[0].test, "false-positive rate").value.mean == 0.0
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


def test_nothing_tested_is_learned_from() -> None:
    table = _table()
    seen: list[tuple[frozenset[int], set[int]]] = []

    def fit(recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            seen.append((recordings, {table.recording[w] for w in windows}))
            return np.zeros(len(windows)), np.zeros((len(windows), len(labels)))

        return score

    _run(table, BenchmarkModel("spy", fit), seeds=2, swap=True)
    assert len(seen) == 2 * 3
    for learned, scored in seen:
        assert learned
        assert not learned & scored


def test_later_seeds_learn_from_fewer_recordings() -> None:
    table = _table()
    sizes: dict[int, int] = {}

    def fit(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        sizes[seed] = len(recordings)
        return lambda windows: (np.zeros(len(windows)), np.zeros((len(windows), len(labels))))

    _run(table, BenchmarkModel("spy", fit), seeds=2)
    assert sizes == {0: 7, 1: 6}


def test_alerts_are_counted_by_host_day_and_findings_merge_them() -> None:
    table = _table()

    def fit(_recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        return lambda windows: (np.ones(len(windows)), np.eye(len(labels))[np.zeros(len(windows), int)])

    figures = summarise(table, _run(table, BenchmarkModel("always", fit, threshold=0.5)))
    machine = MACHINE_FOLDS[0].test
    assert _figure(figures, "clean machine", machine, "alerts per host-day").value.mean == 10.0
    assert _figure(figures, "clean machine", machine, "findings per host-day").value.mean == 1.0
    assert _figure(figures, "channel", f"{machine} windows/security", "false-positive rate").value.mean == 1.0


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
    assert [r.file for r in part.recordings] == ["evtx-attack-samples/1", "benign-windows/omerbenamram-evtx/a"]
    assert [part.texts[i] for i in part.rows[0]] == [_TEXTS[2], _TEXTS[3]]
    assert part.recording == [0] + [1] * 40


@pytest.mark.parametrize(
    ("recording", "used"),
    [
        (Recording("a", "security-datasets", "a", "attack", {"T1003"}), True),
        (Recording("a", "security-datasets", "a", "attack"), False),
        (Recording("a", "security-datasets", "a", "mixed", {"T1003"}), False),
        (Recording("a", "dfir-museum", "a", "mixed", {"T1003"}), False),
        (Recording("a", "benign-windows", "benign-windows/a", "benign"), True),
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
    arguments = ["--data", str(tmp_path), "--table", str(kept), "--quick", "--baselines-only", "--csv", str(figures)]
    result = CliRunner().invoke(app, ["evaluate", "attack", *arguments])
    assert result.exit_code == 0, result.output
    with figures.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    top1 = {r["model"]: float(r["mean"]) for r in rows if (r["group"], r["metric"]) == ("all", "top-1")}
    assert top1 == {
        "event ids + logistic regression": 1.0,
        "TF-IDF + logistic regression": 1.0,
        "Sigma rules, medium and above": 0.5,
    }
    assert "Protocol." in result.output
