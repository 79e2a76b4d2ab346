"""Events of logs compared with each other."""

from __future__ import annotations

from itertools import chain, islice, repeat

import numpy as np
import pytest

from loglm.errors import InputError
from loglm.events import parse_line, read_events
from loglm.search import similarity
from loglm.search.similarity import distinct_samples, matches, similarities
from search.conftest import AUTH, LOGS, Encoder


def test_samples_stand_for_all_events() -> None:
    samples = distinct_samples(read_events([AUTH]))
    assert sum(sample.count for sample in samples) == 842
    assert len({sample.text for sample in samples}) == len(samples) < 842


def test_matches_are_the_largest_of_all_pairs(encoder: Encoder) -> None:
    first, second = distinct_samples(read_events([LOGS / "linux"])), distinct_samples(read_events([AUTH]))
    cosines = similarities(first, second, encoder[0].embed_texts)
    found = matches(first, second, encoder[0].embed_texts)
    assert [match.similarity for match in found] == pytest.approx(sorted(cosines.max(axis=1)), abs=1e-6)
    assert all(-1.001 <= match.similarity <= 1.001 for match in found)


def test_log_beside_itself_is_alike(encoder: Encoder) -> None:
    samples = distinct_samples(read_events([AUTH]))
    found = matches(samples, samples, encoder[0].embed_texts)
    np.testing.assert_allclose([match.similarity for match in found], 1, atol=1e-5)


def test_raw_is_cut() -> None:
    [sample] = distinct_samples([parse_line("Mar  4 10:15:01 web1 app[1]: " + "x " * 10_000)])
    assert len(sample.raw) == 4_096


def test_too_many_different_events_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(similarity, "_MOST_TEXTS", 50)
    same = islice(repeat(parse_line("Mar  4 10:15:01 web1 app[1]: started")), 100)
    with pytest.raises(InputError, match=r"auth\.log:\d+: more than 50 different events"):
        distinct_samples(chain(same, read_events([AUTH])))
