"""Training examples for the ATT&CK head: sets of words of labelled windows, and of the strings of rules.

Labels are mostly per recording, whose background is in it too. So a window weighs by how specific its texts are: an
event that recurs in recordings of different techniques is background of the lab, and serves as a negative beside the
clean machines and ordinary logs. Rule hits add their techniques to the target; strings of rules and texts of ATT&CK are
examples of their own, which teach names but not what an attack is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from loglm.detection.words import distinct_words, word_columns
from loglm.evaluation.attack_background import BACKGROUND_LABEL_SETS, label_sets
from loglm.evaluation.attack_baselines import training_windows
from loglm.evaluation.window_table import WindowTable
from loglm.findings import Level
from loglm.training.attack.head import HeadExamples
from loglm.training.attack.named_texts import NamedTexts

__all__ = ["NamedWords", "TableWords", "make_examples", "table_words"]

_HIT_SHARE = 0.3
"""Part of a window's target that its rule hits name, where it has some."""
_HIT_WEIGHT = 0.05
_ORDINARY_WEIGHT = 0.1
"""Of a window without a label, where one of a clean machine weighs 1."""


@dataclass(frozen=True, slots=True)
class NamedWords:
    """Which words are in some `NamedTexts`."""

    presence: csr_matrix
    """(r, V)."""
    techniques: tuple[tuple[str, ...], ...]
    """Base techniques of each text."""
    share: float
    """Weight of all of them against that of all windows."""


@dataclass(frozen=True, slots=True)
class TableWords:
    """Which words are in the windows of a table, and in texts that name techniques."""

    words: tuple[str, ...]
    """V words."""
    windows: csr_matrix
    """(w, V) of the table's windows; any positive value is a word held."""
    named: tuple[NamedWords, ...]


def table_words(table: WindowTable, named: Sequence[NamedTexts]) -> TableWords:
    """Words of all windows of a table and of texts that name techniques."""
    texts = [*table.texts, *(text for group in named for text in group.texts)]
    column: dict[str, int] = {}
    for text in texts:
        for word in distinct_words(text):
            column.setdefault(word, len(column))
    presence = _rows([word_columns(text, column) for text in texts], len(column))
    windows = (_rows(table.rows, len(table.texts)) @ presence[: len(table.texts)]).tocsr()
    bounds = np.cumsum([len(table.texts), *(len(group.texts) for group in named)])
    groups = [
        NamedWords(presence[start:end], group.techniques, group.share)
        for group, start, end in zip(named, bounds[:-1], bounds[1:], strict=True)
    ]
    return TableWords(tuple(column), windows, tuple(groups))


def make_examples(
    table: WindowTable, words: TableWords, recordings: frozenset[int], labels: tuple[str, ...]
) -> HeadExamples:
    """What a head learns from some recordings, and from the texts that name techniques.

    Args:
        table: All windows.
        words: Their words (`table_words`).
        recordings: Indices of the recordings that may be learned from.
        labels: Base techniques that the head will know.
    """
    windows = training_windows(table, recordings)
    attack, attack_weight = _attack_targets(table, windows, recordings)
    technique, weight = _technique_targets(table, windows, recordings, labels)
    named = [_named_targets(group, labels, float(weight.sum())) for group in words.named]
    nothing = np.full(sum(len(targets) for targets, _ in named), np.nan, np.float32)
    return HeadExamples(
        presence=vstack([words.windows[windows], *(group.presence for group in words.named)]).tocsr(),
        words=words.words,
        technique=np.concatenate([technique, *(targets for targets, _ in named)]),
        technique_weight=np.concatenate([weight, *(weights for _, weights in named)]),
        attack=np.concatenate([attack, nothing]),
        attack_weight=np.concatenate([attack_weight, nothing]),
        labels=labels,
    )


