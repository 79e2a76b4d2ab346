"""Simple models for `loglm.evaluation.attack_benchmark`: words, event ids, Sigma rules alone.

The first two are logistic regressions: one says whether a window is of an attack recording, one per technique says
which. They learn from the labels of whole recordings, each recording of equal weight.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence

import numpy as np
from scipy.sparse import csr_matrix, diags

from loglm.evaluation.window_table import WindowTable
from loglm.findings import Level

__all__ = ["Fit", "Scorer", "event_id_model", "sigma_model", "training_windows", "window_events", "word_model"]

Scorer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Window indices (w,) to p(attack), float (w,), and p(technique | attack), float (w, C)."""

Fit = Callable[[frozenset[int], tuple[str, ...], int], Scorer]
"""Recordings to learn from, base techniques (C), seed; gives what scores windows of the same table."""

_WINDOWS_PER_RECORDING = 40
_WINDOWS_PER_CLEAN_FILE = 400
_MAX_FEATURES = 50_000
_INVERSE_PENALTY = 10.0
_WORD = r"[A-Za-z0-9_]{2,}"


def training_windows(table: WindowTable, recordings: Collection[int]) -> np.ndarray:
    """Windows to learn from: at most 40 a recording evenly spread, and as many with rule hits; 400 of clean files."""
    by_recording: dict[int, list[int]] = defaultdict(list)
    for window, recording in enumerate(table.recording):
        if recording in recordings:
            by_recording[recording].append(window)
    kept: list[int] = []
    for recording, windows in by_recording.items():
        benign = table.recordings[recording].kind == "benign"
        hit = [w for w in windows if table.rules[w]]
        chosen = set(_spread(windows, _WINDOWS_PER_CLEAN_FILE if benign else _WINDOWS_PER_RECORDING))
        kept += sorted(chosen | set(_spread(hit, _WINDOWS_PER_RECORDING)))
    return np.asarray(kept, np.int64)


def word_model(table: WindowTable) -> Fit:
    """Logistic regression on TF-IDF of the words of a window's rendered events."""
    from sklearn.feature_extraction.text import CountVectorizer

    words = CountVectorizer(token_pattern=_WORD, dtype=np.float32).fit_transform(table.texts)
    return _linear_model(table, window_events(table) @ words, weigh=True)


def event_id_model(table: WindowTable) -> Fit:
    """Logistic regression on how often each kind of event is in a window: log source and event id."""
    headers: dict[str, int] = {}
    columns = [headers.setdefault(text.partition("\n")[0], len(headers)) for text in table.texts]
    ones = np.ones(len(columns), np.float32)
    counts = csr_matrix((ones, (np.arange(len(columns)), columns)), shape=(len(columns), len(headers)))
    return _linear_model(table, window_events(table) @ counts, weigh=False)


def sigma_model(table: WindowTable) -> Fit:
    """Sigma rules alone: the score is the level of a window's strongest hit in fifths, the technique from its tags.

    Hits below medium do not count. Nothing is learned.
    """

    def fit(_recordings: frozenset[int], labels: tuple[str, ...], _seed: int) -> Scorer:
        column = {label: i for i, label in enumerate(labels)}

        def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            attack = np.zeros(len(windows))
            technique = np.zeros((len(windows), len(labels)))
            for row, window in enumerate(windows):
                level, names = _strongest(table.rules[window])
                attack[row] = level / Level.CRITICAL
                for name in names:
                    if name in column:
                        technique[row, column[name]] = 1 / len(names)
            return attack, technique

        return score

    return fit


def _strongest(hits: Sequence[tuple[int, str, str]]) -> tuple[int, set[str]]:
    """Level of the strongest hit, and the base techniques of the strongest hits that name one."""
    strong = [(level, technique.partition(".")[0]) for level, technique, _ in hits if level >= Level.MEDIUM]
    named = [(level, technique) for level, technique in strong if technique]
    top = max((level for level, _ in named), default=0)
    return max((level for level, _ in strong), default=0), {name for level, name in named if level == top}


def _linear_model(table: WindowTable, counts: csr_matrix, *, weigh: bool) -> Fit:
    def fit(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        from sklearn.linear_model import LogisticRegression

        windows = training_windows(table, recordings)
        features = _Features(counts[windows], weigh)
        x = features(counts[windows])
        truth, weight = _targets(table, windows)
        attack_side = truth == 1
        weight[attack_side] *= weight[~attack_side].sum() / weight[attack_side].sum()

        def regression(rows: np.ndarray, y: np.ndarray) -> LogisticRegression:
            model = LogisticRegression(C=_INVERSE_PENALTY, solver="liblinear", random_state=seed)
            scale = weight[rows] / weight[rows].mean()
            return model.fit(x[rows], y, sample_weight=scale)

        alarm = regression(np.arange(len(windows)), truth)
        rows = np.flatnonzero(attack_side)
        named = [table.recordings[table.recording[w]].base_techniques for w in windows[rows]]
        namers = {}
        for column, label in enumerate(labels):
            y = np.asarray([label in names for names in named])
            if y.any() and not y.all():
                namers[column] = regression(rows, y)

        def score(asked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            part = features(counts[asked])
            technique = np.zeros((len(asked), len(labels)))
            for column, model in namers.items():
                technique[:, column] = model.predict_proba(part)[:, 1]
            technique /= np.maximum(technique.sum(axis=1, keepdims=True), 1e-12)
            return alarm.predict_proba(part)[:, 1], technique

        return score

    return fit


class _Features:
    """Columns that occur in two windows or more, logarithm of counts, inverse frequency, rows of unit length."""

    def __init__(self, counts: csr_matrix, weigh: bool) -> None:
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        columns = np.flatnonzero(frequency >= 2)
        self._columns = np.sort(columns[np.argsort(-frequency[columns], kind="stable")[:_MAX_FEATURES]])
        share = (1 + counts.shape[0]) / (1 + frequency[self._columns])
        self._scale = diags(np.log(share) + 1 if weigh else np.ones(len(share)))

    def __call__(self, counts: csr_matrix) -> csr_matrix:
        from sklearn.preprocessing import normalize

        scaled: csr_matrix = normalize(counts[:, self._columns].log1p() @ self._scale).tocsr()
        return scaled


def _targets(table: WindowTable, windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Per window: 1 for attack recordings, and a weight that adds up to 1 per attack recording."""
    recording = np.asarray(table.recording)[windows]
    sizes = np.bincount(recording)
    truth = np.asarray([table.recordings[r].kind == "attack" for r in recording], int)
    return truth, np.where(truth == 1, 1 / sizes[recording], 1.0)


def window_events(table: WindowTable) -> csr_matrix:
    """float32 (windows, texts): how often each text is in a window."""
    bounds = np.cumsum([0, *(len(row) for row in table.rows)])
    columns = np.concatenate(table.rows)
    return csr_matrix((np.ones(len(columns), np.float32), columns, bounds), shape=(len(table), len(table.texts)))


def _spread(items: Sequence[int], limit: int) -> list[int]:
    if len(items) <= limit:
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, limit).astype(int)]
