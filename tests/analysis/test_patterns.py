"""`find_patterns`: what is unlike the rest comes first, with reasons; the rest is grouped by template."""

from __future__ import annotations

import pytest

from loglm.analysis.outlier_scores import isolation_scores
from loglm.analysis.patterns import find_patterns
from loglm.errors import EmptyInputError, InputError
from loglm.runtime.encoder import LogEncoder

CALLS = [f'{{"method": "GET", "status": {200 if n % 4 else 304}, "user": "u{n % 5}"}}' for n in range(60)]
ODD = '{"method": "DELETE", "status": 500, "user": "u1"}'
SSH = [
    f"Mar  4 10:15:{n:02} web1 sshd[{n}]: Failed password for root from 203.0.113.9 port {51000 + n} ssh2"
    for n in range(40)
]
SEGFAULT = "Mar  4 10:15:50 web1 kernel: segfault at 0 ip 00007f error 4"


def test_rare_values_are_reasons(encoder: LogEncoder, events_of) -> None:
    found = find_patterns(events_of([*CALLS, ODD]), encoder, k=1)
    [outlier] = found.outliers
    assert (outlier.raw, str(outlier.location), outlier.events) == (ODD, "a.log:61", 1)
    reasons = {reason.column: (reason.value, reason.share) for reason in outlier.reasons}
    assert reasons["method"] == ("DELETE", 1 / 61)
    assert reasons["status"] == ("500", 1 / 61)
    assert "user" not in reasons


@pytest.mark.parametrize("method", ["hybrid", "embeddings"])
def test_text_unlike_the_rest_is_found(encoder: LogEncoder, events_of, method) -> None:
    found = find_patterns(events_of([*SSH, SEGFAULT]), encoder, k=1, method=method)
    assert [outlier.raw for outlier in found.outliers] == [SEGFAULT]
    assert "Failed password" in found.outliers[0].nearest
    assert 0 < found.outliers[0].similarity < 1


def test_ordinary_events_are_clustered_by_template(encoder: LogEncoder, events_of) -> None:
    found = find_patterns(events_of([*SSH, SEGFAULT]), encoder, k=1)
    [cluster] = found.clusters
    assert (cluster.events, cluster.example) == (40, SSH[0])
    assert "Failed password for root from * port *" in cluster.template


def test_equal_outliers_are_one(encoder: LogEncoder, events_of) -> None:
    found = find_patterns(events_of([*CALLS, ODD, ODD]), encoder, k=1)
    assert found.outliers[0].events == 2


def test_same_seed_gives_the_same(encoder: LogEncoder, events_of) -> None:
    events = events_of([*CALLS, ODD, *SSH])
    assert find_patterns(events, encoder, k=5, seed=3) == find_patterns(events, encoder, k=5, seed=3)


def test_k_above_all_gives_all_and_no_cluster(encoder: LogEncoder, events_of) -> None:
    found = find_patterns(events_of(CALLS[:20]), encoder, k=1_000)
    assert sum(outlier.events for outlier in found.outliers) == 20
    assert not found.clusters
    assert {(outlier.nearest, outlier.similarity) for outlier in found.outliers} == {("", 0.0)}


def test_too_many_events_are_sampled(encoder: LogEncoder, events_of) -> None:
    found = find_patterns(events_of(CALLS), encoder, most_events=20)
    assert (found.events, found.looked_at) == (60, 20)


def test_too_few_events_are_refused(encoder: LogEncoder, events_of) -> None:
    with pytest.raises(InputError, match="only 1 event; what is unusual shows among 8 or more"):
        find_patterns(events_of([ODD]), encoder)
    with pytest.raises(EmptyInputError, match="no event was read"):
        find_patterns([], encoder)
    with pytest.raises(InputError, match="number of outliers is 0"):
        find_patterns(events_of(CALLS), encoder, k=0)


def test_equal_rows_have_equal_scores() -> None:
    import numpy as np

    scores = isolation_scores(np.array([[0.0], [0.0], [9.0], [0.1], [0.0]], np.float32))
    assert scores[0] == scores[1] == scores[4] < scores[2]


@pytest.mark.parametrize("method", ["hybrid", "embeddings"])
def test_of_equal_events_none_is_unusual(encoder: LogEncoder, events_of, method) -> None:
    found = find_patterns(events_of(["token"] * 20), encoder, k=3, method=method)
    assert not found.outliers
    assert [cluster.events for cluster in found.clusters] == [20]
