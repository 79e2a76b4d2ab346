"""Examples for the context encoder: entities of many environments, scored by what their own first days taught."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import Codebook
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Entity, Scored
from loglm.events.opening import discover
from loglm.events.problems import Problems
from loglm.events.reading import read_events

__all__ = ["ScoredEntity", "Stream", "environments_of", "read_entities", "read_streams"]

_FEWEST = 60
"""Events of an environment; smaller ones teach nothing of what is usual."""
_SHORTEST = 4
_BASELINE = (0.3, 0.7)
"""Share of an environment that is its baseline: drawn between these, so that small and large ones are met."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Events of one entity after the baseline."""

    environment: str
    readings: np.ndarray
    """int64 (n, 4), see `loglm.context.encoder.Reading`."""
    given: np.ndarray
    """float32 (n, experts): what each expert gave the code that came."""
    usual_gap: np.ndarray
    """float32 (n,): what the environment gave the gap that came."""


@dataclass(frozen=True, slots=True)
class ScoredEntity:
    """Events of one entity after the baseline, as a scorer of fixed weights gave them."""

    environment: str
    usual: Environment
    """Learned from the baseline."""
    events: list[Scored]

    def stream(self) -> Stream:
        """What a context encoder learns from."""
        given = np.asarray([one.given for one in self.events], np.float32)
        readings = np.asarray([one.reading for one in self.events], np.int64)
        return Stream(self.environment, readings, given[:, :-2], given[:, -1])


def environments_of(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The files of each folder, by its absolute path: logs that lie in one folder come from one environment."""
    found: dict[str, list[str]] = {}
    for path in discover(list(paths), Problems()):
        found.setdefault(str(Path(path).parent.resolve()), []).append(str(path))
    return found


def read_streams(
    environments: Iterable[tuple[str, Sequence[str]]],
    codebook: Codebook,
    *,
    most_events: int,
    seed: int,
    skipped: Counter[str],
) -> Iterator[Stream]:
    """Streams of each environment, learned from its own earlier part; arguments as of `read_entities`."""
    found = read_entities(environments, codebook, most_events=most_events, seed=seed, skipped=skipped)
    return (entity.stream() for entity in found)


def read_entities(
    environments: Iterable[tuple[str, Sequence[str]]],
    codebook: Codebook,
    *,
    most_events: int,
    seed: int,
    skipped: Counter[str],
) -> Iterator[ScoredEntity]:
    """Entities of each environment, scored by what its own earlier part taught.

    Args:
        environments: Names and files.
        codebook: Kinds of events.
        most_events: Read of each file at most, and of each environment four times as many.
        seed: Fixes where baselines end, together with the names of folder and files, wherever they lie.
        skipped: Counts environments that are too small.
    """
    for name, files in environments:
        table = EventTable()
        reader = TableReader(table, codebook)
        for file in files:
            reader.read(islice(read_events([file]), max(0, min(most_events, 4 * most_events - len(table)))))
        if len(table) < _FEWEST:
            skipped["too small"] += 1
            continue
        yield from _entities(name, table, codebook.codes, _baseline_share(files, seed))


def _baseline_share(files: Sequence[str], seed: int) -> float:
    names = "\n".join(sorted("/".join(Path(file).parts[-2:]) for file in files))
    return float(np.random.default_rng((seed, zlib.crc32(names.encode("utf-8", "replace")))).uniform(*_BASELINE))


def _entities(name: str, table: EventTable, codes: int, share: float) -> Iterator[ScoredEntity]:
    ordered = table.in_time()
    cut = int(share * len(ordered))
    environment = Environment(codes)
    environment.learn_events(table.steps(ordered[:cut].tolist()))
    scorer = ContextScorer(environment)
    for entity, step in table.steps(ordered[max(0, cut - len(ordered) // 5) : cut].tolist()):
        scorer.add(entity, step)
    found: dict[Entity, list[Scored]] = {}
    for entity, step in table.steps(ordered[cut:].tolist()):
        for scored in scorer.add(entity, step):
            found.setdefault(entity, []).append(scored)
    yield from (ScoredEntity(name, environment, own) for own in found.values() if len(own) >= _SHORTEST)
