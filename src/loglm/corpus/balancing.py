"""Fourth step: no source and no template has more texts than its cap, and chatty sources are weighed down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["OVER_SOURCE_CAP", "OVER_TEMPLATE_CAP", "cap_texts", "sampling_weights"]

OVER_TEMPLATE_CAP = "over the cap per template"
OVER_SOURCE_CAP = "over the cap per source"


def cap_texts(
    hashes: np.ndarray, source: np.ndarray, template: np.ndarray, *, per_template: int, per_source: int
) -> tuple[np.ndarray, np.ndarray]:
    """Which texts stay under both caps; those with the lowest hashes do, which is a fair sample.

    Args:
        hashes: uint64 (n,), all different.
        source: Index of each text's source, (n,).
        template: uint64 (n,): hash of each text's template.
        per_template: Texts of one template at most, over all sources.
        per_source: Texts of one source at most, after that.

    Returns:
        Two bool (n,): over the cap per template; over the cap per source.
    """
    order = np.argsort(hashes, kind="stable")
    over_template = np.empty(len(hashes), bool)
    over_template[order] = _rank_in_group(template[order]) >= per_template
    left = order[~over_template[order]]
    over_source = np.zeros(len(hashes), bool)
    over_source[left] = _rank_in_group(source[left]) >= per_source
    return over_template, over_source


def sampling_weights(counts: Sequence[int] | np.ndarray, source: np.ndarray) -> np.ndarray:
    """Chance of each text, float64 (n,): square root of its source's share, within it of its count.

    Square roots keep a few chatty recordings from being most of what is learned.

    Args:
        counts: Events that each text stands for, (n,).
        source: Index of each text's source, from 0, (n,).
    """
    roots = np.sqrt(np.asarray(counts, np.float64))
    totals = np.bincount(source, weights=roots)
    weights: np.ndarray = roots / np.sqrt(totals)[source]
    return weights


def _rank_in_group(groups: np.ndarray) -> np.ndarray:
    """How many earlier entries have the same value, int64 (n,)."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    is_start = np.r_[True, ordered[1:] != ordered[:-1]] if len(groups) else np.zeros(0, bool)
    starts = np.flatnonzero(is_start)
    ranks = np.empty(len(groups), np.int64)
    ranks[order] = np.arange(len(groups)) - np.repeat(starts, np.diff(np.r_[starts, len(groups)]))
    return ranks
