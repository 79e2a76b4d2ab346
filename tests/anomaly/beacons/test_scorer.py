"""The scorer: what it reads, what it refuses, and that it scores as the model it was made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pytest

from beacons.beacon_traffic import beacon, host, office
from loglm.anomaly.beacons import BeaconScorer
from loglm.anomaly.beacons.features import FEATURES, MEASURES, feature_matrix
from loglm.anomaly.beacons.series import traffic_of
from loglm.anomaly.beacons.table import ConnectionTable
from loglm.errors import ModelError

KNOWN = {
    1: [
        1.99562,
        0.00502263,
        6.4178,
        0.621312,
        0.199458,
        0.315064,
        0.426084,
        0.525538,
        0.363855,
        0.151873,
        0.24878,
        0.842839,
        -0.182468,
        -0.0690396,
        0.261364,
        0.810907,
        0.416142,
        0.564648,
        0.261117,
        0.261515,
        6.97601,
        8.64942,
        -1.67341,
        0,
        -0.138797,
        0.829125,
        1.78271,
        0.845118,
        0.0199488,
        0.969697,
        0,
        0.969697,
        0,
        0.030303,
        0.702862,
        0.495069,
        0.312872,
        0.698651,
        -0.0388825,
        0.0345165,
        0.168634,
        0.0143457,
        2.41885,
    ]
}
"""By version: means of the measures of the traffic below, NaN as 0."""


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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "loglm-beacon-scorer-1"}, "format 'loglm-beacon-scorer-1'; this version of LogLM reads"),
        ({"measures": 0}, "version 0 of the measures; this version of LogLM takes version 1"),
        ({"features": [*FEATURES[:-1], "moon"]}, r"\(moon, other_beat_than_peers\)"),
        ({"features": FEATURES[::-1]}, "their order"),
    ],
)
def test_a_scorer_of_another_version_is_refused_by_name(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = tmp_path / "s.json"
    BeaconScorer.shipped().save(path)
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | change))
    with pytest.raises(ModelError, match=said):
        BeaconScorer.load(path)


def test_measures_change_with_their_version_alone() -> None:
    table = ConnectionTable()
    for connection in (*office(0, hosts=6), *beacon(0)):
        table.add(connection._replace(client="curl" if connection.source == host(2) else "browser"))
    means = np.nan_to_num(feature_matrix(traffic_of(table))).mean(axis=0)
    assert means.tolist() == pytest.approx(KNOWN[MEASURES], rel=1e-4), "needs a new MEASURES and a scorer fitted anew"


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
