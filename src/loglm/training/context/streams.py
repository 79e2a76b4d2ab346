"""Examples for the context encoder: entities of many environments, scored by what their own first days taught."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from loglm.anomaly.table import EventTable, TableReader
from loglm.context.codebook import Codebook
from loglm.context.encoder import Reading
from loglm.context.environment import Environment
from loglm.context.scorer import ContextScorer, Entity
from loglm.events.opening import discover
from loglm.events.problems import Problems
from loglm.events.reading import read_events

__all__ = ["Stream", "environments_of", "read_streams"]

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


def environments_of(paths: Iterable[Path]) -> dict[str, list[str]]:
    """The files of each folder: logs that lie in one folder come from one environment."""
    found: dict[str, list[str]] = {}
    for path in discover(list(paths), Problems()):
        found.setdefault(str(Path(path).parent), []).append(str(path))
    return found


def read_streams(
    environments: Iterable[tuple[str, Sequence[str]]],
    codebook: Codebook,
    *,
    most_events: int,
    seed: int,
    skipped: Counter[str],
) -> Iterator[Stream]:
    """Streams of each environment, learned from its own earlier part.

    Args:
        environments: Names and files.
        codebook: Kinds of events.
        most_events: Read of each file at most, and of each environment four times as many.
        seed: Fixes where baselines end.
        skipped: Counts environments that are too small.
    """
    for number, (name, files) in enumerate(environments):
        table = EventTable()
        reader = TableReader(table, codebook)
        for file in files:
            reader.read(islice(read_events([file]), max(0, min(most_events, 4 * most_events - len(table)))))
        if len(table) < _FEWEST:
            skipped["too small"] += 1
            continue
        share = np.random.default_rng((seed, number)).uniform(*_BASELINE)
        yield from _streams(name, table, codebook.codes, share)


def _streams(name: str, table: EventTable, codes: int, share: float) -> Iterator[Stream]:
    ordered = table.in_time()
    cut = int(share * len(ordered))
    environment = Environment(codes)
    environment.learn_events(table.steps(ordered[:cut].tolist()))
    scorer = ContextScorer(environment)
    for entity, step in table.steps(ordered[max(0, cut - len(ordered) // 5) : cut].tolist()):
        scorer.add(entity, step)
    found: dict[Entity, list[tuple[Reading, tuple[float, ...]]]] = {}
    for entity, step in table.steps(ordered[cut:].tolist()):
        for scored in scorer.add(entity, step):
            found.setdefault(entity, []).append((scored.reading, scored.given))
    for rows in found.values():
        if len(rows) >= _SHORTEST:
            given = np.asarray([one for _, one in rows], np.float32)
            yield Stream(name, np.asarray([one for one, _ in rows], np.int64), given[:, :-2], given[:, -1])
