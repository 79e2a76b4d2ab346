"""Environments of a table, and zero-shot against adapted, on made-up windows with a known answer."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from loglm.cli.main import app
from loglm.evaluation.adaptation_benchmark import METRICS, evaluate_environment
from loglm.evaluation.adaptation_environments import environments
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable

torch = pytest.importorskip("torch", reason="needs the train extra")

DAY = 86_400.0
_TEXTS = [
    "mimikatz lsass dump",  # an attack of every lab
    "sensor lsass poll",  # the background of one lab, which looks like an attack
    "chrome desktop start",
    "schtasks create job",
]
ATTACK, SENSOR, DESK, TASK = range(4)


def table() -> WindowTable:
    """A lab of twelve recordings whose sensor reads lsass, another dataset, and two clean machines without a sensor."""
    made = WindowTable([], list(_TEXTS))
    for number in range(12):
        lab = Recording(
            f"security-datasets/{number}", "security-datasets", "security-datasets", "attack", {f"T10{number:02}"}
        )
        _add(made, lab, "host:ws.lab.local", number * DAY, [[ATTACK, DESK]] * 3 + [[SENSOR, DESK]] * 12, hits=3)
    for number in range(12):
        name = "evtx-attack-samples"
        cut = Recording(f"{name}/{number}", name, name, "attack", {"T1003" if number % 2 else "T1053"})
        _add(made, cut, "host:a", number * DAY, [[ATTACK if number % 2 else TASK]] * 4, hits=0)
    for machine in ("dfir-museum-win11-rathbunvm", "omerbenamram-evtx"):
        clean = Recording(f"benign-windows/{machine}/a", "benign-windows", f"benign-windows/{machine}", "benign")
        _add(made, clean, "host:clean", 0.0, [[DESK, DESK], [DESK]] * 60, hits=0)
    return made


def _add(
    made: WindowTable, recording: Recording, entity: str, start: float, rows: list[list[int]], *, hits: int
) -> None:
    for number, row in enumerate(rows):
        made.rows.append(np.asarray(row, np.int32))
        made.recording.append(len(made.recordings))
        made.channel.append("windows/sysmon")
        made.entity.append(entity)
        made.start.append(start + 60.0 * number)
        made.rules.append(((4, "T1003", "rule"),) if number < hits else ())
    made.recordings.append(recording)
    made.events.append(len(rows))


def test_environments_are_labs_and_pairs_cut_by_time() -> None:
    made = table()
    lab, pair = environments(made)
    assert (lab.name, pair.name) == (
        "security-datasets: lab.local",
        "evtx-attack-samples + dfir-museum-win11-rathbunvm",
    )
    start, of = np.asarray(made.start), np.asarray(made.recording)
    for environment in (lab, pair):
        early, late = environment.early, environment.late
        assert not set(early.windows) & set(late.windows)
        assert not (early.attack & early.ordinary).any()
    assert start[lab.early.windows].max() < start[lab.late.windows].min()
    assert set(of[lab.late.windows]) == set(range(6, 12))
    assert (int(lab.late.attack.sum()), int(lab.late.ordinary.sum())) == (18, 72)


def test_background_of_the_lab_takes_its_false_alarms_away() -> None:
    from loglm.training.attack.examples import table_words
    from loglm.training.attack.scoring import fit_attack_side

    made = table()
    lab = environments(made)[0]
    words = table_words(made, [])
    rows = evaluate_environment(
        made,
        words.windows,
        words.words,
        lab,
        lambda recordings, seed: fit_attack_side(made, words, recordings, seed=seed),
        seed=1,
    )
    values = {row.model: row.values for row in rows}
    zero_shot, adapted = values["zero-shot, one threshold by clean machines"], values["background of everything"]
    assert zero_shot["false-positive rate"] == 1
    assert adapted["false-positive rate"] == 0
    assert adapted["recall"] == 1
    assert all(set(row) == set(METRICS) for row in values.values())


def test_command_prints_each_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table().save(tmp_path / "windows")
    arguments = ["evaluate", "adaptation", "--windows", str(tmp_path / "windows"), "--seeds", "1"]
    with pytest.raises(SystemExit) as ended:
        app([*arguments, "--environments", "lab.local", "--json"])
    assert not ended.value.code
    rows = json.loads(capsys.readouterr().out)
    assert {row["environment"] for row in rows} == {"security-datasets: lab.local"}
    assert len(rows) == 18
    with pytest.raises(SystemExit):
        app([*arguments, "--environments", "nowhere"])
    assert "no environment" in capsys.readouterr().err
