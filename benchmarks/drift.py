"""How often `loglm anomalies` says drift: of what is clean, and of what was changed.

    python benchmarks/drift.py --data DIR --sigma RULES
    python benchmarks/drift.py --data DIR --sigma RULES --logs DIR/logs/corpus --logs DIR/attack/currentis

Two kinds of pairs of a baseline and what comes after it. *Recordings*: those of `benchmarks/anomalies.py`, attack
events left out: their earliest two fifths, and the rest. *Pieces*: each file of ``--logs`` with at least 1,000 events
that have a time, and each example log of this repository without its attack, cut into four pieces alike in number of
events; each piece is the baseline of the next. Nobody changed anything, so that whatever is said of these is counted
as a false alarm, whether or not something happened there.

Then what comes after is changed, and it is counted how often that is said, and by which reason: three of four kinds
stop (of each four that follow each other in frequency the first three), the most frequent kind stops, all comes five
or twenty times as fast, or five or twenty times as slowly, and the events are those of another log.
"""

from __future__ import annotations

import argparse
import copy
import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import get_args

import numpy as np
from anomalies import Recording, recordings

from loglm.anomaly.activity import Activity
from loglm.anomaly.baseline import FEWEST_EVENTS, Baseline, fit_baseline
from loglm.anomaly.drift import Drift, DriftReason, compare
from loglm.anomaly.surprise_level import SurpriseLevel
from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import TemplateCodebook
from loglm.context.scorer import Entity, Scored
from loglm.context.steps import Step
from loglm.events.discovery import discover
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events

_ROOT = Path(__file__).resolve().parents[1]
_SETS = "examples,invictus,zeek,windows"
_BASELINE = 0.4
_PIECES = 4
_LEAST, _MOST = 1_000, 6_000
_CLEAN = "as it was"
_PACES = {"5 times as fast": 1 / 5, "20 times as fast": 1 / 20, "5 times as slow": 5.0, "20 times as slow": 20.0}


@dataclass(frozen=True, slots=True)
class Pair:
    """A baseline and what comes after it."""

    group: str
    name: str
    table: EventTable
    before: np.ndarray
    after: np.ndarray


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with attack/")
    parser.add_argument("--sigma", type=Path, required=True, help="Sigma rules: the truth of the windows recordings")
    parser.add_argument("--sets", default=_SETS, help="which recordings, joined by commas")
    parser.add_argument("--logs", type=Path, action="append", default=[], help="more logs, cut into pieces")
    parser.add_argument("--each", action="store_true", help="say what is told of each pair")
    arguments = parser.parse_args()
    sets = [name for name in arguments.sets.split(",") if name]
    pairs = chain(
        _of_examples() if "examples" in sets else (),
        _of_recordings(recordings(arguments.data / "attack", arguments.sigma, sets)),
        chain.from_iterable(of_logs(path) for path in arguments.logs),
    )
    said = defaultdict[tuple[str, str], list[Drift]](list)
    last, other = None, None
    for pair in pairs:
        other = last if last is not None and last.name != pair.name else other
        for change, drift in _drifts(pair, other):
            said[pair.group, change].append(drift)
            if arguments.each:
                print(f"{pair.group} {pair.name}, {change}: {_line(drift)}", file=sys.stderr, flush=True)
        last = pair
    _print(said)


def _line(drift: Drift) -> str:
    rates = "" if drift.baseline_rate is None else f", {drift.baseline_rate:,.0f} to {drift.rate:,.0f} an hour"
    return (
        f"{', '.join(drift.reasons) or '-'}: {drift.baseline_bits:.1f} to {drift.bits:.1f} bits, unknown "
        f"{drift.baseline_unknown_codes:.0%} to {drift.unknown_codes:.0%}{rates}, {len(drift.vanished)} vanished of "
        f"{drift.vanished_share:.0%}"
    )


def _print(said: dict[tuple[str, str], list[Drift]]) -> None:
    changes = list(dict.fromkeys(change for _, change in said))
    print(f"{'':<12}{'':<24}{'pairs':>7}{'drift':>7}" + "".join(f"{name:>15}" for name in get_args(DriftReason)))
    for group in [*dict.fromkeys(group for group, _ in said), "all"]:
        for change in changes:
            drifts = [
                one for (of, what), some in said.items() if what == change and group in (of, "all") for one in some
            ]
            reasons = Counter(reason for drift in drifts for reason in drift.reasons)
            line = f"{group:<12}{change:<24}{len(drifts):>7}{sum(drift.is_drift for drift in drifts):>7}"
            print(line + "".join(f"{reasons[name]:>15}" for name in get_args(DriftReason)))


