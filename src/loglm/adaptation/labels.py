"""Labels of analysts for windows: by the id of a finding, or by the place of an event."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from loglm.adaptation.finding_lookup import look_up_findings
from loglm.errors import InputError
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
    named: frozenset[str] = frozenset()
    """Of these places, the ones that labels name themselves."""
    findings: dict[str, Finding] = field(default_factory=dict)
    """The findings that were labelled by their id."""
    benign_positives: tuple[Finding, ...] = ()
    """Of those, the ones that are right in what they say, and harmless here."""
    counts: Counter[Verdict] = field(default_factory=Counter)
    """Labels by verdict."""
    not_found: tuple[str, ...] = ()
    """Labels whose finding is not among those of the logs. Untrusted."""
    models: tuple[Path | None, ...] = ()
    """The models that were asked for findings; None for the shipped one."""

    def seen(self, places: frozenset[str]) -> PlacedLabels:
        """These labels once it is known which of their places the logs have: others of `named` are not found."""
        return replace(self, not_found=(*self.not_found, *sorted(self.named - places)))

    @property
    def none_found(self) -> bool:
        """There are labels, and the logs have none of them."""
        return bool(self.counts) and len(self.not_found) == self.counts.total()

    def verdict(self, places: frozenset[str]) -> Verdict | None:
        """That of a window with these events: a true positive before the others, a false one last."""
        found = {self.by_place[place] for place in places if place in self.by_place}
        for verdict in (Verdict.TRUE_POSITIVE, Verdict.BENIGN_POSITIVE, Verdict.FALSE_POSITIVE):
            if verdict in found:
                return verdict
        return None


def place_labels(
    labels: Sequence[str | Path],
    logs: Sequence[Sequence[str | Path]],
    *,
    models: Sequence[Path | None],
    sigma: Path | None = None,
    problems: Problems,
) -> PlacedLabels:
    """Read labels, and find the events that they are about.

    Args:
        labels: Tables ``id,verdict``, or what `loglm.triage.incidents.read_rulings` reads, such as findings with
            verdicts. An id is that of a finding, or ``path:record`` as the evidence of a finding has it.
        logs: Groups of paths where the findings may have come from; named as they were then, since places are.
        models: That may have raised the findings, whose ids hang on them, the likeliest first; None: the shipped one.
        sigma: The rules with which they were raised.
        problems: Takes what is no verdict, and contradictions.

    Raises:
        InputError: A path does not exist, or there is no verdict.
    """
    rulings, changed = read_rulings(labels, problems=problems)
    for contradiction in changed:
        problems.note("label-changed", str(contradiction), contradiction.second.location)
    verdicts = {ruling.incident_id: ruling.verdict for ruling in rulings}
    if not verdicts:
        raise InputError(_no_verdict(labels, problems))
    places = {name: verdict for name, verdict in verdicts.items() if _is_place(name)}
    wanted = verdicts.keys() - places.keys()
    looked = look_up_findings(wanted, logs, models, sigma=sigma)
    of_findings = {
        str(item.location): verdicts[name] for name, finding in looked.by_id.items() for item in finding.evidence
    }
    return PlacedLabels(
        by_place=places | of_findings,
        named=frozenset(places),
        findings=looked.by_id,
        benign_positives=tuple(f for f in looked.by_id.values() if verdicts[f.finding_id] is Verdict.BENIGN_POSITIVE),
        counts=Counter(verdicts.values()),
        not_found=tuple(sorted(wanted - looked.by_id.keys())),
        models=tuple(looked.asked),
    )


def _no_verdict(labels: Sequence[str | Path], problems: Problems) -> str:
    first = next(iter(problems.examples.get("verdict-not-taken", [])), "")
    return (
        f"{', '.join(map(str, labels))}: no verdict that can be taken{f' ({first})' if first else ''}; expected "
        "lines `id,verdict` with true positive, false positive or benign positive, or findings with a field `verdict`"
    )


def _is_place(name: str) -> bool:
    return name.rpartition(":")[2].isdecimal() and ":" in name
