"""Near duplicates: what is kept, what stands for what, and that every drop is a true one. Needs the train extra."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.corpus.near_duplicates import jaccard, near_duplicates, shingles
from loglm.errors import InputError, MissingExtraError

LINE = "sshd[{}]: Failed password for invalid user admin from 10.0.0.7 port {} ssh2 at host web1"
WORDS = st.lists(st.sampled_from("abcdefghij"), max_size=12).map(" ".join)


@pytest.fixture
def rensa() -> None:
    pytest.importorskip("rensa", reason="needs the train extra")


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_names_the_earlier_text() -> None:
    texts = [LINE.format(1, 51000), "session closed", LINE.format(1, 51002), "session closed", "other words here"]
    assert near_duplicates(texts, threshold=0.8).tolist() == [0, 1, 0, 1, 4]


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_does_not_chain_away_from_what_is_kept() -> None:
    steps = [" ".join(f"w{n}" for n in range(first, first + 20)) for first in range(6)]
    found = near_duplicates(steps, threshold=0.8)
    assert found.tolist() == [0, 0, 0, 3, 3, 3]


@pytest.mark.usefixtures("rensa")
@given(st.lists(WORDS, max_size=20), st.sampled_from([0.3, 0.6, 0.8, 1.0]), st.sampled_from([0, 3, 30]))
def test_near_duplicates_drops_only_what_a_kept_text_repeats(
    texts: list[str], threshold: float, references: int
) -> None:
    found = near_duplicates(texts, threshold=threshold, references=references)
    assert found[:references].tolist() == [*range(len(texts))][:references]
    assert found.dtype == np.int64 and found.shape == (len(texts),)
    for index, kept in enumerate(found.tolist()):
        assert kept <= index and found[kept] == kept
        assert jaccard(shingles(texts[index]), shingles(texts[kept])) >= threshold


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_keeps_all_references_and_nothing_near_any() -> None:
    steps = [" ".join(f"w{n}" for n in range(first, first + 20)) for first in (0, 2, 4)]
    assert near_duplicates(steps, threshold=0.8).tolist() == [0, 0, 2]
    assert near_duplicates(steps, threshold=0.8, references=2).tolist() == [0, 1, 1]


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_finds_repetitions_of_each_of_many_similar_references() -> None:
    shared = " ".join(f"w{number}" for number in range(30))
    texts = [f"{shared} a{n} b{n} c{n} d{n} e{n}" for n in range(1_200)]
    found = near_duplicates([*texts, *(f"{text} more" for text in texts[::-100])], threshold=0.8, references=1_200)
    assert found.tolist() == [*range(1_200), *range(1_200)[::-100]]


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_finds_every_exact_repetition() -> None:
    texts = [LINE.format(number, number) + f" {number * 7}" for number in range(50)]
    assert near_duplicates(texts * 2, threshold=1.0).tolist() == [*range(50), *range(50)]


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_is_the_same_in_another_process() -> None:
    code = (
        "from loglm.corpus.near_duplicates import near_duplicates as f;"
        "print(f([f'a b c d e {n % 5} {n % 3}' for n in range(40)], threshold=.7).tolist())"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1] and len(set(runs[0].strip("[]\n").split(", "))) > 1


@pytest.mark.usefixtures("rensa")
def test_near_duplicates_in_a_crowd_of_similar_texts_still_finds_repetitions_of_the_first() -> None:
    shared = " ".join(f"w{number}" for number in range(30))
    texts = [f"{shared} a{n} b{n} c{n} d{n} e{n}" for n in range(1_200)]
    found = near_duplicates([*texts, texts[5] + " more"], threshold=0.8)
    assert found.tolist() == [*range(1_200), 5]


@pytest.mark.usefixtures("rensa")
@pytest.mark.parametrize("texts", [[], ["", ""], [" , ;", " , ;"]], ids=["none", "empty", "delimiters"])
def test_near_duplicates_of_texts_without_words_are_exact_ones(texts: list[str]) -> None:
    assert near_duplicates(texts).tolist() == [0] * len(texts)


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.01, float("nan")], ids=["0", "below 0", "above 1", "nan"])
def test_near_duplicates_refuses_a_threshold_out_of_range(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        near_duplicates(["a"], threshold=threshold)


def test_near_duplicates_without_rensa_says_the_install_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(MissingExtraError, match=r"loglm\[train\]"):
        near_duplicates(["a"])
