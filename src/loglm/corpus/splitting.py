"""Fifth step: which texts train, and which are kept for the two tests."""

from __future__ import annotations

import numpy as np

from loglm.corpus.folder import SPLITS

__all__ = ["IDTS", "ODTS", "TRAIN", "assign_splits"]

TRAIN, IDTS, ODTS = range(len(SPLITS))
_MIN_TEXTS = 20
"""A source with fewer has nothing to spare."""
_MIN_TIMED = 0.9


def assign_splits(
    source: np.ndarray,
    time: np.ndarray,
    place: np.ndarray,
    is_held_out: np.ndarray,
    *,
    is_odts: np.ndarray,
    held_out: float,
) -> np.ndarray:
    """The split of each text, as index into `SPLITS`, int8 (n,).

    Of a source for training, texts that occur in its held-out files alone and the latest of the others are the
    in-distribution test: those first seen in the last ``held_out / 2`` (all of ``held_out`` without held-out files)
    by time. Where a tenth or more of a source's texts have no time, their place in the file takes its place.

    Args:
        source: Index of each text's source, (n,).
        time: POSIX seconds when it was first seen, NaN where not known, (n,).
        place: How far into its file it was first seen, 0 to 1, (n,).
        is_held_out: Whether it occurs in held-out files only, (n,).
        is_odts: Of each source, whether it is for the out-of-distribution test, (n_sources,).
        held_out: Share of each source for the in-distribution test.
    """
    splits = np.full(len(source), TRAIN, np.int8)
    splits[is_odts[source]] = ODTS
    for index in np.flatnonzero(~is_odts):
        members = np.flatnonzero(source == index)
        if len(members) >= _MIN_TEXTS and held_out > 0:
            splits[members[_is_late(time[members], place[members], is_held_out[members], held_out)]] = IDTS
            splits[members[is_held_out[members]]] = IDTS
    return splits


def _is_late(time: np.ndarray, place: np.ndarray, is_held_out: np.ndarray, held_out: float) -> np.ndarray:
    share = held_out / 2 if is_held_out.any() else held_out
    is_timed = np.isfinite(time)
    when = time if is_timed.mean() > _MIN_TIMED else place
    known = np.isfinite(when) & ~is_held_out
    if not known.any():
        return is_held_out
    late: np.ndarray = known & (when > np.quantile(when[known], 1 - share))
    return late
