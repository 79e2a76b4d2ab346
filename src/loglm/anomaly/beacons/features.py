"""All measures of all series of an environment as one matrix."""

from __future__ import annotations

from typing import Final

import numpy as np

from loglm.anomaly.beacons.series import Environment
from loglm.anomaly.beacons.surroundings import FEW_SOURCES, SIZES, SURROUNDINGS, size_features, surrounding_features
from loglm.anomaly.beacons.timing import TIMING, timing_features

__all__ = ["FEATURES", "PEERS", "feature_matrix"]

PEERS: Final = ("more_than_peers", "steadier_than_peers", "other_beat_than_peers")
"""How a series differs from those of other sources to the same destination: logarithm of its connections over theirs,
difference of the share of intervals within a ratio of two, and size of the logarithm of its beat over theirs (medians).
The first takes two connections for sources with too few for a series, the others are NaN without any; all are with
fewer than `FEW_SOURCES` sources."""

FEATURES: Final = (*TIMING, *SIZES, *SURROUNDINGS, *PEERS)
"""Names of the columns of `feature_matrix`."""

_COUNT, _BEAT, _STEADY = (TIMING.index(name) for name in ("log_count", "log_interval", "within_double"))


def feature_matrix(environment: Environment) -> np.ndarray:
    """float64 (series, `FEATURES`): NaN where the logs do not say."""
    if not environment.series:
        return np.empty((0, len(FEATURES)))
    own = np.array(
        [
            np.concatenate((timing_features(one.times), size_features(one), surrounding_features(one, environment)))
            for one in environment.series
        ]
    )
    return np.hstack((own, _peers(environment, own)))


def _peers(environment: Environment, own: np.ndarray) -> np.ndarray:
    result = np.full((len(own), len(PEERS)), np.nan)
    if environment.sources < FEW_SOURCES:
        return result
    by_label: dict[int, list[int]] = {}
    for row, one in enumerate(environment.series):
        by_label.setdefault(one.label, []).append(row)
    for label, rows in by_label.items():
        fewer = environment.reach.get(label, 1) - len({environment.series[row].source_number for row in rows})
        if len(rows) > 1:
            result[rows] = _against_others(own[rows], fewer)
        elif fewer > 0:
            result[rows[0], 0] = own[rows[0], _COUNT] - np.log(2.0)
    return result


def _against_others(own: np.ndarray, fewer: int) -> np.ndarray:
    """Each row of one destination against the median of the other rows."""
    counts = np.concatenate((own[:, _COUNT], np.full(max(fewer, 0), np.log(2.0))))
    more = own[:, _COUNT] - _medians_without(counts)[: len(own)]
    steady = own[:, _STEADY] - _medians_without(own[:, _STEADY])
    beat = np.abs(own[:, _BEAT] - _medians_without(own[:, _BEAT]))
    return np.stack((more, steady, beat), axis=1)


def _medians_without(values: np.ndarray) -> np.ndarray:
    """For each of n > 1 values the median of the others."""
    ordered = np.sort(values)
    rank = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    low, high = (len(values) - 2) // 2, (len(values) - 1) // 2
    result: np.ndarray = (ordered[low + (rank <= low)] + ordered[high + (rank <= high)]) / 2
    return result
