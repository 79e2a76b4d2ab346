"""Retrieval of threat intelligence for log events: from what a recording of an attack holds to its technique's texts.

Queries are Windows recordings labelled with techniques (`loglm.evaluation.attack_benchmark`): the distinct events of
the eight windows that look most like an attack to a model that learned from other datasets. Documents are ATT&CK's
techniques without their sub-techniques; one of a sub-technique stands for its parent. Right is any technique that the
recording is labelled with.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.attack.intel import read_objects, read_procedures
from loglm.evaluation.attack_baselines import word_model
from loglm.evaluation.attack_benchmark import DATASETS, base_labels, is_used, select_recordings
from loglm.evaluation.attack_metrics import bootstrap_interval, recording_ranking
from loglm.evaluation.embedders import Embedder, Vectors, dense
from loglm.evaluation.scores import Score
from loglm.evaluation.window_table import WindowTable
from loglm.intel.passages import Kind
from loglm.intel.questions import event_words
from loglm.intel.ranking import Ranker, count_all

__all__ = ["SeenAttack", "event_scores", "seen_attacks"]

TASK = "retrieval"
EVENTS = "events of recordings"
_DEPTHS = (1, 3, 5, 10)
_WINDOWS = 8
_WORD = r"[A-Za-z0-9_]+"
_COMMON = 0.05
_EMBEDDED = 16
"""Events of a recording whose vectors are compared, for time's sake."""


@dataclass(frozen=True, slots=True)
class SeenAttack:
    """What is asked about a recording."""

    texts: tuple[str, ...]
    """Distinct rendered events, those of the windows that look most like an attack first."""
    words: str
    """Of them, without those that stand in more than a twentieth of the texts of other datasets."""
    named: dict[str, float]
    """Technique -> probability, by logistic regression on the words of other datasets."""
    techniques: frozenset[str]
    """What it is labelled with."""


def seen_attacks(table: WindowTable) -> list[SeenAttack]:
    """The attack recordings of a table, each as a model says of it that never saw its dataset.

    Raises:
        EmptyInputError: A clean machine, or all the datasets but one, are not in the table.
    """
    table = select_recordings(table, [i for i, recording in enumerate(table.recordings) if is_used(recording)])
    fit, labels = word_model(table), base_labels()
    common_in = _CommonWords(table)
    of_window = np.asarray(table.recording)
    found = []
    for dataset in DATASETS:
        left_out = [i for i, recording in enumerate(table.recordings) if recording.dataset == dataset]
        left_out = [i for i in left_out if (of_window == i).any()]
        if not left_out:
            continue
        common = common_in.without(left_out)
        score = fit(frozenset(range(len(table.recordings))) - frozenset(left_out), labels, 0)
        for number in left_out:
            windows = np.flatnonzero(of_window == number)
            attack, technique = score(windows)
            best = windows[np.argsort(-attack, kind="stable")[:_WINDOWS]]
            texts = dict.fromkeys(table.texts[row] for window in best for row in table.rows[window])
            ranking = recording_ranking(attack, technique, top=_WINDOWS)
            named = {labels[i]: float(ranking[i]) for i in np.flatnonzero(ranking)}
            right = table.recordings[number].base_techniques
            found.append(SeenAttack(tuple(texts), event_words(texts, common), named, right))
    return found


