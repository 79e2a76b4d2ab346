"""What a head is taught by labelled windows, rule hits and rule strings; and how a head is calibrated."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the train extra")

from loglm.detection.sigma import RuleExample
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable
from loglm.events.event import LogSource
from loglm.findings import Level
from loglm.training.attack.calibration import calibrate, environment_folds, out_of_fold_metrics, score_out_of_fold
from loglm.training.attack.examples import make_examples, table_words
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.rule_texts import rule_texts
from loglm.training.attack.scoring import fit_head, table_scorer

LABELS = ("T1003", "T1059", "T1136")
NOISE = "windows/sysmon 1\nImage=svchost.exe"
RULES = NamedTexts(("windows/sysmon 1\nImage=ntdsutil.exe", "linux 1\nx=y"), (("T1003",), ("T9999",)), share=2.0)


def table() -> WindowTable:
    """Two datasets with recordings of five techniques, each with a window of noise alone, and two clean machines."""
    made = WindowTable([])
    for dataset in ("one", "two"):
        for technique in ("T1003", "T1059", "T1136", "T1087", "T1018"):
            recording = Recording(f"{dataset}/{technique}", dataset, dataset, "attack", {technique})
            tool = f"windows/sysmon 1\nImage=tool_{technique}.exe"
            add(made, recording, [[tool, NOISE], [tool], [NOISE]])
    for machine in ("a", "b"):
        recording = Recording(f"clean/{machine}", "clean", f"clean/{machine}", "benign")
        add(made, recording, [[f"windows/security 4624\nUser=u{i}", f"windows/system 7036\nx={i}"] for i in range(30)])
    return made


def add(made: WindowTable, recording: Recording, windows: list[list[str]]) -> None:
    made.recordings.append(recording)
    made.events.append(sum(len(window) for window in windows))
    for window in windows:
        for text in window:
            if text not in made.texts:
                made.texts.append(text)
        made.rows.append(np.asarray([made.texts.index(text) for text in window], np.int32))
        made.recording.append(len(made.recordings) - 1)
        made.channel.append("/".join(window[0].split()[0].split("/")[:2]))
        made.entity.append("host:h")
        made.start.append(float("nan"))
        made.rules.append(())


def everything(made: WindowTable) -> frozenset[int]:
    return frozenset(range(len(made.recordings)))


def test_recordings_weigh_alike_and_background_is_a_negative() -> None:
    made = table()
    examples = make_examples(made, table_words(made, [RULES]), everything(made), LABELS)
    first, second, noise = examples.attack[:30].reshape(10, 3).T
    assert first.tolist() == second.tolist() == [1.0] * 10
    assert noise.tolist() == [0.0] * 10
    assert np.unique(examples.attack_weight[:30:3]).size == 1
    positive = examples.attack == 1
    assert examples.attack_weight[positive].sum() == pytest.approx(examples.attack_weight[examples.attack == 0].sum())


def test_rule_strings_teach_names_and_no_attack() -> None:
    made = table()
    examples = make_examples(made, table_words(made, [RULES]), everything(made), LABELS)
    assert examples.technique[-2:].tolist() == [[1, 0, 0], [0, 0, 0]]
    assert np.isnan(examples.attack[-2:]).all()
    windows = examples.technique_weight[:-2].sum()
    assert examples.technique_weight[-2:].tolist() == pytest.approx([2 * windows, 0])


def test_hits_share_the_target_with_the_label() -> None:
    made = table()
    made.rules[0] = ((int(Level.HIGH), "T1136.001", "rule"), (int(Level.LOW), "T1059", "other"))
    examples = make_examples(made, table_words(made, []), everything(made), LABELS)
    assert examples.technique[0].tolist() == pytest.approx([0.7, 0, 0.3])


def test_rule_texts_are_rendered_as_the_event_they_match() -> None:
    source = LogSource("windows", "", "process_creation")
    example = RuleExample("id", source, ("T1003.001",), Level.HIGH, {"Image": ["procdump"]}, "Dump")
    found = rule_texts([example])
    (text,) = found.texts
    assert found.techniques == (("T1003",),)
    assert text.startswith("windows/sysmon")
    assert "Image=procdump" in text


def test_no_dataset_and_no_machine_is_in_two_folds() -> None:
    made = table()
    folds = environment_folds(made, everything(made), count=2)
    assert frozenset.union(*folds) == everything(made)
    for fold in folds:
        assert {made.recordings[i].dataset for i in fold} in ({"one", "clean"}, {"two", "clean"})


def test_calibration_on_environments_left_out() -> None:
    made = table()
    words = table_words(made, [])

    def fit(recordings: frozenset[int]) -> object:
        return table_scorer(made, words, fit_head(made, words, recordings, LABELS, seed=0), rules=False)

    scores = score_out_of_fold(made, everything(made), fit)  # type: ignore[arg-type]
    assert sorted(scores.windows.tolist()) == list(range(len(made)))
    head = fit_head(made, words, everything(made), LABELS, seed=0)
    head, calibration = calibrate(made, head, scores, false_positives=0.1)
    metrics = out_of_fold_metrics(made, head, scores, calibration)["model"]
    assert metrics["top_1"] == 0.6  # three of the five techniques are among the labels
    assert metrics["right_and_alerted"] > 0
    assert metrics["clean windows alerting, clean/a (30)"] <= 0.2
    assert calibration.channel_basis["windows/security"].clean_machines == 2
    assert calibration.channel_basis["windows/sysmon"].background_windows == 10
