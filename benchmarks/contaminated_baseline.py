"""What a baseline that contains the attack does to `loglm anomalies`: ranking, alerts, and whether the command says it.

    python benchmarks/contaminated_baseline.py --data DIR --rules RULES
    python benchmarks/contaminated_baseline.py --data DIR --rules RULES --sets examples,zeek

Recordings, their truth and split are those of `benchmarks/anomalies.py`: the earliest two fifths without attack events
are the baseline, the rest is scored. Here the first so many per cent of the recording's attack events are copied into
the baseline, with their own times moved as a block: to its middle third, which is learned from, or into its later 30 %,
which sets the threshold. So the attack has happened before, in the days that were taken for ordinary.

*PR-AUC* is over each entity's events of one text. *found* is the share of attack texts at or above the threshold that
the command sets (budget 100), *false* that of the rest, *told* the recordings of which a finding holds an attack event.
*said* is the share of recordings of which the command names a planted event under "in the baseline itself", *other*
how many further reports stand there, in the mean. Weights are fitted, no context encoder; intervals are over
recordings.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from anomalies import Recording, recordings

from loglm.anomaly.baseline import Baseline, fit_baseline
from loglm.anomaly.reporting import Reporter, unusual_event
from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import TemplateCodebook
from loglm.context.scorer import Scored
from loglm.evaluation.attack_metrics import average_precision, bootstrap_interval
from loglm.events.event import LogEvent

_BASELINE = 0.4
_BUDGET = 100.0
_PLACES = {"learned part": 0.35, "later part": 0.8}
"""Where the copies begin, as a share of the baseline's events."""
_SHARES = (0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one baseline gave on one recording."""

    pr_auc: float
    found: float
    false: float
    told: float
    said: float
    other: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/")
    parser.add_argument("--rules", type=Path, required=True, help="Sigma rules: the truth of the windows recordings")
    parser.add_argument("--sets", default="examples,invictus,zeek,windows", help="which recordings, joined by commas")
    parser.add_argument("--most", type=int, default=16, help="recordings of a set at most")
    arguments = parser.parse_args()
    found: dict[str, list[Outcome]] = {}
    for group in arguments.sets.split(","):
        for recording in islice(recordings(arguments.data / "attack", arguments.rules, [group]), arguments.most):
            for name, outcome in _outcomes(recording):
                found.setdefault(name, []).append(outcome)
            print(f"{group} {recording.name}", file=sys.stderr)
    print(f"{'in the baseline':<32}{'PR-AUC, 95 %':>20}{'found':>8}{'false':>8}{'told':>7}{'said':>7}{'other':>7}")
    for name, rows in found.items():
        every = bootstrap_interval(np.asarray([[row.pr_auc for row in rows]]))
        line = f"{name:<32}{f'{every.mean:.3f} ({every.low:.2f}-{every.high:.2f})':>20}"
        means = [float(np.mean([getattr(row, of) for row in rows])) for of in ("found", "false", "told", "said")]
        other = float(np.mean([row.other for row in rows]))
        print(line + f"{means[0]:>8.3f}{means[1]:>8.3f}{means[2]:>7.2f}{means[3]:>7.2f}{other:>7.1f}")
    print(f"{len(next(iter(found.values()), []))} recordings")


def _outcomes(recording: Recording) -> Iterator[tuple[str, Outcome]]:
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(iter(recording.events))
    ordered, truth = table.in_time(), recording.is_attack
    cut = int(_BASELINE * len(ordered))
    base, rest = ordered[:cut], ordered[cut:]
    base, hostile = base[~truth[base]], rest[truth[rest]]
    if len(base) < 80 or len(hostile) < 2 or truth[rest].all():
        return
    yield "nothing", _outcome(table, base, rest, truth)
    for place, begins in _PLACES.items():
        for share in _SHARES:
            copied = hostile[: max(1, round(share * len(hostile)))]
            planted = _planted(recording, copied, base, begins)
            both = EventTable()
            TableReader(both, TemplateCodebook()).read(iter([*recording.events, *planted]))
            rows = set(base.tolist()) | set(range(len(recording.events), len(both)))
            mixed = np.asarray([row for row in both.in_time().tolist() if row in rows], np.int64)
            yield f"{share:.0%} of the attack, {place}", _outcome(both, mixed, rest, truth)


def _planted(recording: Recording, copied: np.ndarray, base: np.ndarray, begins: float) -> Iterator[LogEvent]:
    """Copies of events, moved as a block to where so large a share of the baseline is over."""
    start = recording.events[base[int(begins * len(base))]].timestamp or 0.0
    first = next((t for row in copied.tolist() if (t := recording.events[row].timestamp) is not None), start)
    for row in copied.tolist():
        event = recording.events[row]
        moved = None if event.timestamp is None else event.timestamp - first + start
        yield replace(event, timestamp=moved)


def _outcome(table: EventTable, base: np.ndarray, rest: np.ndarray, truth: np.ndarray) -> Outcome:
    fitted = fit_baseline(table, base, codes=TemplateCodebook().codes, encoder=None, budget=_BUDGET, progress=iter)
    said, other = _in_baseline(fitted, len(truth))
    scored = [one for entity, step in table.steps(rest.tolist()) for one in fitted.scorer.add(entity, step)]
    best: dict[tuple[object, int], tuple[float, bool]] = {}
    for one in scored:
        bits, hostile = best.get((one.entity, one.step.key), (0.0, False))
        best[one.entity, one.step.key] = max(bits, one.surprise.bits), hostile or bool(truth[one.step.number])
    attack = np.asarray([bits for bits, hostile in best.values() if hostile])
    normal = np.asarray([bits for bits, hostile in best.values() if not hostile])
    limit = fitted.threshold.bits
    return Outcome(
        average_precision(attack, normal),
        float((attack >= limit).mean()),
        float((normal >= limit).mean()),
        float(_is_told(scored, fitted, truth)),
        float(said),
        float(other),
    )


def _in_baseline(fitted: Baseline, own: int) -> tuple[bool, int]:
    """Whether a report of the baseline holds a planted event, and how many hold none."""
    reports = fitted.suspicious(fitted.threshold.bits)
    with_planted = sum(any(event.number >= own for event in report.events) for report in reports)
    return with_planted > 0, len(reports) - with_planted


def _is_told(scored: list[Scored], fitted: Baseline, truth: np.ndarray) -> bool:
    reporter = Reporter()
    for one in scored:
        if one.surprise.bits >= fitted.threshold.bits:
            report, _ = reporter.add(one.entity, unusual_event(one, {}))
            if truth[one.step.number] and any(event.number == one.step.number for event in report.events):
                return True
    return False


if __name__ == "__main__":
    main()
