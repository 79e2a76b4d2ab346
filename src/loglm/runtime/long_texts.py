"""Texts of more tokens than an encoder reads at once: in overlapping pieces, whose vectors are averaged."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from loglm.tokenizer.bpe import SPECIAL_TOKENS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["MOST_TOKENS", "TextVector", "text_vectors"]

MOST_TOKENS = 48_000
"""Of a text that are read, from its start."""

_OVERLAP = 32
"""Tokens that a piece shares with the next one, so that none is read without what surrounds it."""

_SLICE_CHARS = 1 << 14
"""Tokenized at once, because a tokenizer needs far more memory than its text; rendered events are shorter."""

_GROUP_CHARS = 1 << 19
"""Of texts whose tokens are held at a time."""

_CLS, _SEP = SPECIAL_TOKENS.index("[CLS]"), SPECIAL_TOKENS.index("[SEP]")


class TextVector(NamedTuple):
    """The vector of a text, and how it came about."""

    vector: np.ndarray
    """float32 (D,), of unit length."""
    in_pieces: bool
    """It is the mean of the vectors of pieces, each weighed by its tokens."""
    is_cut: bool
    """There are more than `MOST_TOKENS` tokens, and those beyond them do not count."""


def text_vectors(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    vectors: Callable[[Sequence[Sequence[int]]], np.ndarray],
    *,
    max_tokens: int,
) -> list[TextVector]:
    """The vector of each text, in memory that has a bound however long texts are.

    Args:
        texts: Of any length.
        tokenizer: Without truncation.
        vectors: Unit vectors (n, D) of token sequences of at most ``max_tokens``, ``[CLS]`` and ``[SEP]`` included.
        max_tokens: Longest token sequence.
    """
    found: dict[int, TextVector] = {}
    for group in _groups(texts):
        ids = list(_token_ids(tokenizer, [texts[index] for index in group]))
        pieces = [_pieces(own[:MOST_TOKENS], max_tokens - 2) for own in ids]
        rows = iter(vectors([[_CLS, *piece, _SEP] for own in pieces for piece in own]))
        for index, own_ids, own in zip(group, ids, pieces, strict=True):
            vector = _mean([next(rows) for _ in own], own) if len(own) > 1 else next(rows).copy()
            found[index] = TextVector(vector, len(own) > 1, len(own_ids) > MOST_TOKENS)
    return [found[index] for index in range(len(texts))]


def _groups(texts: Sequence[str]) -> Iterator[list[int]]:
    """Indices of texts, shortest first, of `_GROUP_CHARS` characters together; a longer one is alone."""
    group: list[int] = []
    chars = 0
    for index in sorted(range(len(texts)), key=lambda index: len(texts[index])):
        if group and chars + len(texts[index]) > _GROUP_CHARS:
            yield group
            group, chars = [], 0
        group.append(index)
        chars += len(texts[index])
    if group:
        yield group


def _token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> Iterator[list[int]]:
    """Ids of each text without special tokens, as many as it takes to see whether there are over `MOST_TOKENS`."""
    starts = tokenizer.encode_batch_fast([text[:_SLICE_CHARS] for text in texts], add_special_tokens=False)
    for text, start in zip(texts, starts, strict=True):
        ids: list[int] = start.ids
        for place in range(_SLICE_CHARS, len(text), _SLICE_CHARS):
            if len(ids) > MOST_TOKENS:
                break
            ids += tokenizer.encode(text[place : place + _SLICE_CHARS], add_special_tokens=False).ids
        yield ids


def _pieces(ids: list[int], most: int) -> list[list[int]]:
    """All ids in pieces of at most ``most``, each of which begins before the last one ends."""
    if len(ids) <= most:
        return [ids]
    overlap = min(_OVERLAP, most // 2)
    return [ids[start : start + most] for start in range(0, len(ids) - overlap, most - overlap)]


def _mean(vectors: list[np.ndarray], pieces: list[list[int]]) -> np.ndarray:
    mean = np.average(vectors, axis=0, weights=[len(piece) for piece in pieces])
    unit: np.ndarray = mean / max(float(np.linalg.norm(mean)), float(np.finfo(np.float32).tiny))
    return unit.astype(np.float32)
