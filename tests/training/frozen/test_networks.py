"""Networks on event vectors learn what they are for, do not see what they must not, and are the same for one seed."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("transformers", reason="needs the train extra")

from loglm.anomaly.event_sequences import EventSequences  # noqa: E402
from loglm.evaluation.frozen.vector_sequences import VectorSequences  # noqa: E402
from loglm.training.frozen.contrastive_graph import ContrastiveGraph, make_unusual  # noqa: E402
from loglm.training.frozen.graph_network import GraphNetwork  # noqa: E402
from loglm.training.frozen.graphs import closest_pairs, normalized  # noqa: E402
from loglm.training.frozen.padding import pad_sequences  # noqa: E402
from loglm.training.frozen.recurrent_network import RecurrentNetwork  # noqa: E402
from loglm.training.frozen.sequence_classifier import SequenceClassifier  # noqa: E402

WIDTH = 8
VECTORS = np.random.default_rng(0).normal(size=(30, WIDTH)).astype(np.float32)
VECTORS /= np.linalg.norm(VECTORS, axis=1, keepdims=True)


def sequences(rows: list[list[int]], times: list[list[float]] | None = None) -> VectorSequences:
    events = EventSequences(
        [str(number) for number in range(len(VECTORS))],
        [np.asarray(row, np.int32) for row in rows],
        None if times is None else [np.asarray(row, float) for row in times],
    )
    return VectorSequences(events, VECTORS)


def draw(number: int, low: int, high: int, seed: int) -> list[list[int]]:
    random = np.random.default_rng(seed)
    return [random.integers(low, high, random.integers(2, 9)).tolist() for _ in range(number)]


@pytest.mark.parametrize("network", [RecurrentNetwork, GraphNetwork])
def test_classifiers_find_sequences_with_an_event_of_the_other_kind(network: type) -> None:
    rows = draw(60, 0, 20, 1) + [[*row, 25] for row in draw(20, 0, 20, 2)]
    truth = np.arange(80) >= 60
    classifier = SequenceClassifier(network, 0)
    classifier.fit(sequences(rows), truth)
    asked = draw(10, 0, 20, 3)
    scores = classifier.score(sequences(asked + [[*row, 25] for row in asked]))
    assert scores[10:].min() > np.median(scores[:10])
    again = SequenceClassifier(network, 0)
    again.fit(sequences(rows), truth)
    assert again.score(sequences(asked)).tolist() == pytest.approx(scores[:10].tolist(), abs=1e-4)


@pytest.mark.parametrize("network", [RecurrentNetwork, GraphNetwork])
def test_scores_do_not_depend_on_what_is_scored_beside(network: type) -> None:
    torch.manual_seed(0)
    model = network(WIDTH).eval()
    rows = draw(6, 0, 30, 4)
    with torch.inference_mode():
        together = model(pad_sequences(sequences(rows)))
        alone = torch.cat([model(pad_sequences(sequences([row]))) for row in rows])
    assert torch.allclose(together, alone, atol=1e-5)


def test_only_the_lstm_reads_the_order_and_the_time() -> None:
    torch.manual_seed(0)
    lstm, graph = RecurrentNetwork(WIDTH).eval(), GraphNetwork(WIDTH).eval()
    rows, times = [[1, 2, 3], [3, 2, 1], [1, 2, 3]], [[0.0, 1, 2], [0, 1, 2], [0, 60, 9_000]]
    padded = pad_sequences(sequences(rows, times))
    with torch.inference_mode():
        assert len({round(x, 5) for x in lstm(padded).tolist()}) == 3
        assert len({round(x, 5) for x in graph(padded).tolist()}) == 1


def test_edges_join_the_closest_pairs_and_their_equals() -> None:
    points = torch.arange(30.0).unsqueeze(1) ** 2
    points[29] = points[28]
    points[27] = points[28]
    mask = torch.ones(1, 30, dtype=torch.bool)
    edges = closest_pairs(points.unsqueeze(0), mask)[0]
    # 1 % of 435 pairs are five: three pairs at distance 0, then those at 1 and 3
    assert {tuple(sorted(pair)) for pair in edges.nonzero().tolist()} == {(27, 28), (27, 29), (28, 29), (0, 1), (1, 2)}
    assert torch.equal(edges, edges.T)


def test_a_node_that_is_alone_keeps_its_own_vector() -> None:
    mask = torch.tensor([[True, False, False]])
    edges = normalized(closest_pairs(torch.randn(1, 3, 4), mask))
    assert edges[0, 0].tolist() == [1, 0, 0]


def test_unusual_nodes_are_those_that_changed() -> None:
    torch.manual_seed(0)
    vectors = torch.randn(400, 4)
    edges = closest_pairs(vectors.unsqueeze(0), torch.ones(1, 400, dtype=torch.bool))[0]
    before = vectors.clone(), edges.clone()
    other_vectors, other_edges, is_unusual = make_unusual(vectors, edges)
    assert torch.equal(vectors, before[0])
    assert torch.equal(edges, before[1])
    assert 0.05 < is_unusual.float().mean() < 0.15
    moved = (other_vectors != vectors).any(dim=1)
    assert moved.any()
    assert not (moved & ~is_unusual).any()
    assert torch.equal(other_edges, other_edges.T)
    assert other_edges.diagonal().sum() == 0


def test_vectors_never_met_are_more_anomalous_than_those_learned_from() -> None:
    detector = ContrastiveGraph(0)
    detector.fit(sequences(draw(120, 0, 8, 5)))
    scores = detector.score(sequences(draw(20, 0, 8, 6) + draw(5, 20, 30, 7)))
    assert np.median(scores[20:]) > np.median(scores[:20])
