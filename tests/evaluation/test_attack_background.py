"""Which windows of attack recordings are background."""

from __future__ import annotations

import numpy as np

from loglm.evaluation.attack_background import background_windows, label_sets
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable

_TECHNIQUES = ("T1003.001", "T1003.002", "T1053.005", "T1105", "T1547.001")


def _table() -> WindowTable:
    """Text 0 is in every recording, text 1 in the clean one too, text 2 + i in attack recording i alone."""
    recordings = [Recording(f"d/{t}", "d", "d", "attack", {t}) for t in _TECHNIQUES]
    recordings += [Recording("b/a", "b", "b", "benign"), Recording("m/a", "m", "m", "mixed", {"T1566"})]
    table = WindowTable(recordings, texts=[f"text {i}" for i in range(2 + len(_TECHNIQUES))])
    for number in range(len(_TECHNIQUES)):
        _add(table, number, [0, 0])
        _add(table, number, [0, 2 + number])
    _add(table, 5, [0, 1])
    _add(table, 6, [1])
    return table


def _add(table: WindowTable, recording: int, rows: list[int]) -> None:
    table.recording.append(recording)
    table.rows.append(np.asarray(rows, np.int32))
    table.rules.append(())


def test_label_sets_count_base_techniques_once_and_clean_recordings_as_one_more() -> None:
    counts = label_sets(_table(), set(range(7)))
    assert counts.tolist() == [5, 1, 1, 1, 1, 1, 1]


def test_label_sets_are_those_of_the_asked_recordings() -> None:
    assert label_sets(_table(), {0, 2}).tolist() == [2, 0, 1, 0, 1, 0, 0]


def test_a_window_is_background_where_all_its_events_recur() -> None:
    table = _table()
    found = np.flatnonzero(background_windows(table, np.arange(len(table))))
    assert found.tolist() == [0, 2, 4, 6, 8]


def test_a_window_with_a_rule_hit_is_no_background() -> None:
    table = _table()
    table.rules[2] = ((2, "T1003.002", "rule"),)
    assert background_windows(table, np.array([4, 2, 0])).tolist() == [True, False, True]


def test_no_windows_have_no_background() -> None:
    assert background_windows(_table(), np.zeros(0, int)).tolist() == []
