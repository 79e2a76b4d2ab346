"""Time, memory and latency of scoring events in context: one entity with everything, and many entities at once.

    python benchmarks/context.py
    python benchmarks/context.py --context-encoder MODELDIR --log FILE

Events come from a real log (by default the simulated and real examples of this repository), repeated with the time
moving on, so
that one entity has a week of 100,000 events. Each event is handed over by itself, as a stream would, and its latency
taken.
Then 10,000 entities are kept alive at once, ten events each, and the peak of the process's memory is printed; once more
with memory for half of them, so that each event reads an entity back from the temporary file and moves another there.
Reading
and rendering are not in it (`benchmarks/read_and_render.py`). The rows of `loglm anomalies -` are that command's path
from an event to a finding, rendering among it: of events by the log's own entities, and of 10,000 entities; then the
time and size of saving its state.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
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
from loglm.events.event import LogEvent
from loglm.events.reading import read_events

_ROOT = Path(__file__).resolve().parents[1]
_EVENTS, _ENTITIES, _EACH = 100_000, 10_000, 10
_WEEK_S = 7 * 86_400.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, default=_ROOT / "examples" / "logs", help="file or folder of logs")
    parser.add_argument(
        "--context-encoder", type=Path, help="context encoder; default: the shipped one, if there is one"
    )
    parser.add_argument("--events", type=int, default=_EVENTS)
    parser.add_argument("--entities", type=int, default=_ENTITIES)
    arguments = parser.parse_args()
    folder = arguments.context_encoder or default_context_dir()
    codebook = TemplateCodebook()
    table = EventTable()
    events = list(read_events([arguments.log]))
    TableReader(table, codebook).read(iter(events))
    environment = Environment(codebook.codes)
    environment.learn_events(table.steps(table.in_time().tolist()))
    steps = [step for _, step in table.steps(table.in_time().tolist())]
    print(f"{len(steps):,} events of {len({step.code for step in steps})} kinds, repeated")
    print(f"{'':<48}{'events/s':>10}{'CPU s':>8}{'p50 us':>8}{'p99 us':>8}{'p99 CPU us':>12}{'peak MB':>9}")
    for name, encoder in _encoders(folder):
        one: Iterator[tuple[Entity, Step]] = ((("host", "a"), step) for step in _week(steps, arguments.events))
        _measure(f"one entity, {name}", ContextScorer(environment, encoder), one)
        for place, in_memory in (("", arguments.entities), (", half in a file", arguments.entities // 2)):
            _measure(
                f"{arguments.entities:,} entities{place}, {name}",
                ContextScorer(environment, encoder, options=ScorerOptions(in_memory=in_memory)),
                _many(steps, arguments.entities),
            )
    baseline = fit_baseline(table, table.in_time(), codes=codebook.codes, encoder=None, budget=100.0, progress=iter)
    stream = AnomalyStream(AnomalyScorer(baseline, view="primary"))
    _measure_each("loglm anomalies -, own hosts", stream.add, _repeated(events, arguments.events))
    _measure_each(f"the same, {arguments.entities:,} hosts", stream.add, _on_hosts(events, arguments.entities))
    _measure_saving(stream.scorer)


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
    started, cpu = time.perf_counter(), time.process_time()
    for event in events:
        before, busy = time.perf_counter(), time.thread_time()
        take(event)
        used_by.append(time.thread_time() - busy)
        latencies.append(time.perf_counter() - before)
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    middle, late = np.percentile(latencies, [50, 99]) * 1e6
    busy_late = float(np.percentile(used_by, 99)) * 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = f"{len(latencies) / seconds:>10,.0f}{used:>8.1f}"
    print(f"{name:<48}{speed}{middle:>8.0f}{late:>8.0f}{busy_late:>12.0f}{peak:>9,.0f}", flush=True)


def _repeated(events: list[LogEvent], number: int) -> Iterator[LogEvent]:
    for place in range(number):
        yield replace(events[place % len(events)], timestamp=_WEEK_S * place / number)


def _on_hosts(events: list[LogEvent], entities: int) -> Iterator[LogEvent]:
    for place in range(entities * _EACH):
        host = f"h{place % entities}"
        event = events[(place // entities + place) % len(events)]
        yield replace(event, host=host, user=None, source_address=None, timestamp=_WEEK_S + float(place))


def _week(steps: list[Step], number: int) -> Iterator[Step]:
    for place in range(number):
        yield steps[place % len(steps)]._replace(time=_WEEK_S * place / number, number=place)


def _many(steps: list[Step], entities: int) -> Iterator[tuple[Entity, Step]]:
    for place in range(entities * _EACH):
        step = steps[(place // entities + place) % len(steps)]
        yield ("host", f"h{place % entities}"), step._replace(time=float(place), number=place)


if __name__ == "__main__":
    main()
