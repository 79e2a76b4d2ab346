"""What a distilled model keeps of its teacher: its vectors, their neighbours, search by template, and at what speed."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loglm.errors import EmptyInputError
from loglm.evaluation.embedders import Embedder, Vectorize, Vectors
from loglm.evaluation.embedding_speed import time_turns
from loglm.evaluation.template_search import cosines, search_by_example
from loglm.plurals import plural

__all__ = ["DistilledScore", "cosine_after_rotation", "events_per_second", "neighbours_kept", "score_distilled"]

_NEIGHBOURS = 10
_FEWEST = 50
_ROUNDS = 5
_TIMED_TEXTS = 400
"""Of a round."""


@dataclass(frozen=True, slots=True)
class DistilledScore:
    """One model beside the teacher, which stands in the first row itself."""

    model: str
    cosine: float
    """Mean cosine to the teacher's vectors after the best rotation; NaN for sparse vectors."""
    neighbours_kept: float
    """Of the teacher's ten nearest texts of each text, the share among the model's ten nearest."""
    reciprocal_rank: float
    """Mean over texts of one over the place of the nearest other text of the same template."""
    average_precision: float
    """Mean over texts of the precision at the places of all other texts of the same template."""
    events_per_second: float
    """Distinct rendered events, tokenizing included, nothing cached; the median of five rounds."""


def score_distilled(
    teacher: Embedder, others: Sequence[Embedder], texts: Sequence[str], templates: Sequence[str]
) -> list[DistilledScore]:
    """Scores of the teacher, then of the others.

    Args:
        teacher: What they were distilled from.
        others: Distilled models and baselines.
        texts: Rendered events, all different, (n,).
        templates: Of each text.

    Raises:
        EmptyInputError: Too few texts for ten neighbours and for timing.
    """
    if len(texts) < _FEWEST:
        raise EmptyInputError(f"only {plural(len(texts), 'different event')} to measure on; expected {_FEWEST} or more")
    embeds = {embedder.name: embedder.fit(texts) for embedder in (teacher, *others)}
    speeds = events_per_second(embeds, texts)
    vectors = {name: embed(texts) for name, embed in embeds.items()}
    wanted = vectors[teacher.name]
    return [_score(name, found, wanted, templates, speeds[name]) for name, found in vectors.items()]


def cosine_after_rotation(vectors: Vectors, wanted: Vectors) -> float:
    """Mean cosine of rows of unit length, (n, D) and (n, E), after the rotation that fits best.

    The rotation (orthogonal Procrustes; Schönemann 1966) is learned from half of the rows and measured on the others,
    so that spaces with other axes or fewer dimensions compare; NaN for sparse rows.
    """
    if not (isinstance(vectors, np.ndarray) and isinstance(wanted, np.ndarray)):
        return float("nan")
    left, _, right = np.linalg.svd(vectors[::2].T @ wanted[::2], full_matrices=False)
    return float(((vectors[1::2] @ (left @ right)) * wanted[1::2]).sum(axis=1).mean())


def neighbours_kept(vectors: Vectors, wanted: Vectors) -> float:
    """Share of each row's ten nearest in ``wanted`` that are among its ten nearest in ``vectors``."""
    pairs = zip(_nearest(vectors), _nearest(wanted), strict=True)
    return float(np.mean([len(np.intersect1d(found, right)) / _NEIGHBOURS for found, right in pairs]))


def events_per_second(embeds: Mapping[str, Vectorize], texts: Sequence[str]) -> dict[str, float]:
    """Texts a second of each model, which must not have met them before, as `time_turns` measures."""
    turns = time_turns(embeds, texts, rounds=_ROUNDS, most=_TIMED_TEXTS)
    return {name: 1 / statistics.median(times[name].wall_s / len(asked) for asked, times in turns) for name in embeds}


def _nearest(vectors: Vectors) -> Iterator[np.ndarray]:
    """The ten nearest other rows of each row."""
    similarities = cosines(vectors)
    for row in range(vectors.shape[0]):
        scores = similarities(np.array([row]))[0]
        scores[row] = -np.inf
        yield np.argpartition(-scores, _NEIGHBOURS)[:_NEIGHBOURS]


def _score(
    name: str, vectors: Vectors, wanted: Vectors, templates: Sequence[str], events_per_second: float
) -> DistilledScore:
    found = search_by_example(cosines(vectors), templates)
    return DistilledScore(
        name,
        cosine_after_rotation(vectors, wanted),
        neighbours_kept(vectors, wanted),
        float(found.reciprocal_rank.mean()),
        float(found.average_precision.mean()),
        events_per_second,
    )
