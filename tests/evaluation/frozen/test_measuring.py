"""Detectors on event vectors: what a set needs, what is learned, and what the mean over sets is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from labelled_logs import write_sequences
from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.labelled_sequences import LEARN, TEST, LabelledSequences
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.embedders import Embedder, tfidf
from loglm.evaluation.frozen.detectors import isolation_forest
from loglm.evaluation.frozen.embedding_detectors import COUNTS, frozen_scores, sequence_scores
from loglm.evaluation.frozen.measuring import MEAN, mean_scores, why_not
from loglm.evaluation.frozen.sets import frozen_files, read_frozen_sets, thin
from loglm.evaluation.frozen.vector_sequences import VectorSequences, embed_sequences, reduced
from loglm.evaluation.scores import Score


@pytest.fixture
def virtual_machines(tmp_path: Path) -> LabelledSequences:
    (data,) = read_frozen_sets(write_sequences(tmp_path), most=1_000, note=lambda _: None)
    return data


def test_sets_that_are_absent_are_noted_and_the_others_read(tmp_path: Path) -> None:
    notes: list[str] = []
    found = list(read_frozen_sets(write_sequences(tmp_path), most=1_000, note=notes.append))
    assert [data.name for data in found] == ["openstack-failures"]
    assert len(notes) == 6
    assert all("not measured" in note for note in notes)


def test_files_are_those_of_the_sets(tmp_path: Path) -> None:
    with pytest.raises(EmptyInputError, match="no labelled sequences"):
        frozen_files(tmp_path)
    assert len(frozen_files(write_sequences(tmp_path))) == 4


def test_long_sequences_keep_their_first_and_last_event(virtual_machines: LabelledSequences) -> None:
    row = np.arange(100, dtype=np.int32) % 4
    events = replace(virtual_machines.sequences, rows=[row, row[:3]], times=[np.arange(100.0), np.arange(3.0)])
    found = thin(replace(virtual_machines, sequences=events), 5).sequences
    assert found.times is not None
    assert [len(own) for own in found.rows] == [5, 3]
    assert found.times[0].tolist() == [0, 25, 50, 74, 99]
    assert found.rows[0].tolist() == [0, 1, 2, 2, 3]


def test_means_are_over_events_not_texts(virtual_machines: LabelledSequences) -> None:
    events = replace(virtual_machines.sequences, rows=[np.asarray([0, 0, 1]), np.asarray([], np.int32)], times=None)
    vectors = np.eye(len(events.texts), dtype=np.float32)
    means = VectorSequences(events, vectors).means()
    assert means[0, :2].tolist() == pytest.approx([2 / 3, 1 / 3])
    assert not means[1].any()


def test_vectors_are_learned_from_the_first_part_alone(virtual_machines: LabelledSequences) -> None:
    told: list[list[str]] = []

    def fit(texts: list[str]) -> object:
        told.append(list(texts))
        return lambda asked: np.ones((len(asked), 2), np.float32)

    events = virtual_machines.sequences
    learned = virtual_machines.of(LEARN)[:1]
    embed_sequences(events, Embedder("spy", fit), learned)  # type: ignore[arg-type]
    assert told == [[events.texts[i] for i in np.unique(events.rows[learned[0]])]]


def test_reduced_vectors_keep_which_texts_are_alike() -> None:
    texts = ["disk full on sda", "disk full on sdb", "user root logged in", "user mail logged in", "link is down"]
    vectors = reduced(tfidf(), width=3).fit(texts)(texts)
    assert vectors.shape == (5, 3)
    assert vectors[0] @ vectors[1] > 0.9 > vectors[0] @ vectors[2]


def test_a_text_never_learned_from_is_found_without_labels(virtual_machines: LabelledSequences) -> None:
    learned = virtual_machines.is_anomaly & (virtual_machines.part == LEARN)
    data = replace(virtual_machines, part=np.where(learned, TEST, virtual_machines.part))
    found = list(
        frozen_scores(
            [data],
            [tfidf()],
            [isolation_forest()],
            seeds=2,
            say=lambda _: None,
            note=lambda _: None,
        )
    )
    values = {(s.model, s.metric): s.value.mean for s in found if s.data == MEAN}
    assert values["TF-IDF", "PR-AUC"] > 0.5
    assert set(values) > {(COUNTS[False], "F1"), ("TF-IDF", "F1")}


def test_a_set_without_anomalies_to_learn_from_is_noted(virtual_machines: LabelledSequences) -> None:
    data = replace(virtual_machines, is_anomaly=virtual_machines.is_anomaly & (virtual_machines.part != LEARN))
    assert why_not(data, has_labels=False) is None
    notes: list[str] = []
    assert not list(sequence_scores("x", [data], {}, seeds=1, say=notes.append, note=notes.append))
    assert notes == ["openstack-failures: not measured: no anomalous sequence in the part to learn from"]


def test_the_mean_joins_intervals_as_independent_errors() -> None:
    scores = [
        Score("t", name, "m", "F1", value, 10)
        for name, value in (("a", Interval(0.4, 0.3, 0.5)), ("b", Interval(0.6, 0.5, 0.7)), ("c", Interval(np.nan)))
    ]
    (mean,) = mean_scores(scores)
    assert (mean.data, mean.items, mean.value.mean) == (MEAN, 20, pytest.approx(0.5))
    assert mean.value.high - mean.value.mean == pytest.approx(0.1 / 2**0.5)