def _named_targets(group: NamedWords, labels: tuple[str, ...], windows_weight: float) -> tuple[np.ndarray, np.ndarray]:
    """float32 (r, C) and (r,): targets and weights of texts; none for those that name no label."""
    shares = [_shares(dict.fromkeys(names, 1.0), labels) for names in group.techniques]
    targets = np.asarray(shares, np.float32).reshape(len(shares), len(labels))
    counts = (targets.sum(axis=1) > 0).astype(np.float32)
    return targets, counts * np.float32(group.share * windows_weight / max(1.0, float(counts.sum())))


def _attack_targets(
    table: WindowTable, windows: np.ndarray, recordings: frozenset[int]
) -> tuple[np.ndarray, np.ndarray]:
    """1, 0 or NaN, and weights: each attack recording alike, less for what recurs; both sides alike in all."""
    kind = np.asarray([table.recordings[table.recording[w]].kind for w in windows])
    rarest = _rarest(table, windows, recordings)
    hit = np.asarray([bool(table.rules[w]) for w in windows])
    background = (kind == "attack") & (rarest >= BACKGROUND_LABEL_SETS) & ~hit
    attack = np.where(
        np.isin(kind, ("benign", "ordinary")) | background, 0.0, np.where((kind == "attack") | hit, 1.0, np.nan)
    )
    weight = np.where(attack == 1.0, _recording_share(table, windows) / np.maximum(1, rarest), 1.0)
    weight[kind == "ordinary"] = _ORDINARY_WEIGHT
    positive = attack == 1.0
    if positive.any():
        weight[positive] *= weight[attack == 0.0].sum() / weight[positive].sum()
    return attack.astype(np.float32), weight.astype(np.float32)


def _technique_targets(
    table: WindowTable, windows: np.ndarray, recordings: frozenset[int], labels: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray]:
    rarest = _rarest(table, windows, recordings)
    share = _recording_share(table, windows)
    targets = np.zeros((len(windows), len(labels)), np.float32)
    weight = np.zeros(len(windows), np.float32)
    for row, window in enumerate(windows):
        recording = table.recordings[table.recording[window]]
        if recording.kind in ("benign", "ordinary"):
            continue
        labelled = dict.fromkeys(recording.base_techniques, 1.0)
        hit = dict.fromkeys(_hit_techniques(table.rules[window]), 1.0)
        parts = [(_shares(named, labels), part) for named, part in ((labelled, 1 - _HIT_SHARE), (hit, _HIT_SHARE))]
        target = sum((shares * part for shares, part in parts), np.zeros(len(labels), np.float32))
        if target.any():
            targets[row] = target / target.sum()
            weight[row] = share[row] / max(1, rarest[row]) + _HIT_WEIGHT * bool(hit)
    return targets, weight


def _shares(named: dict[str, float], labels: tuple[str, ...]) -> np.ndarray:
    """float32 (C,): even shares over the techniques named, zeros where none is among the labels."""
    shares = np.asarray([named.get(label, 0.0) for label in labels], np.float32)
    return shares / max(1.0, float(shares.sum()))


def _rarest(table: WindowTable, windows: np.ndarray, recordings: frozenset[int]) -> np.ndarray:
    counts = label_sets(table, recordings)
    return np.asarray([int(counts[table.rows[w]].min()) for w in windows])


def _recording_share(table: WindowTable, windows: np.ndarray) -> np.ndarray:
    recording = np.asarray(table.recording)[windows]
    share: np.ndarray = 1 / np.bincount(recording)[recording]
    return share


def _hit_techniques(hits: Sequence[tuple[int, str, str]]) -> set[str]:
    """Base techniques that hits of level medium and above name."""
    return {technique.partition(".")[0] for level, technique, _ in hits if technique and level >= Level.MEDIUM}


def _rows(columns: Sequence[np.ndarray], width: int) -> csr_matrix:
    bounds = np.cumsum([0, *(len(row) for row in columns)])
    flat = np.concatenate([np.zeros(0, np.int32), *columns])
    return csr_matrix((np.ones(len(flat), np.float32), flat, bounds), shape=(len(columns), width))
