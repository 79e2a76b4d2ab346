"""How usual a word is for an entity when a window comes: the context that the ATT&CK head reads beside the window.

A word weighs by how few of the entity's earlier windows hold it: of n earlier windows c, it weighs 1 - c / (n + 8). So
what a machine shows all the time counts less and less, whatever it looks like, and what is new to it counts in full. It
is an inverse document frequency of the entity's own past, beside that of the training data. Nothing is learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from loglm.evaluation.window_table import WindowTable

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["DOUBT", "LEAST_PAST", "past_windows", "unusual_words"]

DOUBT = 8
"""Windows of which is assumed, beside those that came, that they held no word."""
LEAST_PAST = 4
"""With fewer earlier windows of its entity a window has no context: all its words count in full."""


def past_windows(table: WindowTable) -> np.ndarray:
    """How many earlier windows of the same recording and entity each window has, int64 (windows,)."""
    past = np.zeros(len(table), np.int64)
    for windows in _streams(table):
        past[windows] = np.arange(len(windows))
    return past


def unusual_words(table: WindowTable, presence: csr_matrix) -> csr_matrix:
    """How unusual the words of each window are for its entity at that time.

    Windows count in the order of the table, which is that of a recording. Later windows and other recordings do not
    count, nor does any label.

    Args:
        table: All windows.
        presence: (windows, words), any positive value for a word held.

    Returns:
        float32 of the same structure, in 0 < u <= 1: 1 for a word that no earlier window held, less the more of them
        did. Higher is more unusual.
    """
    from scipy.sparse import csr_matrix

    unusual = np.ones(presence.nnz, np.float32)
    seen = np.zeros(presence.shape[1], np.float32)
    for windows in _streams(table):
        held = [presence.indices[presence.indptr[w] : presence.indptr[w + 1]] for w in windows]
        for past, (window, words) in enumerate(zip(windows, held, strict=True)):
            if past >= LEAST_PAST:
                unusual[presence.indptr[window] : presence.indptr[window + 1]] -= seen[words] / (past + DOUBT)
            seen[words] += 1
        for words in held:
            seen[words] = 0
    return csr_matrix((unusual, presence.indices, presence.indptr), shape=presence.shape)


def _streams(table: WindowTable) -> Iterator[list[int]]:
    """Windows of each entity of each recording, in order."""
    streams: dict[tuple[int, str], list[int]] = {}
    for window, key in enumerate(zip(table.recording, table.entity, strict=True)):
        streams.setdefault(key, []).append(window)
    yield from streams.values()
