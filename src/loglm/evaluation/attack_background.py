"""Background in attack recordings: what runs on their machines whatever the attack.

A recording's label says nothing of most of its events. One that recurs in recordings of many different techniques is
the machine's own noise. This is no proof that it is benign, as a clean machine's is, but for log channels that clean
machines do not have it is the nearest thing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Set

import numpy as np

from loglm.evaluation.window_table import WindowTable

__all__ = ["BACKGROUND_LABEL_SETS", "background_windows", "label_sets"]

BACKGROUND_LABEL_SETS = 4
"""An event in recordings of this many different sets of techniques is background."""


def background_windows(table: WindowTable, windows: np.ndarray) -> np.ndarray:
    """Which windows are background: of an attack recording, without rule hit, every event recurring.

    Args:
        table: All windows; an event recurs where `label_sets` of the whole table counts `BACKGROUND_LABEL_SETS`.
        windows: int (w,): indices into the table.

    Returns:
        bool (w,).
    """
    counts = label_sets(table, set(range(len(table.recordings))))
    return np.asarray(
        [
            table.recordings[table.recording[w]].kind == "attack"
            and not table.rules[w]
            and int(counts[table.rows[w]].min()) >= BACKGROUND_LABEL_SETS
            for w in windows
        ],
        bool,
    )


def label_sets(table: WindowTable, recordings: Set[int]) -> np.ndarray:
    """Under how many different sets of base techniques each text occurs.

    Args:
        table: All windows.
        recordings: Indices of the recordings that count. Benign and ordinary ones together count as one set more, mixed
            ones not at all.

    Returns:
        int32 (texts,).
    """
    seen: dict[int, set[frozenset[str]]] = defaultdict(set)
    for window, recording in enumerate(table.recording):
        if recording in recordings and table.recordings[recording].kind != "mixed":
            techniques = table.recordings[recording].base_techniques
            for row in table.rows[window].tolist():
                seen[row].add(techniques)
    counts = np.zeros(len(table.texts), np.int32)
    for row, sets in seen.items():
        counts[row] = len(sets)
    return counts
