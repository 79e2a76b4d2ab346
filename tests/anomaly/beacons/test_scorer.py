"""The scorer: what it reads, what it refuses, and that it scores as the model it was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from loglm.anomaly.beacons import BeaconScorer
from loglm.anomaly.beacons.features import FEATURES
from loglm.errors import ModelError


def test_saved_and_loaded_it_scores_the_same(tmp_path: Path) -> None:
    scorer = BeaconScorer.shipped()
    scorer.save(tmp_path / "s.json")
    again = BeaconScorer.load(tmp_path / "s.json")
    matrix = np.random.default_rng(0).normal(0, 3, (200, len(FEATURES)))
    matrix[::3] = np.nan
    assert np.allclose(scorer.score(matrix), again.score(matrix), atol=1e-4)
    assert again.thresholds == scorer.thresholds
    assert scorer.thresholds[1] >= scorer.thresholds[10] >= scorer.thresholds[100] > 0


def test_no_series_give_no_scores() -> None:
    assert BeaconScorer.shipped().score(np.empty((0, len(FEATURES)))).shape == (0,)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "other"},
        {"features": ["a"]},
        {"trees": [[[0, 1.0, 0, 0, True, 0.0]]]},
        {"trees": [[[0, 1.0, 1, 5, True, 0.0], [-1, 0.0, 0, 0, False, 1.0]]]},
        {"trees": [[[99, 1.0, 1, 2, True, 0.0], [-1, 0.0, 0, 0, False, 1.0], [-1, 0.0, 0, 0, False, 1.0]]]},
        {"start": "x"},
    ],
)
def test_a_file_that_is_no_scorer_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "s.json"
    BeaconScorer.shipped().save(path)
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | change))
    with pytest.raises(ModelError, match=r"s\.json"):
        BeaconScorer.load(path)


def test_trees_send_missing_values_where_they_say(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    BeaconScorer.shipped().save(path)
    leaves = [[-1, 0.0, 0, 0, False, -2.0], [-1, 0.0, 0, 0, False, 2.0]]
    document = orjson.loads(path.read_bytes()) | {"start": 0.0, "trees": [[[3, 1.5, 1, 2, False, 0.0], *leaves]]}
    path.write_bytes(orjson.dumps(document))
    matrix = np.zeros((3, len(FEATURES)))
    matrix[:, 3] = (1.5, 1.6, np.nan)
    low, high = 1 / (1 + np.exp(2.0)), 1 / (1 + np.exp(-2.0))
    assert BeaconScorer.load(path).score(matrix).tolist() == pytest.approx([low, high, high])
