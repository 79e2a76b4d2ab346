"""How unlike the others each event of a table is: Isolation Forest on vectors, or on columns and free text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import numpy as np

from loglm.analysis.columns import MESSAGE, Column
from loglm.events.event import LogEvent
from loglm.events.rendering import render
from loglm.runtime.embed import Embed

__all__ = ["Method", "event_features", "isolation_scores", "label_encoded"]

Method = Literal["hybrid", "embeddings"]

_TREES = 100
_MOST_FITTED = 20_000


def event_features(events: Sequence[LogEvent], columns: Sequence[Column], embed: Embed, method: Method) -> np.ndarray:
    """What an event is compared by, float32 (n, F).

    ``embeddings``: the vector of the rendered event. ``hybrid``: a categorical column as the label of its value, which
    is how rare it is (bits, so that a column of many values weighs no more than one of few); an amount as its
    logarithm; and the vector of the free text of all text columns, rendered in the masked view.
    """
    if method == "embeddings":
        return _embed_distinct([render(event) for event in events], embed)
    parts = [_encode(column)[:, None] for column in columns if column.kind in ("categorical", "numeric")]
    texts = [column for column in columns if column.kind == "text"]
    if texts or not parts:
        rendered = [_free_text(event, {c.name: c.values[i] for c in texts}) for i, event in enumerate(events)]
        parts.append(_embed_distinct(rendered, embed))
    return np.concatenate(parts, axis=1).astype(np.float32)


def label_encoded(columns: Sequence[Column]) -> np.ndarray:
    """Every column but constants as its values' places in alphabetical order, float32 (n, F): the plain baseline."""
    codes = [np.unique(c.values, return_inverse=True)[1].ravel() for c in columns if c.kind != "constant"]
    return np.stack(codes, axis=1).astype(np.float32)


def isolation_scores(features: np.ndarray, *, seed: int = 0) -> np.ndarray:
    """float64 (n,) in 0..1 for features (n, F); higher is more unlike the others.

    Source: Liu, Ting and Zhou 2008, Isolation Forest; 100 trees of 256 rows each, drawn from 20,000 at most.
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


def _embed_distinct(texts: Sequence[str], embed: Embed) -> np.ndarray:
    numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    return embed(list(numbers))[[numbers[text] for text in texts]]


def _encode(column: Column) -> np.ndarray:
    if column.kind == "numeric":
        numbers = column.numbers()
        numbers[np.isnan(numbers)] = np.nanmedian(numbers)
        amounts: np.ndarray = np.sign(numbers) * np.log1p(np.abs(numbers))
        return amounts
    counts = Counter(column.values)
    return -np.log2(np.asarray([counts[value] for value in column.values], np.float64) / len(column.values))
