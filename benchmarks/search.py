"""Search: time to build an index, its size, how fast it answers, and what 16-bit vectors cost in recall.

    python benchmarks/search.py --data DIR --events 1000000

Events of DIR/logs/corpus, a folder at a time in turn so that any number of them has the variety of all; where they are
used up they come again as files of other names. Latencies are those of an open index in this process, embedding of the
query included: by example (raw events of random texts), the same with a filter on the log source, by words (a random
third of an event's words), and by exact value (hosts, users and addresses of random events). CPU times stand beside
those of the clock, for machines that do other work too. Recall@10: of the ten nearest by cosine of float32 vectors, the
share that the index finds; equal cosines count as found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.search.building import add_events
from loglm.search.encoders import load_encoder
from loglm.search.lexical import words_of
from loglm.search.querying import Filters, SearchIndex
from loglm.search.store import VECTORS
from loglm.search.vectors import nearest, read_vectors

_TURN = 500
"""Events of a folder, before the next one's."""
_KEPT = 2_000
"""Events that questions are made of."""


def repeated(folders: Sequence[Path]) -> Iterator[LogEvent]:
    """The events of folders in turn, again and again under other names."""
    for copy in count():
        left = [iter(read_events([folder])) for folder in folders]
        while left:
            for events in list(left):
                turn = list(islice(events, _TURN))
                if not turn:
                    left.remove(events)
                for event in turn:
                    path = f"{event.location.path}.{copy}" if copy else event.location.path
                    yield replace(event, location=SourceLocation(path, event.location.record))


class Kept:
    """Passes events on, keeping a random sample of them (reservoir), and vectors on, keeping all in float32."""

    def __init__(self, embed: Callable[[list[str]], np.ndarray]) -> None:
        self.sample: list[LogEvent] = []
        self.vectors: list[np.ndarray] = []
        self._embed = embed
        self._random = np.random.default_rng(0)

    def events(self, events: Iterator[LogEvent]) -> Iterator[LogEvent]:
        for number, event in enumerate(events):
            if number < _KEPT:
                self.sample.append(event)
            elif (place := int(self._random.integers(number + 1))) < _KEPT:
                self.sample[place] = event
            yield event

    def embed(self, texts: list[str]) -> np.ndarray:
        vectors = self._embed(texts)
        self.vectors.append(vectors)
        return vectors


def latencies(name: str, ask: Sequence[Callable[[], object]]) -> None:
    """A row of the table: p50 and p99 in milliseconds, by the clock and of CPU time."""
    seconds = []
    for question in ask:
        started = time.perf_counter(), time.process_time()
        question()
        seconds.append((time.perf_counter() - started[0], time.process_time() - started[1]))
    (p50, cpu50), (p99, cpu99) = np.percentile(seconds, (50, 99), axis=0) * 1000
    print(f"| {name} | {len(seconds)} | {p50:.1f} | {p99:.1f} | {cpu50:.1f} | {cpu99:.1f} |", flush=True)


def recall(found: np.ndarray, exact: np.ndarray, queries: np.ndarray) -> float:
    """Share of the ten nearest rows by float32 that `nearest` finds among 16-bit rows."""
    shares = []
    for query in exact[queries]:
        cosines = exact @ query
        tenth = np.sort(cosines)[-min(10, len(cosines))]
        shares.append(np.mean(cosines[nearest(found, query, 10)] >= tenth - 1e-6))
    return float(np.mean(shares))


def main() -> int:
    """Build an index and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of real logs; reads logs/corpus below it")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the index (default: %(default)s)")
    parser.add_argument("--queries", type=int, default=200, help="questions of each kind (default: %(default)s)")
    parser.add_argument("--model", type=Path, help="model folder; the shipped one by default")
    parser.add_argument("--threads", type=int, help="CPU threads; all cores by default")
    arguments = parser.parse_args()
    folders = sorted(path for path in arguments.data.glob("logs/corpus/*") if path.is_dir())
    if not folders:
        print(f"{arguments.data / 'logs/corpus'}: no folders of logs", file=sys.stderr)
        return 2
    encoder, encoder_id = load_encoder(arguments.model, threads=arguments.threads)
    kept = Kept(encoder.embed_texts)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "index"
        started, cpu = time.perf_counter(), time.process_time()
        events = kept.events(islice(repeated(folders), arguments.events))
        stats = add_events(folder, events, embed=kept.embed, encoder=encoder_id)
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
        size = sum(path.stat().st_size for path in folder.iterdir())
        print(
            f"{stats.added:,} events, {stats.texts:,} texts, {encoder_id.name}: built in {seconds:.0f} s "
            f"({stats.added / seconds:,.0f} events/s), {cpu:.0f} s of CPU time, {size / 1e6:.0f} MB on disk\n",
            flush=True,
        )
        ask(folder, kept, arguments.queries, encoder.embed_texts)
        exact = np.concatenate(kept.vectors)
        queries = np.random.default_rng(1).choice(len(exact), min(arguments.queries, len(exact)), replace=False)
        share = recall(read_vectors(folder / VECTORS, len(exact), exact.shape[1]), exact, queries)
        print(f"\nrecall@10 against brute force in float32: {share:.4f}")
    return 0


def ask(folder: Path, kept: Kept, queries: int, embed: Callable[[list[str]], np.ndarray]) -> None:
    """Print the latencies of each kind of question."""
    random = np.random.default_rng(2)
    picked = [kept.sample[place] for place in random.permutation(len(kept.sample))[:queries]]
    words = [text for event in picked if len(text := render(event).split()) > 5]
    texts = [" ".join(random.choice(text, max(2, len(text) // 3), replace=False)) for text in words]
    texts = [text for text in texts if len(words_of(text)) > 1 and len(set(text.split())) > 1]
    with SearchIndex(folder, embed=embed) as index:
        index.like(picked[0])  # checks the file of vectors
        print("| question | number | p50 ms | p99 ms | p50 CPU ms | p99 CPU ms |\n|---|---|---|---|---|---|")
        latencies("example", [lambda event=event: index.like(event) for event in picked])
        filtered = [(event, Filters(source=event.log_source.label)) for event in picked]
        latencies("example, one log source", [lambda e=e, f=f: index.like(e, filters=f) for e, f in filtered])
        latencies("words", [lambda text=text: index.like(text) for text in texts])
        latencies("exact value", [lambda event=event: index.with_value(event.entity[1]) for event in picked])


if __name__ == "__main__":
    sys.exit(main())
