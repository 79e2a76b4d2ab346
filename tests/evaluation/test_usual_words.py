"""How usual words are for an entity: of its past alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from loglm.evaluation.attack_benchmark import select_windows
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.usual_words import DOUBT, LEAST_PAST, past_windows, unusual_words
from loglm.evaluation.window_table import WindowTable

_WORDS = 3
"""The first is in every window, the second in every other, the third in the last alone."""


def _table(windows: int = 12, *, recording: int = 0, entity: str = "host:a") -> WindowTable:
    table = WindowTable([Recording(str(i), "one", "one", "attack", {"T1003"}) for i in range(recording + 1)], ["x"])
    for _ in range(windows):
        table.rows.append(np.asarray([0], np.int32))
        table.recording.append(recording)
        table.channel.append("windows/sysmon")
        table.entity.append(entity)
        table.start.append(0.0)
        table.rules.append(())
    table.events += [windows] * len(table.recordings)
    return table


def _presence(windows: int = 12) -> csr_matrix:
    held = np.zeros((windows, _WORDS), np.float32)
    held[:, 0] = 1
    held[::2, 1] = 3
    held[-1, 2] = 1
    return csr_matrix(held)


def test_a_word_weighs_less_the_more_earlier_windows_held_it() -> None:
    unusual = unusual_words(_table(), _presence()).toarray()
    assert unusual[10, 0] == pytest.approx(1 - 10 / (10 + DOUBT))
    assert unusual[10, 1] == pytest.approx(1 - 5 / (10 + DOUBT))
    assert unusual[11, 2] == 1.0
    assert np.all(np.diff(unusual[LEAST_PAST:, 0]) < 0)


def test_all_words_count_in_full_where_there_is_hardly_a_past() -> None:
    unusual = unusual_words(_table(), _presence())
    first = unusual[:LEAST_PAST]
    assert np.all(first.data == 1.0)
    assert unusual[LEAST_PAST, 0] < 1.0


def test_what_comes_later_changes_nothing() -> None:
    whole = unusual_words(_table(), _presence())
    early = unusual_words(select_windows(_table(), range(8)), _presence()[:8])
    assert early.toarray().tolist() == whole[:8].toarray().tolist()


@pytest.mark.parametrize("other", [{"recording": 1}, {"entity": "host:b"}])
def test_other_recordings_and_entities_are_no_past(other: dict[str, object]) -> None:
    table, added = _table(), _table(**other)  # type: ignore[arg-type]
    table.recordings = max(table.recordings, added.recordings, key=len)
    for name in ("rows", "recording", "channel", "entity", "start", "rules"):
        getattr(table, name).extend(getattr(added, name))
    presence = csr_matrix(np.concatenate([_presence().toarray()] * 2))
    unusual = unusual_words(table, presence).toarray()
    assert unusual[12:].tolist() == unusual[:12].tolist()
    assert past_windows(table).tolist() == [*range(12), *range(12)]


def test_the_structure_is_that_of_the_words_held() -> None:
    presence = _presence()
    unusual = unusual_words(_table(), presence)
    assert unusual.indices.tolist() == presence.indices.tolist()
    assert unusual.indptr.tolist() == presence.indptr.tolist()
    assert presence.max() == 3.0  # not written to
