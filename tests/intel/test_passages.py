"""Texts are cut where sentences end, and name their techniques."""

from __future__ import annotations

import pytest

from loglm.intel.passages import MAX_PASSAGE_CHARS, Block, cut, techniques_in


def passages(*blocks: Block) -> list[str]:
    return [passage.text for passage in cut(blocks, title="t", path="p")]


def test_short_blocks_of_a_heading_are_joined_and_others_not() -> None:
    first, second, other = Block("One.", "line 1", "A"), Block("Two.", "line 3", "A"), Block("Three.", "line 7", "B")
    found = list(cut([first, second, other], title="Report", path="p"))
    assert [(p.text, p.title, p.place) for p in found] == [
        ("One.\nTwo.", "Report › A", "line 1"),
        ("Three.", "Report › B", "line 7"),
    ]


def test_long_blocks_are_cut_behind_sentences() -> None:
    sentence = "The intruder read the memory of lsass. "
    found = passages(Block(sentence * 200, "line 1"))
    assert all(len(text) <= MAX_PASSAGE_CHARS and text.endswith("lsass.") for text in found)
    assert " ".join(found).split() == (sentence * 200).split()


def test_text_without_a_blank_is_cut_all_the_same() -> None:
    assert "".join(passages(Block("x" * 10_000, "line 1"))) == "x" * 10_000


def test_links_and_citations_leave_their_words() -> None:
    text = "[FIN6](https://attack.mitre.org/groups/G0037) used <code>rar</code>.(Citation: FireEye FIN6)"
    assert passages(Block(text, "line 1")) == ["FIN6 used rar."]


def test_techniques_in_addresses_of_links_stay() -> None:
    [passage] = cut([Block("They [dump](https://attack.mitre.org/techniques/T1003/001/).", "l")], title="t", path="p")
    assert passage.techniques == ("T1003.001",)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("T1059.001 and T1059", ("T1059.001", "T1059")),
        ("revoked T1086", ("T1059.001",)),
        ("XT1059, T10591, T9999", ()),
    ],
)
def test_ids_of_techniques_are_those_of_today(text: str, named: tuple[str, ...]) -> None:
    assert techniques_in(text) == named


def test_a_list_of_techniques_is_about_none() -> None:
    ids = "T1059 T1003 T1053 T1047 T1021 T1110 T1078 T1190 T1547"
    assert [passage.techniques for passage in cut([Block(ids, "line 1")], title="t", path="p")] == [()]
