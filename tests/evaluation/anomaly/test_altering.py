"""Altered logs: how much of them changes, and what never does."""

from __future__ import annotations

import numpy as np
import pytest

from loglm.anomaly.event_sequences import EventSequences
from loglm.evaluation.anomaly.altering import ALTERATIONS

TEXTS = (
    "unknown/text -\nReceiving block <n4> from node",
    "unknown/text -\nblock served",
    "unknown/text -\nwrite failed",
)
HARMLESS = np.asarray([True, True, False])
ROWS = [np.asarray([0, 1, 1, 0, 2] * 4, np.int32) for _ in range(400)]
SEQUENCES = EventSequences(TEXTS, ROWS, [np.arange(20.0)] * 400, ["node"] * 400)
EVENTS, WHOLE = ALTERATIONS[:4], ALTERATIONS[4:]


@pytest.mark.parametrize("alteration", EVENTS, ids=lambda a: a.name)
def test_as_many_events_get_another_text_as_asked_for(alteration) -> None:
    altered = alteration.alter(SEQUENCES, HARMLESS, seed=1)
    changed = np.concatenate([new != old for new, old in zip(altered.rows, ROWS, strict=True)])
    harmless = np.concatenate([HARMLESS[row] for row in ROWS])
    assert changed[harmless].mean() == pytest.approx(alteration.share, rel=0.15)
    assert not changed[~harmless].any()


def test_altered_texts_keep_header_and_most_words() -> None:
    altered = EVENTS[3].alter(SEQUENCES, HARMLESS, seed=1)
    assert altered.texts[:3] == TEXTS
    for new, old in zip(altered.texts[3:], TEXTS, strict=False):
        assert new != old
        assert new.startswith("unknown/text -\n")
        assert "<n4>" in new or "<n4>" not in old
        assert abs(len(new.split(" ")) - len(old.split(" "))) <= 2


@pytest.mark.parametrize("alteration", WHOLE, ids=lambda a: a.name)
def test_as_many_sequences_change_as_asked_for_and_keep_what_is_not_harmless(alteration) -> None:
    altered = alteration.alter(SEQUENCES, HARMLESS, seed=1)
    changed = [len(new) != len(old) or (new != old).any() for new, old in zip(altered.rows, ROWS, strict=True)]
    assert alteration.share * 0.5 < np.mean(changed) < alteration.share * 1.4  # a shuffle may change nothing
    assert all((row == 2).sum() == 4 for row in altered.rows)
    assert altered.texts == TEXTS
    assert altered.times is None


def test_the_seed_decides() -> None:
    first, again, other = (WHOLE[3].alter(SEQUENCES, HARMLESS, seed=seed).rows for seed in (1, 1, 2))
    same = [np.array_equal(a, b) for a, b in zip(first, again, strict=True)]
    assert all(same)
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))
