"""Raw events in blocks: they come back as they were, and values are found whole."""

from __future__ import annotations

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loglm.search.raw_blocks import events_with, pack, unpack


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",))), min_size=1))
def test_texts_come_back(raws: list[str]) -> None:
    assert unpack(*pack(raws)) == raws


@given(st.lists(st.text("ab1.- \n\\", max_size=8), min_size=1), st.text("ab1.-", min_size=1, max_size=4))
def test_finds_what_stands_alone_between_spaces(raws: list[str], value: str) -> None:
    found = events_with(value, *pack([*raws, f"x {value} y"]))
    assert found[-1] == len(raws)
    assert all(value in raws[place] for place in found[:-1])


@pytest.mark.parametrize(
    ("value", "raw", "is_there"),
    [
        ("10.0.0.1", "from 10.0.0.1 port 22", True),
        ("10.0.0.1", "from 10.0.0.1. Bye", True),
        ("10.0.0.1", "from 10.0.0.12 port 22", False),
        ("10.0.0.1", "from 110.0.0.1 port 22", False),
        ("10.0.0.1", "version 10.0.0.1.7", False),
        ("0.0.1", "from 10.0.0.1", False),
        ("root", "user ROOT logged in", True),
        ("root", "chroot", False),
        ("root", "root", True),
        ("cmd.exe", r"C:\Windows\System32\cmd.exe /c", True),
        (r"C:\Windows", r'{"path": "C:\\Windows\\x"}', True),
        ("-x", "a -x b", True),
        ("é", "café", False),
    ],
)
def test_value_is_found_whole(value: str, raw: str, is_there: bool) -> None:
    assert events_with(value, *pack(["other", raw, "other"])) == ([1] if is_there else [])


def test_value_does_not_reach_into_the_next_event() -> None:
    assert events_with("ab", *pack(["a", "b", "ab"])) == [2]


def test_damaged_block_is_an_error() -> None:
    ends, raws = pack(["one", "two"])
    with pytest.raises(zstandard.ZstdError):
        unpack(ends, raws[: len(raws) // 2])
