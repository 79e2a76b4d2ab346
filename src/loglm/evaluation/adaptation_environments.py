"""Environments of a window table to leave out one at a time, each cut in an earlier part to adapt by and a later one.

Two kinds. *Labs*: recordings of one dataset whose hosts are of one DNS domain (or one host without a domain), with the
lab's own background in them. *Pairs*: a dataset of short cuts around attacks with a clean machine, as
`loglm.evaluation.attack_benchmark` pairs them; the machine's logs are the environment's ordinary ones. Recordings are
cut by time, none is in both parts; a machine's windows are cut in half.

A window is an *attack* where it is of an attack recording and a Sigma rule of level medium or above fires in it; of
datasets of short cuts also without, where it is no background. It is *ordinary* where it is of a clean machine, or
background: every event recurs under four or more sets of labels, counted without the recordings of the other part, so
that what is ordinary in the later part does not hang on the earlier. What is neither is left out of all figures but
that of recordings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.evaluation.attack_background import BACKGROUND_LABEL_SETS, label_sets
from loglm.evaluation.attack_benchmark import DATASETS, MACHINES, machine_of
from loglm.evaluation.window_table import WindowTable
from loglm.findings import Level

__all__ = ["Environment", "Part", "environments"]

_LAB_DATASETS = ("security-datasets",)
_LEAST_RECORDINGS = 10
_LEAST_ORDINARY = 50
_LEAST_ATTACK = 10


@dataclass(frozen=True, slots=True)
class Part:
    """Windows of an environment, in the order of their time."""

    windows: np.ndarray
    """int64 (w,): indices into the table."""
    attack: np.ndarray
    """bool (w,)."""
    ordinary: np.ndarray
    """bool (w,); never both."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What is left out together."""

    name: str
    recordings: frozenset[int]
    """Of its attacks and its clean machine."""
    early: Part
    late: Part


def environments(table: WindowTable) -> list[Environment]:
    """Those with enough ordinary and attack windows in both parts; the largest first."""
    found = [_environment(table, name, sorted(members)) for name, members in _groups(table).items()]
    usable = [e for e in found if e is not None and all(_is_enough(part) for part in (e.early, e.late))]
    return sorted(usable, key=lambda e: -len(e.late.windows))


def _is_enough(part: Part) -> bool:
    return int(part.ordinary.sum()) >= _LEAST_ORDINARY and int(part.attack.sum()) >= _LEAST_ATTACK


def _groups(table: WindowTable) -> dict[str, set[int]]:
    groups: dict[str, set[int]] = defaultdict(set)
    machines = dict(zip(MACHINES, DATASETS, strict=False))
    named = {dataset: f"{dataset} + {machine}" for machine, dataset in machines.items()}
    labs = _lab_of(table)
    for index, recording in enumerate(table.recordings):
        if recording.kind == "benign" and machine_of(recording) in machines:
            dataset = machines[machine_of(recording)]
            if dataset not in _LAB_DATASETS:
                groups[named[dataset]].add(index)
        elif recording.dataset in _LAB_DATASETS and index in labs:
            groups[f"{recording.dataset}: {labs[index]}"].add(index)
        elif recording.kind == "attack" and recording.dataset in named:
            groups[named[recording.dataset]].add(index)
    return {name: members for name, members in groups.items() if len(members) >= _LEAST_RECORDINGS}


def _lab_of(table: WindowTable) -> dict[int, str]:
    """Recording -> the domain of most of its windows' hosts; the host where it has no domain."""
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    for entity, recording in zip(table.entity, table.recording, strict=True):
        kind, _, name = entity.partition(":")
        if kind == "host" and table.recordings[recording].kind == "attack":
            seen[recording][name.lower().partition(".")[2] or name.lower()] += 1
    return {recording: counts.most_common(1)[0][0] for recording, counts in seen.items()}


def _environment(table: WindowTable, name: str, members: Sequence[int]) -> Environment | None:
    of = np.asarray(table.recording)
    start = np.nan_to_num(np.asarray(table.start), nan=np.inf)
    attacks = [i for i in members if table.recordings[i].kind == "attack" and (of == i).any()]
    attacks.sort(key=lambda i: (float(start[of == i].min()), i))
    if len(attacks) < 2:
        return None
    halves = attacks[: len(attacks) // 2], attacks[len(attacks) // 2 :]
    clean = np.flatnonzero(np.isin(of, [i for i in members if table.recordings[i].kind == "benign"]))
    clean = clean[np.argsort(start[clean], kind="stable")]
    cut = len(clean) // 2
    parts = []
    for own, other, ordinary in ((*halves, clean[:cut]), (*halves[::-1], clean[cut:])):
        windows = np.concatenate([np.flatnonzero(np.isin(of, own)), ordinary])
        windows = windows[np.argsort(start[windows], kind="stable")]
        counts = label_sets(table, set(range(len(table.recordings))) - set(other))
        parts.append(_part(table, windows, counts))
    return Environment(name, frozenset(members), *parts)


def _part(table: WindowTable, windows: np.ndarray, counts: np.ndarray) -> Part:
    attack, ordinary = zip(*_sides(table, windows, counts), strict=True)
    return Part(windows, np.asarray(attack, bool), np.asarray(ordinary, bool))


def _sides(table: WindowTable, windows: np.ndarray, counts: np.ndarray) -> Iterator[tuple[bool, bool]]:
    for window in windows:
        recording = table.recordings[table.recording[window]]
        hit = any(level >= Level.MEDIUM for level, _, _ in table.rules[window])
        recurs = not table.rules[window] and int(counts[table.rows[window]].min()) >= BACKGROUND_LABEL_SETS
        is_clean = recording.kind == "benign"
        is_cut = recording.dataset not in _LAB_DATASETS
        yield not is_clean and (hit or (is_cut and not recurs)), is_clean or recurs
