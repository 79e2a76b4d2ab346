"""Words of any script are found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from growth import assert_linear
from loglm.intel.building import add_texts
from loglm.intel.querying import IntelIndex
from loglm.intel.questions import about_words
from loglm.intel.words import count_terms

CHINESE = "攻击者使用工具转储进程的内存。"
JAPANESE = "攻撃者はタスクスケジューラに登録した。"
RUSSIAN = "Злоумышленник получил пароли администратора."
GERMAN = "Der Angreifer löschte Schattenkopien, prüfte Größe und Ordner."
THAI = "ผู้โจมตีขโมยรหัสผ่าน"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("dumps dumping T1003.001", {"dump": 2, "t1003": 1, "001": 1}),
        ("Пароли ПАРОЛИ", {"пароли": 2}),
        ("Größe", {"größe": 1}),
        ("lsass进程内存", {"lsas": 1, "进程": 1, "程内": 1, "内存": 1}),
        ("木", {"木": 1}),
        ("ﬁle ｌｓａｓｓ", {"file": 1, "lsas": 1}),
        ("。、!? ", {}),
    ],
)
def test_terms_of_scripts_with_and_without_blanks(text: str, terms: dict[str, int]) -> None:
    assert count_terms(text) == terms


@pytest.mark.parametrize(
    ("question", "text"),
    [("内存", CHINESE), ("スケジューラ", JAPANESE), ("пароли", RUSSIAN), ("größe?", GERMAN), ("รหัสผ่าน", THAI)],
)
def test_texts_of_other_scripts_are_indexed_and_found(tmp_path: Path, question: str, text: str) -> None:
    for number, written in enumerate((CHINESE, JAPANESE, RUSSIAN, GERMAN, THAI)):
        (tmp_path / f"{number}.txt").write_text(written, encoding="utf-8")
    assert add_texts(tmp_path / "index", sorted(tmp_path.glob("*.txt"))).documents == 5
    assert IntelIndex(tmp_path / "index").passages(about_words(question))[0].passage.text == text


@pytest.mark.parametrize("piece", ["内", "ab内", "ﷺ", "e\u0301", "_"])
def test_time_grows_with_the_text_alone(piece: str) -> None:
    assert_linear(count_terms, lambda size: piece * size, 50_000)
