"""Triage of incidents by nearest past ones: what is raised, what is closed, and what that saves and costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.alert_incidents import alert_files, read_alert_incidents
from loglm.evaluation.scores import Score
from loglm.evaluation.suite.task import PublishedFigure, SuiteInputs, SuiteTask, TaskRun
from loglm.evaluation.triage_benchmark import split_incidents, triage_scores
from loglm.plurals import plural

__all__ = ["TASK"]

_THEIRS = "364 incidents of five days, after 4,550 of 85"


def _files(inputs: SuiteInputs) -> list[Path]:
    data = inputs.need("data")
    found = alert_files(data)
    if not found:
        raise EmptyInputError(f"{data}: no alerts of AIT-ADS; expected files *_alerts.txt anywhere below it")
    return found


def _score(run: TaskRun) -> Iterator[Score]:
    split = split_incidents(read_alert_incidents(_files(run.inputs)))
    incidents, first = split.incidents, split.test_from
    attacks = [int(incidents.is_attack[rows].sum()) for rows in (slice(first), slice(first, None), split.is_new)]
    run.note(
        f"{plural(incidents.alerts, 'alert')}, {plural(len(incidents.parts), 'incident')}: {first:,} of the history "
        f"({attacks[0]:,} true positives), {len(incidents.parts) - first:,} of the test ({attacks[1]:,}), "
        f"{int(split.is_new.sum()):,} of those unlike any before ({attacks[2]:,})."
    )
    yield from triage_scores(split, run.models.embedders(run.note), run.say)


TASK = SuiteTask(
    name="triage",
    about="Incidents of AIT-ADS, each what one rule says of one host until ten minutes of silence, with the rules that "
    "fire beside it; two companies of the test come after the three of the history. Five nearest past incidents vote; "
    "closed is only what is called as a harmless one was. "
    "Errors: share of what is raised that may be no true positive, and of what is closed that may be one, kept on the "
    "history with 95 % confidence; where none is kept, nothing is raised or closed. Volume saved: share of all that is "
    "closed; mis-suppressed: of true positives. 95 % bootstrap intervals over hours of a company.",
    files=_files,
    score=_score,
    low_is_good=frozenset({"mis-suppressed"}),
    published=(
        PublishedFigure("incident triage, true-positive model, precision / recall", "1.0 / .42", _THEIRS),
        PublishedFigure("incident triage, benign and false-positive model, precision / recall", "1.0 / .53", _THEIRS),
        PublishedFigure("incident triage, case volume", "-53.6 %", _THEIRS),
    ),
)
