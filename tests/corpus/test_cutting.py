"""What is cut keeps its last token; what is not stays as it is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.cutting import cut, cut_row
from loglm.corpus.shards import TokenShard

ROWS = st.lists(st.lists(st.integers(0, 65_535), min_size=1, max_size=12), min_size=1, max_size=8)


@given(ROWS, st.integers(1, 14))
def test_sequences_end_as_they_did_and_have_at_most_so_many_tokens(rows: list[list[int]], most: int) -> None:
    shard = TokenShard.from_sequences(rows, [number % 3 for number in range(len(rows))], ("a", "b", "c"))
    done = cut(shard, most)
    expected = [row if len(row) <= most else [*row[: most - 1], row[-1]] for row in rows]
    assert [done[i].tolist() for i in range(len(done))] == expected
    assert [cut_row(np.asarray(row), most).tolist() for row in rows] == expected
    assert done.source.tolist() == shard.source.tolist()


def test_a_shard_of_short_sequences_is_not_copied() -> None:
    shard = TokenShard.from_sequences([[2, 5, 3]], [0], ("a",))
    assert cut(shard, 3) is shard
