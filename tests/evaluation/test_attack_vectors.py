"""Naming techniques by mean event vectors, in a table whose answer is plain."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from loglm.evaluation.attack_data import Recording
from loglm.evaluation.attack_vectors import vector_model
from loglm.evaluation.window_table import WindowTable

LABELS = ("T1003", "T1021", "T1053")


def table() -> WindowTable:
    """Credential dumping is text 0, a scheduled task text 1, ordinary life text 2, which is everywhere."""
    made = WindowTable([], ["dump", "task", "life"])
    for number in range(30):
        kind = number % 3
        techniques = {"T1003.001"} if kind == 0 else {"T1053"} if kind == 1 else set()
        made.recordings.append(Recording(f"a/{number}", "a", "a", "benign" if kind == 2 else "attack", techniques))
        made.rows.append(np.asarray([kind, 2, 2], np.int32))
        made.recording.append(number)
        made.rules.append(())
    return made


@pytest.mark.parametrize("vectors", [np.eye(3, dtype=np.float32), csr_matrix(np.eye(3))], ids=["dense", "sparse"])
def test_windows_are_named_by_what_sets_their_events_apart(vectors: np.ndarray | csr_matrix) -> None:
    score = vector_model(table(), vectors)(frozenset(range(24)), LABELS, 0)
    attack, technique = score(np.array([24, 25, 26]))
    assert attack[2] < 0.5 < attack[:2].min()
    assert [LABELS[i] for i in technique[:2].argmax(axis=1)] == ["T1003", "T1053"]
    assert technique[:, 1].tolist() == [0, 0, 0]  # never learned
    assert technique.sum(axis=1) == pytest.approx(np.ones(3))
