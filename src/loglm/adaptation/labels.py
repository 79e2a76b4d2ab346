"""Labels of analysts for windows: by the id of a finding, or by the place of an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loglm.detection.engine import detect
from loglm.events.problems import Problems
from loglm.findings import Finding
from loglm.triage.incidents import read_rulings
from loglm.triage.verdicts import Verdict

__all__ = ["PlacedLabels", "place_labels"]


@dataclass(frozen=True, slots=True)
class PlacedLabels:
    """Verdicts on events."""

    by_place: dict[str, Verdict] = field(default_factory=dict)
    """``path:record`` -> verdict."""
    findings: dict[str, Finding] = field(default_factory=dict)
    """The findings that were labelled by their id."""
    benign_positives: tuple[Finding, ...] = ()
    """Of those, the ones that are right in what they say, and harmless here."""
    counts: Counter[Verdict] = field(default_factory=Counter)
    """Labels by verdict."""
    not_found: tuple[str, ...] = ()
    """Labels whose finding is not among those of the logs. Untrusted."""

    def verdict(self, places: frozenset[str]) -> Verdict | None:
        """That of a window with these events: a true positive before the others, a false one last."""
        found = {self.by_place[place] for place in places if place in self.by_place}
        for verdict in (Verdict.TRUE_POSITIVE, Verdict.BENIGN_POSITIVE, Verdict.FALSE_POSITIVE):
            if verdict in found:
                return verdict
        return None


def place_labels(
    labels: Sequence[str | Path],
    logs: Sequence[str | Path],
    *,
    model: Path | None,
    sigma: Path | None = None,
    problems: Problems,
) -> PlacedLabels:
    """Read labels, and find the events that they are about.

    Args:
        labels: Tables ``id,verdict``, or what `loglm.triage.incidents.read_rulings` reads, such as findings with
            verdicts. An id is that of a finding, or ``path:record`` as the evidence of a finding has it.
        logs: Where the findings came from; named as they were then, since places are.
        model: That made the findings, whose ids hang on it; the shipped one for None.
        sigma: The rules with which they were made.
        problems: Takes what is no verdict, and contradictions.

    Raises:
        InputError: A path does not exist.
    """
    rulings, changed = read_rulings(labels, problems=problems)
    for contradiction in changed:
        problems.note("label-changed", str(contradiction), contradiction.second.location)
    verdicts = {ruling.incident_id: ruling.verdict for ruling in rulings}
    places = {name: verdict for name, verdict in verdicts.items() if _is_place(name)}
    wanted = verdicts.keys() - places.keys()
    found: dict[str, Finding] = {}
    if wanted:
        result = detect(logs, model=model, sigma=sigma)
        found = {f.finding_id: f for f in result.findings if f.finding_id in wanted}
    for name, finding in found.items():
        places |= {str(item.location): verdicts[name] for item in finding.evidence}
    return PlacedLabels(
        by_place=places,
        findings=found,
        benign_positives=tuple(f for f in found.values() if verdicts[f.finding_id] is Verdict.BENIGN_POSITIVE),
        counts=Counter(verdicts.values()),
        not_found=tuple(sorted(wanted - found.keys())),
    )


def _is_place(name: str) -> bool:
    return name.rpartition(":")[2].isdecimal() and ":" in name
