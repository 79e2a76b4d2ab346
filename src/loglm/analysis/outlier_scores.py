"""How unlike the others each event of a table is: Isolation Forest on vectors, or on columns and vectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from loglm.analysis.columns import MESSAGE, Column
from loglm.events.event import LogEvent
from loglm.events.rendering import render

__all__ = ["EmbedTexts", "Method", "event_features", "isolation_scores", "label_encoded"]

Method = Literal["hybrid", "embeddings"]
EmbedTexts = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit vectors, float32 (n, D)."""

_TREES = 200
_MOST_FITTED = 20_000
_TEXT_DIMENSIONS = 8


def event_features(
    events: Sequence[LogEvent], columns: Sequence[Column], embed: EmbedTexts, method: Method
) -> np.ndarray:
    """What an event is compared by, float32 (n, F).

    ``embeddings``: the vector of the rendered event. ``hybrid``: a categorical column as its label by frequency, the
    most frequent 0; an amount as its logarithm; and the free text of all text columns, rendered in the masked view, as
    the few directions in which its vectors differ most, so that they do not outnumber the columns.
    """
    if method == "embeddings":
        return _embed_distinct([render(event) for event in events], embed)
    parts = [_encode(column)[:, None] for column in columns if column.kind in ("categorical", "numeric")]
    texts = [column for column in columns if column.kind == "text"]
    if texts or not parts:
        rendered = [_free_text(event, {c.name: c.values[i] for c in texts}) for i, event in enumerate(events)]
        parts.append(_main_directions(_embed_distinct(rendered, embed)))
    return np.concatenate(parts, axis=1).astype(np.float32)


def label_encoded(columns: Sequence[Column]) -> np.ndarray:
    """Every column but constants as its values' places in alphabetical order, float32 (n, F): the plain baseline."""
    codes = [np.unique(c.values, return_inverse=True)[1].ravel() for c in columns if c.kind != "constant"]
    return np.stack(codes, axis=1).astype(np.float32)


def isolation_scores(features: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """float64 (n,) in 0..1 for features (n, F); higher is more unlike the others.

    Source: Liu, Ting and Zhou 2008, Isolation Forest; 200 trees of 256 rows each, drawn from 20,000 at most.
    """
    from sklearn.ensemble import IsolationForest

    rows = np.random.default_rng(seed).permutation(len(features))[:_MOST_FITTED]
    forest = IsolationForest(n_estimators=_TREES, random_state=seed).fit(features[np.sort(rows)])
    distinct, place = np.unique(features, axis=0, return_inverse=True)
    scores: np.ndarray = -forest.score_samples(distinct)
    return scores[place.ravel()]


def _free_text(event: LogEvent, values: dict[str, str]) -> str:
    body = values.pop(MESSAGE, None)
    return render(LogEvent("", event.location, event.log_source, values, body, host=event.host, user=event.user))


def _embed_distinct(texts: Sequence[str], embed: EmbedTexts) -> np.ndarray:
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return embed(list(numbers))[[numbers[text] for text in texts]]


def _encode(column: Column) -> np.ndarray:
    if column.kind == "numeric":
        numbers = column.numbers()
        numbers[np.isnan(numbers)] = np.nanmedian(numbers)
        amounts: np.ndarray = np.sign(numbers) * np.log1p(np.abs(numbers))
        return amounts
    labels = {value: label for label, (value, _) in enumerate(Counter(column.values).most_common())}
    return np.asarray([labels[value] for value in column.values], np.float64)


def _main_directions(vectors: np.ndarray) -> np.ndarray:
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    found: np.ndarray = centred @ directions[:, ::-1][:, :_TEXT_DIMENSIONS].astype(np.float32)
    return found
