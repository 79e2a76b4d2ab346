"""Incidents of AIT-ADS, and the figures of triage on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from labelled_logs import write_alerts
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.alert_incidents import AlertIncidents, alert_files, read_alert_incidents
from loglm.evaluation.embedders import tfidf
from loglm.evaluation.triage_benchmark import ERRORS, TEST_FROM, split_incidents, triage_figures, triage_scores
from loglm.triage.deciding import Decision

_HEADER = "time,name,ip,host,short,time_label,event_label\n"


def row(time: float, name: str, host: str = "mail", label: str = "-") -> str:
    return f"{int(time)},{name},10.0.0.1,{host},X,false_positive,{label}\n"


def read(folder: Path, *rows: str) -> AlertIncidents:
    (folder / "fox_alerts.txt").write_text(_HEADER + "".join(rows))
    return read_alert_incidents(alert_files(folder))


def test_an_incident_is_what_a_rule_says_of_a_host_until_it_is_silent(tmp_path: Path) -> None:
    found = read(
        tmp_path, row(0, "A"), row(500, "A"), row(500, "A", "web"), row(620, "B", label="dirb"), row(1200, "A")
    )
    assert found.start.tolist() == [0, 500, 620, 1200]
    assert found.is_attack.tolist() == [False, False, True, False]
    assert [list(parts) for parts in found.parts] == [
        ["A\nalerts=2", "B"],
        ["A\nalerts=1"],
        ["B\nalerts=1", "A"],
        ["A\nalerts=1", "B"],
    ]
    assert (found.alerts, set(found.company)) == (5, {"fox"})


def test_an_incident_ends_after_an_hour(tmp_path: Path) -> None:
    found = read(tmp_path, *(row(second, "A") for second in range(0, 4300, 100)))
    assert found.start.tolist() == [0, 3700]


def test_labels_are_in_no_text(tmp_path: Path) -> None:
    found = read(tmp_path, row(0, "A", label="dirb"), row(1, "B", "fileserver9"))
    assert not any(word in str(found.parts) for word in ("dirb", "false_positive", "fileserver9", "fox"))


def test_another_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fox_alerts.txt").write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match="no table of alerts; expected the columns event_label, host, name, time"):
        read_alert_incidents(alert_files(tmp_path))
    with pytest.raises(EmptyInputError, match="no alert was read"):
        read_alert_incidents([])


def days(folder: Path) -> AlertIncidents:
    return read_alert_incidents(alert_files(write_alerts(folder)))


def test_duplicates_of_the_history_are_not_new(tmp_path: Path) -> None:
    incidents = read(
        tmp_path,
        row(TEST_FROM - 9000, "A"),
        row(TEST_FROM - 8000, "C", "web", "dirb"),
        row(TEST_FROM + 5000, "A"),
        row(TEST_FROM + 9000, "D"),
        row(TEST_FROM + 15000, "D"),
        row(TEST_FROM + 25000, "E", "web", "dirb"),
    )
    split = split_incidents(incidents)
    assert (split.test_from, split.is_new.tolist()) == (2, [False, False, False, True, False, True])


def test_a_test_without_attacks_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="from 2022-01-25: expected attacks and others"):
        split_incidents(read(tmp_path, row(1, "A"), row(9000, "B", label="dirb"), row(TEST_FROM, "A")))


def test_figures_are_those_of_the_decisions(tmp_path: Path) -> None:
    split = split_incidents(days(tmp_path))
    truth = split.incidents.is_attack[split.test_from :]
    decisions = np.where(truth, Decision.RAISE, Decision.CLOSE)
    decisions[np.flatnonzero(truth)[:10]] = Decision.CLOSE
    decisions[np.flatnonzero(~truth)[:8]] = Decision.OPEN
    attacks, others = int(truth.sum()), int((~truth).sum())
    found = {name: value.mean for name, value in triage_figures(split, decisions, np.ones(len(truth), bool)).items()}
    assert found == pytest.approx(
        {
            "raise precision": 1,
            "raise recall": (attacks - 10) / attacks,
            "close precision": (others - 8) / (others + 2),
            "close recall": (others - 8) / others,
            "volume saved": (others + 2) / len(truth),
            "mis-suppressed": 10 / attacks,
        }
    )


def test_plain_incidents_are_told_apart(tmp_path: Path) -> None:
    scores = list(triage_scores(split_incidents(days(tmp_path)), [tfidf()], lambda _: None))
    found = {(score.task, score.model, score.metric): score.value.mean for score in scores}
    lenient = f"triage, errors {ERRORS[1][0]:.0%} and {ERRORS[1][1]:.0%}"
    for model in ("equal texts", "TF-IDF"):
        assert found[lenient, model, "raise recall"] > 0.9
        assert found[lenient, model, "raise precision"] == 1
        assert found[lenient, model, "mis-suppressed"] == 0


def test_alerts_of_the_real_set_are_grouped(shared_data: Path) -> None:
    files = [path for path in alert_files(shared_data) if path.name.startswith("russell")]
    found = read_alert_incidents(files)
    assert (found.alerts, len(found.parts), int(found.is_attack.sum())) == (45_544, 1_762, 46)
