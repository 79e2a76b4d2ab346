"""BeaconScorer: from measures to one score, by boosted trees that are read from JSON."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from loglm.anomaly.beacons.features import FEATURES
from loglm.errors import ModelError

__all__ = ["BeaconScorer", "Tree"]

_SHIPPED: Final = Path(__file__).with_name("scorer.json")
_FORMAT: Final = "loglm-beacon-scorer-1"
_DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class Tree:
    """One regression tree; nodes are numbered from the root, 0, and a child's number is above its parent's."""

    feature: np.ndarray
    """int (nodes,): which column decides; -1 at a leaf."""
    threshold: np.ndarray
    """float64 (nodes,): values up to it go left."""
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    """bool (nodes,): where NaN goes."""
    value: np.ndarray
    """float64 (nodes,): in log-odds, at leaves."""

    def apply(self, matrix: np.ndarray) -> np.ndarray:
        """float64 (n,): the value of the leaf that each row of a float64 (n, features) falls into."""
        node = np.zeros(len(matrix), dtype=np.int64)
        for _ in range(_DEEPEST):
            column = self.feature[node]
            if (column < 0).all():
                break
            value = matrix[np.arange(len(matrix)), np.maximum(column, 0)]
            goes_left = np.where(np.isnan(value), self.missing_left[node], value <= self.threshold[node])
            node = np.where(column < 0, node, np.where(goes_left, self.left[node], self.right[node]))
        result: np.ndarray = self.value[node]
        return result


@dataclass(frozen=True, slots=True)
class BeaconScorer:
    """Scores series: in 0..1, higher is likelier a beacon; not a probability, for beacons are rare."""

    trees: tuple[Tree, ...]
    start: float
    """Log-odds before the first tree."""
    thresholds: dict[int, float]
    """Alerts in 1,000 hosts and a day -> the score from which on so many series of the benign validation
    environments alert."""

    @classmethod
    def shipped(cls) -> BeaconScorer:
        """The scorer of this package."""
        return _shipped()

    @classmethod
    def load(cls, path: Path) -> BeaconScorer:
        """Read a scorer from a JSON file.

        Raises:
            ModelError: The file is none, or was made for other measures.
        """
        try:
            document = orjson.loads(path.read_bytes())
            if document["format"] != _FORMAT or tuple(document["features"]) != FEATURES:
                raise ModelError(f"{path}: made for other measures than this version takes; fit it again")
            trees = tuple(_tree(rows) for rows in document["trees"])
            thresholds = {int(budget): float(score) for budget, score in document["thresholds"].items()}
            return cls(trees, float(document["start"]), thresholds)
        except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{path}: cannot be read as a beacon scorer ({error!r})") from error

    def save(self, path: Path) -> None:
        """Write the scorer as JSON."""
        document = {
            "format": _FORMAT,
            "features": FEATURES,
            "start": self.start,
            "thresholds": {str(budget): score for budget, score in self.thresholds.items()},
            "trees": [_rows(tree) for tree in self.trees],
        }
        path.write_bytes(orjson.dumps(document) + b"\n")

    def score(self, matrix: np.ndarray) -> np.ndarray:
        """float64 (n,): scores of the rows of `loglm.anomaly.beacons.features.feature_matrix`."""
        total = np.full(len(matrix), self.start)
        for tree in self.trees:
            total += tree.apply(matrix)
        result: np.ndarray = 1 / (1 + np.exp(-total))
        return result


@lru_cache(maxsize=1)
def _shipped() -> BeaconScorer:
    return BeaconScorer.load(_SHIPPED)


_COLUMNS: Final = ("feature", "threshold", "left", "right", "missing_left", "value")


def _rows(tree: Tree) -> list[list[Any]]:
    columns = [getattr(tree, name).tolist() for name in _COLUMNS]
    return [[round(cell, 6) if isinstance(cell, float) else cell for cell in row] for row in zip(*columns, strict=True)]


def _tree(rows: list[list[Any]]) -> Tree:
    """A tree of nodes that lead downwards only.

    Raises:
        ValueError: They do not.
    """
    feature, threshold, left, right, missing, value = (np.array(column) for column in zip(*rows, strict=True))
    inner = feature >= 0
    own = np.arange(len(rows))
    downward = (left > own) & (right > own) & (np.maximum(left, right) < len(rows)) & (feature < len(FEATURES))
    if not downward[inner].all():
        raise ValueError("a tree does not lead to leaves")
    floats = (threshold.astype(np.float64), value.astype(np.float64))
    return Tree(feature, floats[0], left, right, missing.astype(bool), floats[1])
