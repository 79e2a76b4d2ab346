"""Incidents of files: records of one id are one incident, and verdicts that contradict each other are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from loglm.errors import InputError, SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lines import decode_line, iter_lines
from loglm.events.mappers import map_record
from loglm.events.opening import open_inputs
from loglm.events.problems import Problems
from loglm.events.reading import read_source
from loglm.events.source import Source
from loglm.triage.incident_files import leave_out, refuses
from loglm.triage.records import Incident, from_event
from loglm.triage.stix import StixObjects, is_stix
from loglm.triage.verdicts import Verdict

__all__ = ["MOST_INCIDENTS", "Contradiction", "Incidents", "Ruling", "read_incidents", "read_rulings"]

MOST_INCIDENTS = 200_000
"""In one run."""

_PAIR = 2
"""Columns of a table of verdicts."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict on an incident, and where it stands."""

    incident_id: str
    verdict: Verdict
    location: SourceLocation


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two verdicts on one incident."""

    first: Ruling
    second: Ruling
    counts: Verdict | None
    """Which of them is taken; None for neither."""

    def __str__(self) -> str:
        taken = "neither counts" if self.counts is None else "the latter counts"
        return (
            f"{self.second.location}: {self.second.incident_id} is a {self.second.verdict.words}, but a "
            f"{self.first.verdict.words} at {self.first.location}; {taken}"
        )


@dataclass(slots=True)
class Incidents:
    """What was read."""

    by_id: dict[str, Incident] = field(default_factory=dict)
    """In the order in which they were first met."""
    contradictions: list[Contradiction] = field(default_factory=list)
    """Those incidents have no verdict."""

    def __iter__(self) -> Iterator[Incident]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)


def read_incidents(events: Iterable[LogEvent], *, problems: Problems) -> Incidents:
    """Incidents or alerts of events as `loglm.events.read_events` gives them: of JSON, JSON lines, CSV, OCSF findings,
    STIX bundles, or any log, where each record is an alert.

    Args:
        events: Read to their end.
        problems: Takes verdicts that cannot be taken.

    Raises:
        InputError: There are more than 200,000 incidents.
    """
    found = Incidents()
    rulings: dict[str, Ruling] = {}
    refused: set[str] = set()
    for incident in _incidents(events):
        if incident.problem:
            problems.note("verdict-not-taken", f"{incident.incident_id}: {incident.problem}", incident.location)
        known = found.by_id.get(incident.incident_id)
        found.by_id[incident.incident_id] = incident if known is None else known.joined(incident)
        _refuse_too_many(found, incident)
        if incident.verdict is not None and incident.incident_id not in refused:
            ruling = Ruling(incident.incident_id, incident.verdict, incident.location)
            contradiction = _contradiction(rulings.get(incident.incident_id), ruling)
            rulings[incident.incident_id] = ruling
            if contradiction is not None:
                found.contradictions.append(contradiction)
                if contradiction.counts is None:
                    refused.add(incident.incident_id)
    for name, ruling in rulings.items():
        verdict = None if name in refused else ruling.verdict
        found.by_id[name] = replace(found.by_id[name], verdict=verdict)
    return found


def _contradiction(first: Ruling | None, second: Ruling) -> Contradiction | None:
    """Of two verdicts in the same records, where nothing says which is newer: attack or not must be decided by people;
    false or benign makes no difference to what is done."""
    if first is None or first.verdict is second.verdict:
        return None
    is_open = Verdict.TRUE_POSITIVE in (first.verdict, second.verdict)
    return Contradiction(first, second, None if is_open else second.verdict)


def read_rulings(paths: Sequence[str | Path], *, problems: Problems) -> tuple[list[Ruling], list[Contradiction]]:
    """Verdicts by incident id; of several on one incident the last counts, so that a file can be appended to.

    Args:
        paths: Tables with an id and a verdict, or any format that incidents come in.
        problems: Takes what cannot be read and verdicts that are none.

    Raises:
        InputError: A path does not exist.
    """
    found: dict[str, Ruling] = {}
    changed = []
    for incident in _verdict_records(paths, problems):
        if incident.verdict is None:
            why = incident.problem or "no verdict here; expected an id and a verdict"
            problems.note("verdict-not-taken", f"{incident.incident_id}: {why}", incident.location)
            continue
        ruling = Ruling(incident.incident_id, incident.verdict, incident.location)
        before = found.pop(ruling.incident_id, None)
        if before is not None and before.verdict is not ruling.verdict:
            changed.append(Contradiction(before, ruling, ruling.verdict))
        found[ruling.incident_id] = ruling
    return list(found.values()), changed


def _verdict_records(paths: Sequence[str | Path], problems: Problems) -> Iterator[Incident]:
    for source in open_inputs(paths, problems, leave_out=leave_out):
        header = decode_line(source.head.split(b"\n")[0]).strip().split(",")
        if refuses(source, problems):
            continue
        if len(header) == _PAIR and header[0][:1] not in ("{", "["):  # which readers of logs take for lines of text
            yield from _incidents(_pairs(source, header, problems))
        else:
            yield from _incidents(read_source(source, problems))


def _pairs(source: Source, header: Sequence[str], problems: Problems) -> Iterator[LogEvent]:
    names = [name.strip().strip('"') for name in header]
    for number, line in iter_lines(source, problems):
        cells = [cell.strip().strip('"') for cell in line.rsplit(",", 1)]
        if len(cells) == _PAIR and cells != names:
            yield map_record(dict(zip(names, cells, strict=True)), line, source.at(number))


def _incidents(events: Iterable[LogEvent]) -> Iterator[Incident]:
    """One a record; those of STIX objects after all others, because what they refer to may come after them."""
    stix = StixObjects()
    for event in events:
        if is_stix(event.attributes):
            if len(stix) >= MOST_INCIDENTS:
                raise InputError(f"{event.location}: more than {MOST_INCIDENTS:,} STIX objects; give fewer at once")
            stix.add(event)
        else:
            yield from_event(event)
    yield from stix.incidents()


def _refuse_too_many(found: Incidents, incident: Incident) -> None:
    if len(found) > MOST_INCIDENTS:
        raise InputError(f"{incident.location}: more than {MOST_INCIDENTS:,} incidents; give fewer at once")
