"""How `loglm anomalies` shows what it found as text, and what it says of the baseline and the input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from loglm.plurals import plural

if TYPE_CHECKING:
    from loglm.anomaly.baseline import Baseline
    from loglm.anomaly.detector import Anomalies
    from loglm.anomaly.drift import Drift
    from loglm.anomaly.findings import AnomalyFinding
    from loglm.anomaly.kept_state import StateFolder
    from loglm.anomaly.scoring import AnomalyScorer

__all__ = [
    "baseline_times_line",
    "basis",
    "drift_line",
    "entities_line",
    "forgotten_line",
    "kinds_line",
    "not_saved_line",
    "notes",
    "oddities_line",
    "print_finding",
    "print_findings",
]

_WIDTH = 150
_MOSTLY = 0.9
_NAMED = 4
"""Of what vanished, as many are named."""
_CLEAN, _PLANTED = "53 of 53", "23 of 66"
"""Baselines into which no attack was put that have something above the threshold, and those into which one was put that
have it among the three stretches that weigh most: ``benchmarks/contaminated_baseline.py --names-alone``,
docs/experiments.md. Where they are measured anew, these change with them."""
_SAID_OTHERWISE = ("scored", "evicted_active", "evicted_idle")


def print_findings(found: Anomalies, shown: Sequence[AnomalyFinding]) -> None:
    """Findings as text, and how many are not shown."""
    for number, one in enumerate(shown, 1):
        print_finding(f"{number}.", one)
    rest = len(found.reports) + len(found.continued) - len(shown)
    if rest > 0:
        typer.echo(f"{rest:,} more, less unusual, not shown (--limit).")
    if not shown and found.scored_events:
        typer.echo("Nothing above the threshold.")


def print_finding(name: str, one: AnomalyFinding) -> None:
    """One finding as text; ``name``: what it begins with, a number or its id."""
    from loglm.anomaly.reasons import parts_in_words
    from loglm.reports.event_line import event_line
    from loglm.reports.sanitize import excerpt, one_line
    from loglm.reports.times import span

    finding = one.finding
    who = f"{finding.entity_kind.replace('_', ' ')} {excerpt(one_line(finding.entity), 60)}"
    about = [
        who,
        span(finding.start, finding.end),
        plural(finding.events, "unusual event") if finding.events > 1 else "",
    ]
    goes_on = ", goes on" if one.is_update else ""
    typer.echo(f"{name} {finding.technique_name}, {one.bits:.1f} bits ({parts_in_words(one.surprise)}){goes_on}")
    typer.echo(f"   {' · '.join(part for part in about if part)}")
    for item in finding.evidence[:3]:
        typer.echo(f"   {one_line(str(item.location)).rsplit('/', 1)[-1]}  {event_line(item, _WIDTH)}")
    _print_expected(one)
    if one.others:
        typer.echo(
            f"   also on {len(one.others):,} more: {', '.join(excerpt(one_line(v), 40) for _, v in one.others[:5])}"
        )
    if one.repeats:
        typer.echo(f"   seen {plural(one.repeats, 'more time')}, not told again")
    typer.echo("")


def _print_expected(one: AnomalyFinding) -> None:
    from loglm.reports.sanitize import excerpt, one_line

    likeliest = [(text, share) for text, share in one.expected if share >= 0.05]
    if likeliest and one.reason in ("rarity", "order"):
        typer.echo("   expected instead:")
        for text, share in likeliest:
            line = one_line(text.replace("\n", " ")) or "(a kind not seen here)"
            typer.echo(f"   {share:>5.0%}  {excerpt(line, _WIDTH)}")
    if one.reason == "timing" and one.gap_s is not None:
        typer.echo(f"   {one.gap_s:,.3g} s after the event before")


def basis(found: Anomalies) -> str:
    """What the findings rest on, in one line."""
    left_out = f" ({found.left_out:,} more left out)" if found.left_out else ""
    baseline = (
        f"a baseline of {plural(found.baseline_events, 'event')}{left_out}; threshold {found.scorer.threshold:.1f} bits"
    )
    if not found.scored_events:
        return f"{'Learned' if found.is_fitted else 'No event is new, by'} {baseline}; {found.seconds:.1f} s"
    goes_on = f", and {len(found.continued):,} that go on," if found.continued else ""
    return (
        f"{len(found.reports):,} found{goes_on} in {plural(found.scored_events, 'event')} of "
        f"{plural(found.entities, 'entity')}, by {baseline}; {found.seconds:.1f} s"
    )


def notes(found: Anomalies, suspicious: Sequence[AnomalyFinding]) -> list[str]:
    """What a reader should know of the findings, a line each.

    Args:
        found: What was found.
        suspicious: The first of ``found.suspicious``, described.
    """
    lines = [_budget_line(found), baseline_times_line(found.scorer.baseline, is_fitted=found.is_fitted)]
    lines += [drift_line(found.drift), *_baseline_lines(found, suspicious)]
    lines += [kinds_line(found.kinds, found.scorer.view), _one_entity_line(found), _scored_before_line(found)]
    lines += [
        forgotten_line(found.scorer.reporter.forgotten),
        entities_line(found.scorer),
        oddities_line(found.oddities),
    ]
    return [line for line in lines if line]


def _budget_line(found: Anomalies) -> str:
    if found.threshold.keeps_budget:
        return ""
    return (
        "The baseline does not show that the budget is kept: "
        f"{found.threshold.expected:.2g} alerts are expected in as long a time, "
        f"{found.threshold.allowed:.1g} allowed. A longer one sets the threshold better."
    )


def baseline_times_line(baseline: Baseline, *, is_fitted: bool = True) -> str:
    """That events of a baseline have no time: in each run where none has one, else where it was learned; else empty."""
    missing = baseline.without_time
    if missing == baseline.events:
        return (
            "No event of the baseline has a time: how unusual the time of an event is, and how many come in an hour, "
            "cannot be judged, nor whether the budget of alerts a day is kept"
        )
    return (
        f"{missing:,} of the {plural(baseline.events, 'event')} learned from have no time"
        if missing and is_fitted
        else ""
    )


def drift_line(drift: Drift) -> str:
    """How what was scored is unlike the baseline; empty where it is not."""
    told = {
        "surprise": f"an event is {drift.bits:.1f} bits surprising, in the baseline {drift.baseline_bits:.1f}",
        "unknown kinds": (
            f"{drift.unknown_codes:.0%} of the events are of kinds that the baseline does not have, within it "
            f"{drift.baseline_unknown_codes:.0%}"
        ),
        "vanished": f"{drift.vanished_share:.0%} of the baseline's events were of what vanished: {_vanished(drift)}",
        "rate": _rate(drift),
    }
    if not drift.is_drift:
        return ""
    return f"Drift: {'; '.join(told[reason] for reason in drift.reasons)}. Learn from a newer baseline, or see why."


def _vanished(drift: Drift) -> str:
    from loglm.reports.sanitize import excerpt, one_line

    names = [
        f"{f'all of {one_line(one.log_source)}' if one.is_source else excerpt(one_line(one.text), 80)} (silent for "
        f"{_duration(one.silence_s)}, before for {_duration(one.longest_silence_s)} at most)"
        for one in drift.vanished[:_NAMED]
    ]
    rest = len(drift.vanished) - len(names)
    return ", ".join(names) + (f" and {rest:,} more" if rest else "")


def _rate(drift: Drift) -> str:
    before, now = drift.baseline_rate or 0.0, drift.rate or 0.0
    times = f"{now / before:,.0f} times as many" if now > before > 0 else f"one in {before / max(now, 1e-9):,.0f}"
    return f"{now:,.0f} events an hour, in the baseline {before:,.0f} ({times})"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7_200 else f"{seconds / 3_600:.3g} h"


def _baseline_lines(found: Anomalies, suspicious: Sequence[AnomalyFinding]) -> list[str]:
    """What stands out in the baseline itself, and how little that says."""
    number = found.in_baseline
    if not number:
        return []
    learned = f"what reached {found.scorer.baseline.threshold.bits:.1f} bits was not learned"
    head = f"In the baseline itself {plural(number, 'stretch')}"
    if not suspicious:
        return [f"{head} {'was' if number == 1 else 'were'} above the threshold when it was learned; {learned}."]
    return [
        f"{head} {'is' if number == 1 else 'are'} above the threshold; {learned}. That is no sign of an attack: "
        f"{_CLEAN} measured baselines without a planted one have some. Where one was planted it was among the three "
        f"that weigh most in {_PLANTED}, so look at these:",
        *(_baseline_place(found, place, one) for place, one in enumerate(suspicious)),
    ]


def _baseline_place(found: Anomalies, place: int, one: AnomalyFinding) -> str:
    """One of the stretches, and how nothing of its time is learned."""
    from loglm.reports.sanitize import one_line

    stretch = found.to_leave_out(found.suspicious[place])
    events = plural(one.finding.events, "unusual event")
    where = one_line(str(one.finding.evidence[0].location)) if one.finding.evidence else events
    leave_out = "" if stretch is None else f"; to learn nothing of its time: --leave-out {stretch}"
    return f"  {where}, {one.bits:.1f} bits, {events}{leave_out}"


def kinds_line(kinds: Counter[str], view: str) -> str:
    """That not all events name the kind of entity asked for; empty where they do."""
    from loglm.anomaly.table import KINDS

    if view == "primary":
        return ""
    kind, name = KINDS[view]
    others = [(other.replace("_", " "), number) for other, number in kinds.most_common() if other != kind]
    if not others:
        return ""
    taken = ", ".join(f"{other} {number:,}" for other, number in others)
    missing = sum(number for _, number in others)
    return f"{missing:,} of {plural(kinds.total(), 'event')} without {name} (--by {view}), taken for: {taken}"


def _one_entity_line(found: Anomalies) -> str:
    from loglm.anomaly.baseline import FEWEST_EVENTS
    from loglm.reports.sanitize import excerpt, one_line

    if len(found.table) < FEWEST_EVENTS:
        return ""
    entities = Counter(found.table.entities)
    ((place, number),) = entities.most_common(1)
    if number < _MOSTLY * len(found.table):
        return ""
    kind, value = found.table.names[place]
    name = f"{kind.replace('_', ' ')} {excerpt(one_line(value), 60)}"
    return (
        f"{number / len(found.table):.0%} of the events are of one entity, {name}: what is unusual for it cannot be "
        "told from what is unusual here. If they are of several, see that the log names them, or choose another --by"
    )


def _scored_before_line(found: Anomalies) -> str:
    before = found.before
    if before.is_same:
        return f"{before.evidence}: these logs were learned from or scored already"
    return f"{before.evidence}: the logs are older than the state, gaps unknown" if before.is_older else ""


def not_saved_line(kept: StateFolder) -> str:
    """Where a state stands that a run did not come to save."""
    from loglm.reports.times import clock

    saved = kept.saved_at()
    if saved is None:
        return f"{kept.root}: the run was ended before a state was saved; there is none"
    return (
        f"{kept.root}: the run was ended before the state was saved; it stands as it was saved last, at {clock(saved)} "
        "UTC. Give what came since again, and it is told again"
    )


def forgotten_line(number: int) -> str:
    """That more was found than is remembered; empty where it was not."""
    if not number:
        return ""
    return (
        f"More came than is remembered: {plural(number, 'finding')} forgotten before the day was over, and what "
        "repeats that is told again. A higher --threshold or a smaller --budget tells less"
    )


def entities_line(scorer: AnomalyScorer) -> str:
    """Where entities are remembered that are too many for memory, and whether some were forgotten; empty where all are
    in memory."""
    entities, forgotten = scorer.scorer.entities, scorer.oddities["evicted_active"]
    if forgotten:
        return (
            f"Entities were forgotten {forgotten:,} times although they had done something within seven days, because "
            f"there are more than can be remembered ({len(entities):,} now): their next events look new. Remember more "
            "with --entities, or choose another --by"
        )
    if not entities.spilled:
        return ""
    return (
        f"{plural(len(entities), 'entity')} remembered, {entities.spilled:,} of them in a temporary file, which "
        "changes no score"
    )


def oddities_line(oddities: Counter[str]) -> str:
    """Events without time or entity, late ones, clocks that jump; empty where there are none."""
    odd = ", ".join(
        f"{name.replace('_', ' ')} {number:,}"
        for name, number in sorted(oddities.items())
        if name not in _SAID_OTHERWISE and number
    )
    return f"Events out of the ordinary way: {odd}" if odd else ""
