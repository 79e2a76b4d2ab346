"""Time, memory and latency of scoring events in context: one entity with everything, and many entities at once.

    python benchmarks/context.py --data DIR/attack/security-datasets
    python benchmarks/context.py
    python benchmarks/context.py --context-encoder MODELDIR --log FILE

With ``--data`` no event comes twice: up to ``--per-file`` of each file below a folder, until there are a quarter more
than ``--events``. The first fifth is the baseline, the rest is the week. The files follow each other, each in its own
order of time, and time is stretched (or compressed) to a week, which is said. They are of several machines; all are
taken for one entity, which is harder for it than one machine's events. Without ``--data`` events come from the
examples of this repository, or ``--log``, and are repeated, with the time moving on, and the baseline is the same
events.

Each event is handed over by itself, as a stream would, and its latency taken. Then 10,000 entities are kept alive at
once, ten events each, and the peak of the process's memory is printed; once more with memory for half of them, so that
each event reads an entity back from the temporary file and moves another there. Reading and rendering are not in it
(`benchmarks/read_and_render.py`). The rows of `loglm anomalies -` are that command's path from an event to a finding,
rendering among it: of events by one host (of ``--log``: by their own entities), and of 10,000 hosts; then the time and
size of saving its state. CPU s is what taking the events used, reading them left out.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, cycle, islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from loglm.anomaly.baseline import fit_baseline
from loglm.anomaly.kept_state import state_folder
from loglm.anomaly.scoring import AnomalyScorer
from loglm.anomaly.stream import AnomalyStream
from loglm.anomaly.table import EventTable, TableReader
from loglm.artifacts.folder import MANIFEST, default_context_dir
from loglm.context.codebook import TemplateCodebook
from loglm.context.encoder import ContextEncoder
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Entity, ScorerOptions
from loglm.context.steps import Step
from loglm.events.discovery import discover
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events

_ROOT = Path(__file__).resolve().parents[1]
_EVENTS, _ENTITIES, _EACH, _PER_FILE = 100_000, 10_000, 10, 5_000
_BASELINE = 0.2
_WEEK_S = 7 * 86_400.0
_CODEBOOK = TemplateCodebook()


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of real logs, of which no event is repeated")
    parser.add_argument("--per-file", type=int, default=_PER_FILE, help="events of one file of --data at most")
    parser.add_argument("--log", type=Path, default=_ROOT / "examples" / "logs", help="file or folder of logs")
    parser.add_argument(
        "--context-encoder", type=Path, help="context encoder; default: the shipped one, if there is one"
    )
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--entities", type=int, default=_ENTITIES)
    arguments = parser.parse_args()
    folder = arguments.context_encoder or default_context_dir()
    events, entities = arguments.events, arguments.entities
    week = (
        _real_week(arguments.data, events, arguments.per_file)
        if arguments.data
        else _repeated_week(arguments.log, events)
    )
    print(week.about)
    print(f"{'':<48}{'events/s':>10}{'CPU s':>8}{'p50 us':>8}{'p99 us':>8}{'p99 CPU us':>12}{'peak MB':>9}", flush=True)
    environment = Environment(_CODEBOOK.codes)
    environment.learn_events(week.table.steps(week.learned.tolist()))
    for name, encoder in _encoders(folder):
        one: Iterator[tuple[Entity, Step]] = ((("host", "a"), step) for step in week.steps())
        _measure(f"one entity, {name}", ContextScorer(environment, encoder), one)
        for place, in_memory in (("", entities), (", half in a file", entities // 2)):
            scorer = ContextScorer(environment, encoder, options=ScorerOptions(in_memory=in_memory))
            _measure(f"{entities:,} entities{place}, {name}", scorer, _many(week, entities))
    baseline = fit_baseline(week.table, week.learned, codes=_CODEBOOK.codes, encoder=None, budget=100.0, progress=iter)
    stream = AnomalyStream(AnomalyScorer(baseline, view="primary"))
    _measure_each("loglm anomalies -", stream.add, week.events())
    _measure_each(f"the same, {entities:,} hosts", stream.add, _on_hosts(week, entities))
    _measure_saving(stream.scorer)


@dataclass(frozen=True, slots=True)
class Week:
    """A baseline and a week of events after it."""

    about: str
    table: EventTable
    learned: np.ndarray
    """Rows of the baseline."""
    scored: np.ndarray
    """Rows of the week."""
    number: int
    """Events of the week; where there are fewer rows, these come again."""
    read: Callable[[], Iterator[LogEvent]]
    """Reads the events of the week's rows, once each."""

    def time(self, place: int) -> float:
        """Of the event at a place, in seconds."""
        start = float(self.table.times[self.scored[0]])
        if self.number > len(self.scored):
            return start + _WEEK_S * place / self.number
        return float(self.table.times[self.scored[place]])

    def steps(self) -> Iterator[Step]:
        """The events of the week as a scorer takes them."""
        rows = self.scored.tolist()
        for place, (_, step) in enumerate(islice(self.table.steps(cycle(rows)), self.number)):
            yield step._replace(time=self.time(place), number=place)

    def events(self) -> Iterator[LogEvent]:
        """The events of the week as they were read, with the times of the week."""
        again = chain.from_iterable(self.read() for _ in repeat(None))
        for place, event in enumerate(islice(again, self.number)):
            yield replace(event, timestamp=self.time(place))