def event_scores(table: WindowTable, intel: Path, embedders: Iterable[Embedder]) -> Iterator[Score]:
    """Recall at 1, 3, 5 and 10 and mean reciprocal rank, with 95 % bootstrap intervals over recordings.

    Args:
        table: Attack windows.
        intel: Folder of ATT&CK's texts.
        embedders: Compare the mean vector of the first 16 events with those of the descriptions.
    """
    attacks = seen_attacks(table)
    labels = base_labels()
    learned = np.asarray([[attack.named.get(name, 0.0) for name in labels] for attack in attacks])
    yield from _figures("names learned from other recordings", learned, attacks)
    ranker = _ranker(intel)
    words = np.stack([_of_bases(ranker.technique_scores(a.words), ranker.techniques) for a in attacks])
    yield from _figures("intel, with examples", words, attacks)
    both = [ranker.technique_scores(attack.words, attack.named) for attack in attacks]
    joined = np.stack([_of_bases(scores, ranker.techniques) for scores in both])
    yield from _figures("intel + names learned from other recordings", joined, attacks)
    techniques = [entry for entry in read_objects(intel) if entry.type == "attack-pattern"]
    documents = [f"{technique.name}: {technique.description}" for technique in techniques]
    ids = [technique.id for technique in techniques]
    for embedder in embedders:
        embed = embedder.fit([*documents, *(text for attack in attacks for text in attack.texts[:_EMBEDDED])])
        described = dense(embed(documents))
        scores = [_of_bases(described @ _mean(embed(attack.texts[:_EMBEDDED])), ids) for attack in attacks]
        yield from _figures(embedder.name, np.stack(scores), attacks)


class _CommonWords:
    """Words that stand in many of a table's texts."""

    def __init__(self, table: WindowTable) -> None:
        from sklearn.feature_extraction.text import CountVectorizer

        counter = CountVectorizer(token_pattern=_WORD, binary=True, dtype=np.float32)
        self._presence = counter.fit_transform(table.texts).tocsr()
        self._words = counter.get_feature_names_out()
        self._table = table

    def without(self, recordings: Collection[int]) -> frozenset[str]:
        """Those of the other recordings' texts."""
        table, left_out = self._table, frozenset(recordings)
        rows = [row for row, number in zip(table.rows, table.recording, strict=True) if number not in left_out]
        texts = np.unique(np.concatenate(rows))
        share = np.asarray(self._presence[texts].sum(axis=0)).ravel() / len(texts)
        return frozenset(self._words[share > _COMMON].tolist())


def _ranker(intel: Path) -> Ranker:
    """Of all techniques with all their examples: recordings are no part of them."""
    techniques = [entry for entry in read_objects(intel) if entry.type == "attack-pattern"]
    known = {technique.id for technique in techniques}
    examples = [example for example in read_procedures(intel) if example.technique in known]
    texts = [f"{technique.name}: {technique.description}" for technique in techniques]
    kinds = [Kind.DEFINITION] * len(techniques) + [Kind.EXAMPLE] * len(examples)
    labels = [(technique.id,) for technique in techniques] + [(example.technique,) for example in examples]
    return Ranker(count_all([*texts, *(example.text for example in examples)]), kinds, labels)


def _of_bases(scores: np.ndarray, ids: Iterable[str]) -> np.ndarray:
    """For each technique of `base_labels` its own score or the best of its sub-techniques, float (C,)."""
    number = {name: i for i, name in enumerate(base_labels())}
    best = np.full(len(number), -np.inf)
    places = [number.get(name.partition(".")[0], -1) for name in ids]
    kept = [i for i, place in enumerate(places) if place >= 0]
    np.maximum.at(best, [places[i] for i in kept], scores[kept])
    return best


def _mean(vectors: Vectors) -> np.ndarray:
    return np.asarray(vectors.mean(axis=0)).ravel()


def _figures(model: str, scores: np.ndarray, attacks: list[SeenAttack]) -> Iterator[Score]:
    """Of the best placed of the right techniques; equal scores stand in the order of ids."""
    number = {name: i for i, name in enumerate(base_labels())}
    ranks = np.empty(len(attacks))
    for row, attack in enumerate(attacks):
        order = np.argsort(-scores[row], kind="stable").tolist()
        right = [order.index(number[name]) + 1 for name in attack.techniques if name in number]
        ranks[row] = min(right, default=len(order) + 1)
    yield Score(TASK, EVENTS, model, "MRR", bootstrap_interval((1 / ranks)[None]), len(ranks))
    for depth in _DEPTHS:
        found = (ranks <= depth).astype(float)
        yield Score(TASK, EVENTS, model, f"recall@{depth}", bootstrap_interval(found[None]), len(ranks))
