"""Deduplication: the earliest text stands for its equals, whatever block or range they are in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from corpus.conftest import documents

pl = pytest.importorskip("polars", reason="needs the train extra")
pytest.importorskip("rensa", reason="needs the train extra")

from loglm.corpus import deduplication  # noqa: E402
from loglm.corpus.deduplication import (  # noqa: E402
    ExactJob,
    NearJob,
    exact_part,
    hash_ranges,
    near_blocks,
    near_part,
)
from loglm.corpus.drops import Drops  # noqa: E402
from loglm.events.rendering import View  # noqa: E402

NAMES = {-1: "benchmark mark", 0: "app", 1: "web"}
LONG = "unknown/text -\none two three four five six seven eight nine ten {}"


def exact(
    tmp_path: Path, *paths: Path, low: int = 0, high: int = (1 << 64) - 1, view: View = "masked"
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    facts = exact_part(ExactJob(paths, low, high, view, NAMES), tmp_path)
    return pl.read_parquet(tmp_path / "documents.parquet").sort("file", "row").to_dicts(), facts["drops"]


def near(
    tmp_path: Path, path: Path, threshold: float = 0.8, *, view: View = "masked", is_last: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    [block] = near_blocks([path])
    facts = near_part(NearJob((path,), *block, threshold, view, is_last, NAMES), tmp_path)
    return pl.read_parquet(tmp_path / "documents.parquet").sort("file", "row").to_dicts(), facts["drops"]


def test_the_first_of_equal_texts_stands_for_all(tmp_path: Path) -> None:
    one = documents(tmp_path / "1", [{"text": "a b", "time": 9.0, "count": 2, "is_held_out": True}, {"text": "c"}])
    two = documents(tmp_path / "2", [{"text": "a b", "file": 1, "source": 1, "time": 5.0, "count": 3}])
    kept, drops = exact(tmp_path, two, one)
    assert [(row["text"], row["source"], row["count"], row["time"]) for row in kept] == [
        ("a b", 0, 5, 5.0),
        ("c", 0, 1, None),
    ]
    assert kept[0]["is_held_out"] is False
    assert [(drop["source"], drop["reason"], drop["examples"]) for drop in drops] == [
        ("web", "repeated text of another source (masked view)", [("a b",)])
    ]


def test_texts_only_in_held_out_files_stay_so(tmp_path: Path) -> None:
    rows = [{"text": "a b", "is_held_out": True}]
    again = [{"text": "a b", "file": 1, "is_held_out": True}]
    kept, _ = exact(tmp_path, documents(tmp_path / "1", rows), documents(tmp_path / "2", again))
    assert kept[0]["is_held_out"] is True


def test_ranges_of_hashes_share_the_texts_among_them(tmp_path: Path) -> None:
    path = documents(tmp_path / "1", [{"text": f"text {i}"} for i in range(200)])
    ranges = hash_ranges(1_700_000)
    assert len(ranges) == 9
    found = [row["text"] for low, high in ranges for row in exact(tmp_path, path, low=low, high=high)[0]]
    assert sorted(found) == sorted(f"text {i}" for i in range(200))


def test_near_duplicates_go_to_the_earliest_and_say_how_they_differ(tmp_path: Path) -> None:
    path = documents(tmp_path / "1", [{"text": LONG.format(word), "count": 2} for word in ("x", "y", "z")])
    kept, drops = near(tmp_path, path)
    assert [(row["text"], row["count"]) for row in kept] == [(LONG.format("x"), 6)]
    assert drops[0]["reason"] == "near duplicate (masked view)"
    [shown] = Drops.from_json(drops).for_report(str)
    assert shown["examples"] == ["unknown/text -: y for x", "unknown/text -: z for x"]


def in_both_views(*hosts: str) -> list[dict[str, Any]]:
    return [{"text": "unknown/text -\nfrom <ip4:public>", "exact": f"unknown/text -\nfrom {host}"} for host in hosts]


def test_equal_texts_of_events_that_differ_are_told_by_the_view(tmp_path: Path) -> None:
    path = documents(tmp_path / "1", in_both_views("203.0.113.5", "203.0.113.6"))
    assert len(exact(tmp_path, path, view="exact")[0]) == 2
    kept, drops = exact(tmp_path, path, view="masked")
    assert len(kept) == 1
    assert drops[0]["reason"] == "repeated text (masked view)"


def test_near_duplicates_are_told_by_the_words_of_the_view(tmp_path: Path) -> None:
    rows = [{"text": LONG.format("<n2>"), "exact": f"unknown/text -\nvalue {word} of {word * 2}"} for word in "xyz"]
    path = documents(
        tmp_path / "1", [*rows, {"text": "unknown/text -\nother words", "exact": "unknown/text -\nvalue z of zz ."}]
    )
    assert len(near(tmp_path, path, view="masked")[0]) == 2
    kept, drops = near(tmp_path, path, view="exact")
    assert len(kept) == 3
    assert all(row["exact"] is None for row in kept), "of no use after this step"
    assert drops[0]["reason"] == "near duplicate (exact view)"
    assert drops[0]["examples"] == [("unknown/text -\nother words", LONG.format("<n2>"))], "in the masked view"


def test_texts_of_a_benchmark_stay_until_the_last_view(tmp_path: Path) -> None:
    rows = [{"text": "a b", "exact": "a 1", "source": -1}, {"text": "c d", "exact": "c 1", "file": 1}]
    path = documents(tmp_path / "1", rows)
    kept = [near(tmp_path, path, view="exact", is_last=is_last)[0] for is_last in (False, True)]
    assert [[row["source"] for row in left] for left in kept] == [[-1, 0], [0]]


def test_near_texts_of_a_benchmark_do_not_stand_for_each_other_before_the_last_view(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deduplication, "_BLOCK_TEXTS", 10)
    marks = [{"text": f"unknown/text -\n{word}", "exact": LONG.format(word), "source": -1} for word in ("x", "y")]
    others = [{"text": f"unknown/text -\nalone {n}", "exact": "word" * n, "file": 1} for n in range(1, 30)]
    path = documents(tmp_path / "1", [*marks, *others])
    blocks = near_blocks([path])
    assert len(blocks) > 1
    found = []
    for block in blocks:
        near_part(NearJob((path,), *block, 0.8, "exact", False, NAMES), tmp_path)
        found += pl.read_parquet(tmp_path / "documents.parquet")["text"].to_list()
    assert sorted(found) == sorted(row["text"] for row in (*marks, *others))


def test_texts_of_another_action_are_no_near_duplicates(tmp_path: Path) -> None:
    rows = [{"text": LONG.format("x")}, {"text": LONG.format("x").replace("text -", "text Delete")}]
    assert len(near(tmp_path, documents(tmp_path / "1", rows))[0]) == 2


def test_a_threshold_of_one_keeps_near_duplicates(tmp_path: Path) -> None:
    path = documents(tmp_path / "1", [{"text": LONG.format(word)} for word in ("x", "y")])
    assert len(near(tmp_path, path, 1.0)[0]) == 2


def test_texts_of_a_benchmark_push_theirs_out_and_leave(tmp_path: Path) -> None:
    rows = [
        {"text": LONG.format("x"), "source": -1},
        {"text": LONG.format("y"), "file": 1},
        {"text": "other", "file": 1},
    ]
    kept, drops = near(tmp_path, documents(tmp_path / "1", rows))
    assert [row["text"] for row in kept] == ["other"]
    assert [drop["reason"] for drop in drops] == ["near duplicate of benchmark mark (masked view)"]


def test_blocks_hold_every_text_once_and_none_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "_BLOCK_TEXTS", 10)
    sizes = {"a": 4, "b": 25, "c": 5, "d": 9}
    texts = [f"{name} x\n{name}{i}" for name, size in sizes.items() for i in range(size)]
    path = documents(tmp_path / "1", [{"text": text} for text in texts])
    found = []
    for block in near_blocks([path]):
        facts = near_part(NearJob((path,), *block, 1.0, "masked", True, NAMES), tmp_path)
        assert 0 < facts["texts"] <= 10
        found += pl.read_parquet(tmp_path / "documents.parquet")["text"].to_list()
    assert sorted(found) == sorted(texts)


def test_a_benchmark_pushes_texts_out_of_every_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deduplication, "_BLOCK_TEXTS", 10)
    marked = {"text": LONG.format("x"), "source": -1}
    others = [{"text": f"unknown/text -\n{'word' * number} alone {number}", "file": 1} for number in range(1, 40)]
    last = {"text": LONG.format("y"), "file": 1}
    path = documents(tmp_path / "1", [marked, *others, last])
    blocks = near_blocks([path])
    assert len(blocks) > 1
    found = []
    for block in blocks:
        near_part(NearJob((path,), *block, 0.8, "masked", True, NAMES), tmp_path)
        found += pl.read_parquet(tmp_path / "documents.parquet")["text"].to_list()
    assert sorted(found) == sorted(row["text"] for row in others)
