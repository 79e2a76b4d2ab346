"""What a baseline that contains the attack does to `loglm anomalies`: ranking, alerts, and whether the command says it.

    python benchmarks/contaminated_baseline.py --data DIR --sigma RULES
    python benchmarks/contaminated_baseline.py --data DIR --sigma RULES --sets examples,zeek
    python benchmarks/contaminated_baseline.py --data DIR --sigma RULES --names-alone --logs DIR/logs/corpus/loghub

Recordings, their truth and split are those of `benchmarks/anomalies.py`: the earliest two fifths without attack events
are the baseline, the rest is scored. Here the first so many per cent of the recording's attack events are copied into
the baseline, with their own times moved as a block: into the earlier 70 % of it or into the later 30 %. So the attack
has happened before, in the days that were taken for ordinary. The parts are those of the baseline with the copies in
it, and a block lies in one of them; of more events than a part can hold, the first ones are copied. *Left out* is what
an analyst gets who looks at the places that the command names, and has the times of those that are of the attack left
out (`--leave-out`); where none is, the row before holds.

*planted* is the mean share of the attack that was copied. *PR-AUC* is over each entity's events of one text. *found* is
the share of attack texts at or above the threshold that the command sets (budget 100), *false* that of the rest, *told*
the recordings of which a finding holds an attack event. The command names three places in the baseline, the most
unusual event of each of the three stretches there that weigh most: *said* is the share of recordings of which one of
them is a planted event, *other* how many of them are not, in the mean. Weights are fitted, no context encoder;
intervals are over recordings.

``--names-alone`` scores nothing but the baselines, and tells what the command names in them: *any* is in how many it
names something, *first* in how many the place that weighs most is a planted event, *one of three* in how many any of
the three is. *bits* is the median of how far the most unusual event lies above the threshold. Clean baselines there are
those of the recordings without their attack and, with ``--logs``, three of the four pieces of each log of
`benchmarks/drift.py`, into which nobody put an attack.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from anomalies import Recording, recordings
from drift import of_logs

from loglm.anomaly.baseline import Baseline, fit_baseline
from loglm.anomaly.reporting import Reporter, unusual_event
from loglm.anomaly.stretches import Stretch, outside
from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import TemplateCodebook
from loglm.context.scorer import Scored
from loglm.evaluation.attack_metrics import average_precision, bootstrap_interval
from loglm.events.event import LogEvent

_BASELINE = 0.4
_BUDGET = 100.0
_EARLIER = 0.7
"""Share of a baseline whose last event parts an earlier from a later block."""
_NAMED = 3
"""Places in the baseline that `loglm anomalies` names."""
_INSTANT_S = 0.001
_SHARES = (0.01, 0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one baseline gave on one recording."""

    planted: float
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
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: the truth of the windows recordings")
    parser.add_argument("--sets", default="examples,invictus,zeek,windows", help="which recordings, joined by commas")
    parser.add_argument("--after", type=int, default=0, help="recordings of a set that are left out, from the first on")
    parser.add_argument("--per-set", type=int, default=16, help="recordings of a set at most, of the rest")
    parser.add_argument("--names-alone", action="store_true", help="only what is named in baselines")
    parser.add_argument("--logs", type=Path, action="append", default=[], help="with --names-alone: more clean logs")
    arguments = parser.parse_args()
    if arguments.names_alone:
        _print_named(_chosen(arguments), arguments.logs)
        return
    found: dict[str, list[Outcome]] = {}
    for recording in _chosen(arguments):
        for name, outcome in _outcomes(recording):
            found.setdefault(name, []).append(outcome)
    columns = f"{'found':>8}{'false':>8}{'told':>7}{'said':>7}{'other':>7}"
    print(f"{'in the baseline':<32}{'planted':>8}{'PR-AUC, 95 %':>20}{columns}")
    for name, rows in found.items():
        mean = {of.name: float(np.mean([getattr(row, of.name) for row in rows])) for of in fields(Outcome)}
        every = bootstrap_interval(np.asarray([[row.pr_auc for row in rows]]))
        line = f"{name:<32}{mean['planted']:>8.3f}{f'{every.mean:.3f} ({every.low:.2f}-{every.high:.2f})':>20}"
        line += (
            f"{mean['found']:>8.3f}{mean['false']:>8.3f}{mean['told']:>7.2f}{mean['said']:>7.2f}{mean['other']:>7.1f}"
        )
        print(line)
    print(f"{len(next(iter(found.values()), []))} recordings")


