"""Words of rendered events."""

from __future__ import annotations

from loglm.detection.words import distinct_words, word_columns


def test_distinct_words_are_in_lower_case_and_come_once() -> None:
    text = "windows/sysmon 1\nCommandLine=C:\\Temp\\a.exe -enc <base64> Temp"
    assert list(distinct_words(text)) == ["windows", "sysmon", "commandline", "temp", "exe", "enc", "base64"]


def test_distinct_words_are_bounded() -> None:
    assert len(distinct_words(" ".join(f"word{i}" for i in range(9_000)))) == 2_000


def test_word_columns_leave_out_what_the_vocabulary_does_not_hold() -> None:
    assert word_columns("net user add user", {"user": 3, "net": 1}).tolist() == [1, 3]
    assert word_columns("", {"user": 3}).tolist() == []
