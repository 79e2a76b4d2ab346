"""Running the benchmark: cells that are kept, altered logs, what is noted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hashed_words import hashed_words
from labelled_logs import write_logs
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.anomaly.cells import Cell, CellFolder
from loglm.evaluation.anomaly.detectors.registry import choose_detectors, detector_kinds
from loglm.evaluation.anomaly.running import AnomalyBenchmark, BenchmarkOptions, run_anomaly_benchmark
from loglm.evaluation.anomaly.sets.registry import choose_sets


def run(
    data: Path, out: Path | None, *, sets: list[str], models: list[str], encoder: str = "", **options: object
) -> tuple[AnomalyBenchmark, list[str]]:
    said: list[str] = []
    measured = run_anomaly_benchmark(
        data,
        choose_sets(sets),
        choose_detectors(detector_kinds(hashed_words, encoder), models),
        BenchmarkOptions(**options),
        CellFolder(out),
        say=said.append,
        show=lambda _: None,
    )
    return measured, said


def test_finished_cells_are_not_measured_again(tmp_path: Path) -> None:
    data = write_logs(tmp_path)
    options = {"sets": ["hdfs"], "models": ["unseen-events", "isolation-forest"], "seeds": 2, "altered": False}
    first, said = run(data, tmp_path / "out", **options)
    assert len(said) == 3  # one cell of unseen events, two of the forest
    second, said = run(data, tmp_path / "out", **options)
    assert said == []
    assert [score.place for score in second.scores] == [score.place for score in first.scores]
    _, said = run(data, tmp_path / "out", **{**options, "seeds": 3})
    assert [line.partition(" s")[0] for line in said] == ["hdfs: isolation-forest,"]


def test_only_what_reads_another_encoder_needs_new_cells(tmp_path: Path) -> None:
    data = write_logs(tmp_path)
    options = {"sets": ["hdfs"], "models": ["unseen-events", "encoder-nn"], "altered": False}
    run(data, tmp_path / "out", **options)
    _, said = run(data, tmp_path / "out", **options, encoder="other")
    assert [line.partition(",")[0] for line in said] == ["hdfs: encoder-nn"]


def test_the_detector_that_the_validation_part_chose_has_a_row(tmp_path: Path) -> None:
    data = write_logs(tmp_path)
    labels = [f"blk_{n},{'Anomaly' if n in (13, 19) else 'Normal'}" for n in range(20)]
    (data / "block_labels.csv").write_text("\n".join(["block_id,label", *labels]) + "\n")
    lines = (data / "hdfs_lines.log").read_text().splitlines()
    lines[26:28] = lines[38:40]  # of block 13, in the validation part
    (data / "hdfs_lines.log").write_text("\n".join(lines) + "\n")
    measured, _ = run(data, None, sets=["hdfs"], models=["isolation-forest", "unseen-events"], seeds=1, altered=False)
    rows = {score.model: score.value.mean for score in measured.scores if score.metric == "PR-AUC"}
    assert rows["chosen: unseen-events"] == rows["unseen-events"] == 1
    assert rows["isolation-forest"] < 1


def test_altered_logs_have_tasks_of_their_own(tmp_path: Path) -> None:
    measured, _ = run(write_logs(tmp_path), None, sets=["hdfs"], models=["unseen-events"])
    by_task = {score.task: score.value.mean for score in measured.scores if score.metric == "PR-AUC"}
    assert by_task["normal only"] == 1
    assert by_task["normal only, 20% of events altered"] <= 1
    assert len(by_task) == 9


def test_what_cannot_be_measured_is_noted_and_the_rest_goes_on(tmp_path: Path) -> None:
    measured, _ = run(
        write_logs(tmp_path), None, sets=["hdfs", "adfa"], models=["unseen-events", "counts-lr"], altered=False
    )
    assert [facts.name for facts in measured.sets] == ["hdfs"]
    assert (measured.sets[0].learned, measured.sets[0].tested, measured.sets[0].tested_anomalies) == (12, 4, 1)
    assert "hdfs: counts-lr not measured: the part to learn from does not hold both" in measured.notes[0]
    assert "no ADFA-LD.zip" in measured.notes[1]


def test_nothing_to_measure_is_refused_with_reasons(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match=r"nothing could be measured\. hdfs: not measured: .*no hdfs_lines\.log"):
        run(tmp_path, None, sets=["hdfs"], models=["unseen-events"])


def test_a_quick_run_takes_some_of_the_sequences(tmp_path: Path) -> None:
    measured, _ = run(write_logs(tmp_path), None, sets=["thunderbird"], models=["unseen-events"], quick=True)
    assert measured.sets[0].learned == 15


def test_a_cell_that_is_cut_off_is_measured_again(tmp_path: Path) -> None:
    folder = CellFolder(tmp_path / "out")
    folder.keep("set-model-0", "k" * 64, Cell({"tune": np.ones(3), "test": np.zeros(2)}, 1.5))
    kept = folder.kept("set-model-0", "k" * 64)
    assert kept is not None
    assert (kept.seconds, kept.scores["tune"].tolist()) == (1.5, [1, 1, 1])
    (file,) = (tmp_path / "out" / "cells").iterdir()
    file.write_bytes(file.read_bytes()[:100])
    assert folder.kept("set-model-0", "k" * 64) is None


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds other files"):
        CellFolder(tmp_path)
