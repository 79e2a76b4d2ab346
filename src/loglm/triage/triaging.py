"""Triage of incidents against a history of labelled ones: what to raise, what to close, and what cannot be said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from loglm.analysis.embedding import embed_all
from loglm.errors import EmptyInputError, InputError, SourceLocation
from loglm.events.problems import Problems
from loglm.events.progress import Progress, silent
from loglm.plurals import plural
from loglm.runtime.encoder import LogEncoder
from loglm.search.encoders import load_encoder
from loglm.triage.calibration import DecisionThreshold
from loglm.triage.deciding import Decision, Judged, TriageModels, judge, learn_models
from loglm.triage.history import History, Learned, PastIncidents
from loglm.triage.incident_files import IncidentFiles, nothing_read
from loglm.triage.incidents import Contradiction, Incidents, Ruling, read_incidents, read_rulings
from loglm.triage.pooling import incident_vectors
from loglm.triage.reasons import Neighbour, why
from loglm.triage.records import Incident, head_key
from loglm.triage.verdicts import Verdict

__all__ = ["CLOSE_ERROR", "RAISE_ERROR", "Triage", "TriagedIncident", "triage"]

RAISE_ERROR = 0.1
CLOSE_ERROR = 0.02


@dataclass(frozen=True, slots=True)
class TriagedIncident:
    """An incident and what is to be done with it."""

    incident: Incident
    decision: Decision
    reason: str
    """In a sentence."""
    raise_score: float
    """In 0..1: how strongly the neighbours speak for an attack; no probability."""
    close_score: float
    """In 0..1: how strongly they speak against one."""
    neighbours: Sequence[Neighbour]
    """Nearest first, at most five; of equally near ones the newest."""


@dataclass(frozen=True, slots=True)
class Triage:
    """What a run found."""

    incidents: Sequence[TriagedIncident]
    """What is raised first, then what cannot be said, the likelier attack first, then what is closed."""
    to_raise: DecisionThreshold | None
    """None where no incident was to be judged."""
    to_close: DecisionThreshold | None
    past: Mapping[Verdict, int]
    """Incidents of the history by verdict."""
    learned: Learned
    contradictions: Sequence[Contradiction]
    """Between what was given, and with what was learned before."""
    same_text: int
    """Texts of which the history has both attacks and others; neighbours then disagree."""
    decided: int
    """Incidents that have a verdict in the history already, and are not judged again."""
    returned: int
    """Incidents judged although their ids have a verdict in the history: content or time is another."""
    forgotten: int
    """Incidents taken out of the history."""
    is_read_only: bool
    """The history cannot be written, so that verdicts cannot be kept."""

    def count(self, decision: Decision) -> int:
        """Incidents with a decision."""
        return sum(found.decision is decision for found in self.incidents)


def triage(
    paths: Sequence[str | Path],
    *,
    history: Path,
    learn: Sequence[str | Path] = (),
    verdicts: Sequence[str | Path] = (),
    forget: Sequence[str] = (),
    model: Path | None = None,
    raise_error: float = RAISE_ERROR,
    close_error: float = CLOSE_ERROR,
    threads: int | None = None,
    problems: Problems | None = None,
    progress: Progress = silent,
) -> Triage:
    """Judge incidents by the nearest past ones, having learned what is to be learned first.

    Args:
        paths: Incidents or alerts to judge; none to learn alone, or to count what the history holds. Verdicts in them
            are not looked at.
        history: Folder of past incidents; made where there is none and something to learn.
        learn: Incidents or alerts with verdicts, added to the history.
        verdicts: Verdicts by incident id, on incidents of the history or of ``paths``; the last one counts. Those of
            ``paths`` are learned and not judged.
        forget: Ids of incidents to take out of the history first, with the verdicts on them.
        model: Model folder; the shipped one by default.
        raise_error: Share of what is raised that may be no true positive.
        close_error: Share of what is closed that may be a true positive.
        threads: CPU threads; all cores by default.
        problems: Takes what cannot be read, and verdicts that are none.
        progress: Is told how far the work is.

    Raises:
        InputError: A path does not exist, an error is not in 0..1, the history is damaged or of one class only, or
            cannot be written and something is to be learned or forgotten.
        EmptyInputError: Nothing was read, or the history is empty.
        ModelError: The model cannot be used, or the history is of another one.
    """
    _check_errors(raise_error, close_error)
    if not (paths or learn or verdicts or forget or history.exists()):
        raise InputError("nothing was given: expected incidents to judge, or some to learn with --learn")
    problems = Problems() if problems is None else problems
    encoder, encoder_id = load_encoder(model, threads=threads)
    vectors = partial(_vectors, encoder, progress)
    with History(history, encoder_id) as opened:
        given = _read(paths, learn, verdicts, problems, progress)
        forgotten = _forget(opened, forget, history, problems)
        learned = _learn(opened, given, vectors, problems)
        past = opened.incidents()
        is_read_only = opened.is_read_only
    asked, returned = _undecided(given.new, past, problems)
    said = [*given.contradictions, *learned.contradictions]
    decided = len(given.new) - len(asked)
    about = (_counts(past), learned, said, _same_text(past), decided, returned, forgotten, is_read_only)
    if not given.new:
        return Triage([], None, None, *about)
    _refuse_one_sided(history, past)
    models = learn_models(
        past.vectors, past.is_attack, past.heads, past.contents, raise_error=raise_error, close_error=close_error
    )
    return Triage(_judged(asked, vectors(asked), models, past), models.to_raise, models.to_close, *about)


def _judged(
    asked: Sequence[Incident], vectors: np.ndarray, models: TriageModels, past: PastIncidents
) -> list[TriagedIncident]:
    judged = judge(models, vectors, [head_key(incident.parts) for incident in asked])
    found = [_triaged(place, incident, judged, models, past) for place, incident in enumerate(asked)]
    return sorted(found, key=_order)


@dataclass(frozen=True, slots=True)
class _Given:
    """What a run was given."""

    new: Incidents
    labelled: Incidents
    rulings: Sequence[Ruling]
    contradictions: Sequence[Contradiction]


def _check_errors(raise_error: float, close_error: float) -> None:
    for name, error in (("raise", raise_error), ("close", close_error)):
        if not 0 < error < 1:
            raise InputError(f"the {name} error is {error}; expected a share between 0 and 1, such as 0.05")


def _read(
    paths: Sequence[str | Path],
    learn: Sequence[str | Path],
    verdicts: Sequence[str | Path],
    problems: Problems,
    progress: Progress,
) -> _Given:
    to_judge = IncidentFiles(paths, problems)
    new = read_incidents(progress(to_judge, "incidents"), problems=Problems())
    may_be_none = to_judge.may_hold_none
    labelled = read_incidents(progress(IncidentFiles(learn, problems), "incidents"), problems=problems)
    rulings, changed = read_rulings(verdicts, problems=problems) if verdicts else ([], [])
    for incident in labelled:
        if incident.verdict is None and not incident.problem:
            why = "no verdict, so it decides nothing until --verdicts gives one; looked for verdict, classification, "
            problems.note("no-verdict", f"{incident.incident_id}: {why}disposition and the like", incident.location)
    for what, some, found in (("judge", paths, new), ("learn", learn, labelled), ("feed back", verdicts, rulings)):
        if some and not found and what == "judge" and may_be_none:
            problems.note("no-incidents", "no incident in it, nothing to judge", SourceLocation(str(some[0])))
        elif some and not found:
            raise EmptyInputError(nothing_read(some, what, problems))
    return _Given(new, labelled, rulings, [*labelled.contradictions, *changed])


def _learn(
    history: History, given: _Given, vectors: Callable[[Sequence[Incident]], np.ndarray], problems: Problems
) -> Learned:
    """Incidents with verdicts, and verdicts on incidents that the history holds or that are at hand."""
    to_come = {ruling.incident_id for ruling in given.rulings}
    wanted = [*given.labelled, *(i for i in given.new if i.incident_id in to_come)]
    by_id = {incident.incident_id: incident for incident in wanted}
    known = history.marks([*by_id, *to_come])
    rulings = [Ruling(i.incident_id, i.verdict, i.location) for i in given.labelled if i.verdict is not None]
    for ruling in given.rulings:
        if ruling.incident_id in known or ruling.incident_id in by_id:
            rulings.append(ruling)
        else:
            why = f"no incident {ruling.incident_id} in the history or among those to judge; give it with --learn"
            problems.note("unknown-incident", why, ruling.location)
    ruled = {ruling.incident_id for ruling in rulings}
    taken = [i for name, i in by_id.items() if name not in known or (name in ruled and known[name] != i.mark)]
    if not (taken or rulings):
        return Learned(0, 0, 0, [])
    return history.learn(taken, vectors(taken), rulings)


def _forget(history: History, names: Sequence[str], folder: Path, problems: Problems) -> int:
    held = history.forget(names)
    for name in names:
        if name not in held:
            problems.note("unknown-incident", f"no incident {name} to forget", SourceLocation(str(folder)))
    return len(held)


def _undecided(incidents: Incidents, past: PastIncidents, problems: Problems) -> tuple[list[Incident], int]:
    """Those on which the history has no verdict; of how many it has one by their id, but for something else."""
    decided = past.marks
    asked = [incident for incident in incidents if decided.get(incident.incident_id) != incident.mark]
    returned = [incident for incident in asked if incident.incident_id in decided]
    for incident in returned:
        why = "an incident of this id has a verdict in the history, but other content or another time; judged"
        problems.note("id-returned", f"{incident.incident_id}: {why}", incident.location)
    return asked, len(returned)


def _vectors(encoder: LogEncoder, progress: Progress, incidents: Sequence[Incident]) -> np.ndarray:
    embed = partial(embed_all, encoder, progress=progress)
    return incident_vectors([incident.parts for incident in incidents], embed, width=encoder.width)


def _refuse_one_sided(folder: Path, past: PastIncidents) -> None:
    attacks, number = int(past.is_attack.sum()), len(past.incidents)
    if not number:
        raise EmptyInputError(
            f"{folder}: the history is empty, so nothing can be said; give incidents with verdicts with --learn"
        )
    if attacks in (0, number):
        has, lacks = ("true positives", "false or benign") if attacks else ("false or benign positives", "true")
        raise InputError(
            f"{folder}: the history has {has} alone ({plural(number, 'incident')}), so nothing can be told apart; give "
            f"{lacks} positives too, with --learn or --verdicts"
        )


def _counts(past: PastIncidents) -> dict[Verdict, int]:
    counts = Counter(incident.verdict for incident in past.incidents)
    return {verdict: counts[verdict] for verdict in Verdict}


def _same_text(past: PastIncidents) -> int:
    kinds: dict[bytes, set[bool]] = {}
    for content, is_attack in zip(past.contents, past.is_attack.tolist(), strict=True):
        kinds.setdefault(content, set()).add(is_attack)
    return sum(len(both) > 1 for both in kinds.values())


def _triaged(
    place: int, incident: Incident, judged: Judged, models: TriageModels, past: PastIncidents
) -> TriagedIncident:
    near = [
        Neighbour(round(float(similarity), 4), past.incidents[row])
        for row, similarity in zip(judged.near.rows[place], judged.near.similarity[place], strict=True)
        if row >= 0
    ]
    raises, closes = float(judged.raise_score[place]), float(judged.close_score[place])
    decision = judged.decisions[place]
    reason = why(decision, near, raises, closes, models, is_known=bool(judged.is_known[place]))
    return TriagedIncident(incident, decision, reason, round(raises, 4), round(closes, 4), near)


def _order(found: TriagedIncident) -> tuple[int, float]:
    return (Decision.RAISE, Decision.OPEN, Decision.CLOSE).index(found.decision), -found.raise_score