def _of_recordings(found: Iterator[Recording]) -> Iterator[Pair]:
    for one in found:
        table = _read(one.events)
        ordered = table.in_time()
        cut = int(_BASELINE * len(ordered))
        before, after = (part[~one.is_attack[part]] for part in (ordered[:cut], ordered[cut:]))
        if len(before) >= FEWEST_EVENTS and len(after) >= FEWEST_EVENTS:
            yield Pair(one.group, one.name, table, before, after)


def of_logs(path: Path) -> Iterator[Pair]:
    """Pieces of the logs of a folder that have enough events, each with the next."""
    for file in discover([path], Problems()):
        events = [event for event in islice(read_events([file], problems=Problems()), _MOST) if event.timestamp]
        if len(events) >= _LEAST:
            yield from _pieces(path.name, Path(file).name, _read(events), np.ones(len(events), bool))


def _of_examples() -> Iterator[Pair]:
    with (_ROOT / "examples" / "labels.csv").open(newline="") as stream:
        attacks = [(row["file"], int(row["first_line"]), int(row["last_line"])) for row in csv.DictReader(stream)]
    for file in sorted((_ROOT / "examples" / "logs").rglob("*.*")):
        name = file.relative_to(_ROOT / "examples").as_posix()
        spans = [(first, last) for of, first, last in attacks if of == name]
        events = list(read_events([file]))
        kept = [not any(first <= (event.location.record or 0) <= last for first, last in spans) for event in events]
        yield from _pieces("pieces", name, _read(events), np.asarray(kept))


def _pieces(group: str, name: str, table: EventTable, kept: np.ndarray) -> Iterator[Pair]:
    ordered = table.in_time()
    pieces = np.array_split(ordered[kept[ordered]], _PIECES)
    for before, after in pairwise(pieces):
        if len(before) >= FEWEST_EVENTS:
            yield Pair(group, name, table, before, after)


def _read(events: list[LogEvent]) -> EventTable:
    table = EventTable()
    TableReader(table, TemplateCodebook()).read(iter(events))
    return table


def _drifts(pair: Pair, other: Pair | None) -> Iterator[tuple[str, Drift]]:
    fitted = fit_baseline(
        pair.table, pair.before, codes=TemplateCodebook().codes, encoder=None, budget=100.0, progress=iter
    )
    after = list(pair.table.steps(pair.after.tolist()))
    scored = _scored(fitted, after)
    yield _CLEAN, _drift(fitted, scored)
    for name, factor in _PACES.items():
        yield name, _drift(fitted, _at_pace(scored, factor))
    kinds = sorted(fitted.activity.kinds, key=lambda code: -fitted.activity.kinds[code].events)
    stopped = {code for place, code in enumerate(kinds) if place % 4 != 3}
    yield "3 of 4 kinds stop", _drift(fitted, _scored(fitted, [one for one in after if one[1].code not in stopped]))
    yield "the chief kind stops", _drift(fitted, _scored(fitted, [one for one in after if one[1].code != kinds[0]]))
    if other is not None:
        yield "another log", _drift(fitted, _scored(fitted, list(other.table.steps(other.after.tolist()))))


def _scored(fitted: Baseline, events: list[tuple[Entity, Step]]) -> list[Scored]:
    scorer = copy.deepcopy(fitted.scorer)
    return [scored for entity, step in events for scored in scorer.add(entity, step)]


def _drift(fitted: Baseline, events: list[Scored]) -> Drift:
    """As `AnomalyScorer` looks for it."""
    level, activity, known = SurpriseLevel(), Activity(), fitted.activity.kinds
    for scored in events:
        level.add(scored, fitted.scorer.environment)
        activity.add(scored.step, is_unknown=scored.step.code not in known)
    return compare(fitted.level, level, usual=fitted.activity, now=activity, typical=fitted.typical)


def _at_pace(events: list[Scored], factor: float) -> list[Scored]:
    """The same events with all gaps as much longer; how surprising a kind is has nothing to do with them."""
    first = min((scored.step.time for scored in events if scored.step.time is not None), default=0.0)

    def at(time: float | None) -> float | None:
        return None if time is None else first + (time - first) * factor

    return [scored._replace(step=scored.step._replace(time=at(scored.step.time))) for scored in events]


if __name__ == "__main__":
    main()