def _repeated_week(log: Path, number: int) -> Week:
    events = list(read_events([log]))
    table = EventTable()
    TableReader(table, _CODEBOOK).read(iter(events))
    rows = table.in_time()
    about = f"{len(rows):,} events of {len(set(table.codes))} kinds, repeated"
    return Week(about, table, rows, rows, number, lambda: iter(events))


def _real_week(data: Path, number: int, per_file: int) -> Week:
    """As many events and a quarter more, as of one host, each file behind the one before it."""
    files = sorted(map(Path, discover([data], Problems())), key=lambda path: (_mixed(path), str(path)))
    learned = round(number * _BASELINE / (1 - _BASELINE))
    table, hosts, used = EventTable(), set[str | None](), 0

    def read() -> Iterator[LogEvent]:
        return islice(_of_one_host(_by_file(files, per_file)), number + learned)

    def seen(events: Iterable[LogEvent]) -> Iterator[LogEvent]:
        for event in events:
            hosts.add(event.host)
            yield replace(event, host="a")

    reader = TableReader(table, _CODEBOOK)
    for events in _by_file(files, per_file):
        used += 1
        for event in islice(seen(events), number + learned - len(table)):
            reader.add(event)
        if len(table) >= number + learned:
            break
    reader.read(iter(()))
    if len(table) < number + learned:
        raise SystemExit(f"{data}: {len(table):,} events in {used:,} files; {number + learned:,} are needed")
    spans = _stretch(table, learned)
    rows = np.arange(len(table))
    about = (
        f"{number:,} different events after a baseline of {learned:,}, from {used:,} files of {len(hosts):,} hosts: "
        f"{len(set(table.codes)):,} kinds, {len(set(table.keys)):,} masked texts; {spans / 3_600:.1f} hours, "
        "made a week and a quarter"
    )
    return Week(about, table, rows[:learned], rows[learned:], number, lambda: islice(read(), learned, None))


def _by_file(files: list[Path], per_file: int) -> Iterator[list[LogEvent]]:
    """The events of each file in the order of time, without those that have none."""
    for file in files:
        events = [event for event in islice(read_events([file], problems=Problems()), per_file) if event.timestamp]
        yield sorted(events, key=lambda event: event.timestamp or 0.0)


def _of_one_host(files: Iterable[list[LogEvent]]) -> Iterator[LogEvent]:
    return (replace(event, host="a", user=None, source_address=None) for events in files for event in events)


def _stretch(table: EventTable, learned: int) -> float:
    """Give the events behind the baseline a week and the baseline time in proportion; the seconds that they had."""
    gaps = np.diff(np.asarray(table.times, np.float64), prepend=table.times[0])
    gaps[(gaps < 0) | (gaps > 86_400.0)] = 0.0  # from one file to the next
    moved = np.cumsum(gaps)
    span = float(moved[-1])
    week = float(moved[-1] - moved[learned])
    table.times[:] = type(table.times)("d", (moved * (_WEEK_S / week)).tolist())
    return span


def _mixed(path: Path) -> int:
    """An order that has nothing to do with names."""
    return sum(map(ord, path.name)) * 7_919 % 1_000


def _measure_saving(scorer: AnomalyScorer) -> None:
    with TemporaryDirectory() as folder, state_folder(Path(folder) / "state") as kept:
        cpu = time.process_time()
        kept.save(scorer)
        used = time.process_time() - cpu
        size = sum(file.stat().st_size for file in kept.root.rglob("*") if file.is_file())
    print(f"state of {len(scorer.scorer.entities):,} entities saved in {used:.1f} s of CPU time, {size / 1e6:.0f} MB")


def _encoders(folder: Path) -> Iterator[tuple[str, ContextEncoder | None]]:
    yield "fixed weights", None
    if (folder / MANIFEST).is_file():
        yield "encoder", ContextEncoder.load(folder)


def _measure(name: str, scorer: ContextScorer, events: Iterator[tuple[Entity, Step]]) -> None:
    _measure_each(name, lambda event: scorer.add(*event), events)


def _measure_each(name: str, take: Callable[[Any], object], events: Iterator[Any]) -> None:
    latencies, used_by = [], []
    for event in events:
        before, busy = time.perf_counter(), time.thread_time()
        take(event)
        used_by.append(time.thread_time() - busy)
        latencies.append(time.perf_counter() - before)
    seconds, used = sum(latencies), sum(used_by)
    middle, late = np.percentile(latencies, [50, 99]) * 1e6
    busy_late = float(np.percentile(used_by, 99)) * 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = f"{len(latencies) / seconds:>10,.0f}{used:>8.1f}"
    print(f"{name:<48}{speed}{middle:>8.0f}{late:>8.0f}{busy_late:>12.0f}{peak:>9,.0f}", flush=True)


def _on_hosts(week: Week, entities: int) -> Iterator[LogEvent]:
    """Ten events on each of so many hosts, in turn."""
    again = chain.from_iterable(week.events() for _ in repeat(None))
    for place, event in enumerate(islice(again, entities * _EACH)):
        host = f"h{place % entities}"
        yield replace(event, host=host, user=None, source_address=None, timestamp=2 * _WEEK_S + week.time(0) + place)


def _many(week: Week, entities: int) -> Iterator[tuple[Entity, Step]]:
    again = chain.from_iterable(week.steps() for _ in repeat(None))
    for place, step in enumerate(islice(again, entities * _EACH)):
        yield ("host", f"h{place % entities}"), step._replace(time=float(place), number=place)


if __name__ == "__main__":
    main()