def _chosen(arguments: argparse.Namespace) -> Iterator[Recording]:
    for group in arguments.sets.split(","):
        found_there = recordings(arguments.data / "attack", arguments.sigma, [group])
        for recording in islice(found_there, arguments.after, arguments.after + arguments.per_set):
            yield recording
            print(f"{group} {recording.name}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class Mixed:
    """A baseline, clean or with a share of the attack copied into it."""

    name: str
    table: EventTable
    base: np.ndarray
    rest: np.ndarray
    """Rows of what is scored."""
    planted: float
    """Share of the attack that was copied."""
    is_last: bool = False
    """Whether it has most of what is copied into its part."""


def _baselines(recording: Recording) -> Iterator[Mixed]:
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(iter(recording.events))
    ordered, truth = table.in_time(), recording.is_attack
    cut = int(_BASELINE * len(ordered))
    base, rest = ordered[:cut], ordered[cut:]
    base, hostile = base[~truth[base]], rest[truth[rest]]
    if len(base) < 80 or len(hostile) < 2 or truth[rest].all():
        return
    yield Mixed("nothing", table, base, rest, 0.0)
    for is_later in (False, True):
        part = "later" if is_later else "earlier"
        for share in _SHARES:
            copied = hostile[: min(max(1, round(share * len(hostile))), _room(len(base), is_later=is_later))]
            both = EventTable()
            planted = _planted(recording, copied, base, is_later=is_later)
            TableReader(both, TemplateCodebook()).read(iter([*recording.events, *planted]))
            mixed = _mixed(both, base, len(truth), is_later=is_later)
            name = f"{share:.0%} of the attack, {part} part"
            yield Mixed(name, both, mixed, rest, len(copied) / len(hostile), is_last=share == _SHARES[-1])


def _outcomes(recording: Recording) -> Iterator[tuple[str, Outcome]]:
    truth = recording.is_attack
    for one in _baselines(recording):
        yield one.name, _outcome(one.table, one.base, one.rest, truth, one.planted)
        if one.is_last:
            ordinary = _left_out(one.table, one.base, len(truth))
            part = one.name.split(", ")[1]
            yield f"the same, {part}, left out", _outcome(one.table, ordinary, one.rest, truth, one.planted)


def _print_named(chosen: Iterator[Recording], logs: list[Path]) -> None:
    """How often something is named in baselines, and is planted."""
    found: dict[str, list[tuple[list[bool], float]]] = {}
    for recording in chosen:
        for one in _baselines(recording):
            found.setdefault(one.name, []).append(_named(_fitted(one.table, one.base), len(recording.events)))
    for pair in chain.from_iterable(map(of_logs, logs)):
        found.setdefault("nothing, other logs", []).append(_named(_fitted(pair.table, pair.before), len(pair.table)))
    print(f"{'in the baseline':<32}{'baselines':>10}{'any':>7}{'first':>7}{'one of three':>14}{'bits':>7}")
    for name, rows in found.items():
        any_named, first, one_of = (sum(map(test, rows)) for test in (_is_any, _is_first, _is_one))
        bits = float(np.median([above for _, above in rows]))
        print(f"{name:<32}{len(rows):>10}{any_named:>7}{first:>7}{one_of:>14}{bits:>7.1f}")


def _named(fitted: Baseline, own: int) -> tuple[list[bool], float]:
    """Whether each place that is named is a planted event, and by how many bits the worst is above the threshold."""
    reports = fitted.suspicious(fitted.threshold.bits)
    worst = max((report.bits - fitted.threshold.bits for report in reports), default=0.0)
    return [report.events[0].number >= own for report in reports[:_NAMED]], worst


def _is_any(row: tuple[list[bool], float]) -> bool:
    return bool(row[0])


def _is_first(row: tuple[list[bool], float]) -> bool:
    return any(row[0][:1])


def _is_one(row: tuple[list[bool], float]) -> bool:
    return any(row[0])


def _room(base: int, *, is_later: bool) -> int:
    """How many events can be added to so many such that all of them lie in one part."""
    share = 1 - _EARLIER if is_later else _EARLIER
    return int(share / (1 - share) * base) - 1


def _planted(recording: Recording, copied: np.ndarray, base: np.ndarray, *, is_later: bool) -> Iterator[LogEvent]:
    """Copies of events, moved as a block: to the beginning of the later part, or such that it begins at a third of the
    baseline and ends in the earlier part, whichever is earlier."""
    cut = int(_EARLIER * (len(base) + len(copied)))
    times = [recording.events[row].timestamp for row in copied.tolist()]
    known = [time for time in times if time is not None]
    first, last = min(known), max(known)
    if is_later:
        start = _time(recording, base, cut) + _INSTANT_S
    else:
        end = _time(recording, base, cut - len(copied)) - _INSTANT_S
        start = min(_time(recording, base, len(base) // 3), end - (last - first))
    for row, time in zip(copied.tolist(), times, strict=True):
        yield replace(recording.events[row], timestamp=(first if time is None else time) - first + start)


def _time(recording: Recording, base: np.ndarray, place: int) -> float:
    """Of the event at a place of the baseline, or of the first one after it that has a time."""
    times: Iterator[float | None] = (recording.events[row].timestamp for row in base[place:].tolist())
    return next(time for time in times if time is not None)


def _mixed(table: EventTable, base: np.ndarray, own: int, *, is_later: bool) -> np.ndarray:
    """Rows of the baseline with the copies, in the order of time; the copies lie in one part."""
    rows = set(base.tolist()) | set(range(own, len(table)))
    mixed = np.asarray([row for row in table.in_time().tolist() if row in rows], np.int64)
    places = np.flatnonzero(mixed >= own)
    if not ((places >= int(_EARLIER * len(mixed))) == is_later).all():
        raise RuntimeError("the copies lie in both parts of the baseline")
    return mixed


def _left_out(table: EventTable, base: np.ndarray, own: int) -> np.ndarray:
    """Rows of a baseline without the stretches that the command names and that are of the attack."""
    fitted = _fitted(table, base)
    stretches = [
        Stretch(math.floor(report.start), math.ceil(report.end))
        for report in fitted.suspicious(fitted.threshold.bits)[:_NAMED]
        if report.events[0].number >= own and report.start is not None and report.end is not None
    ]
    rows: np.ndarray = base[outside(np.asarray(table.times)[base], stretches)]
    return rows


def _fitted(table: EventTable, base: np.ndarray) -> Baseline:
    return fit_baseline(table, base, codes=TemplateCodebook().codes, encoder=None, budget=_BUDGET, progress=iter)


def _outcome(table: EventTable, base: np.ndarray, rest: np.ndarray, truth: np.ndarray, planted: float) -> Outcome:
    fitted = _fitted(table, base)
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
        planted,
        average_precision(attack, normal),
        float((attack >= limit).mean()),
        float((normal >= limit).mean()),
        float(_is_told(scored, fitted, truth)),
        float(said),
        float(other),
    )


def _in_baseline(fitted: Baseline, own: int) -> tuple[bool, int]:
    """Whether a place in the baseline that the command names is a planted event, and how many are not."""
    is_planted = [report.events[0].number >= own for report in fitted.suspicious(fitted.threshold.bits)[:_NAMED]]
    return any(is_planted), is_planted.count(False)


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
