from __future__ import annotations

import re

import pytest

from growth import assert_linear
from loglm.detection.sigma.patterns import BACKTRACKING_CHARS, PatternError, compiled, fullmatcher, searcher


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", ".*.*.*.*=", "(?:(?:a?){20}){20}a{20}", "(x+x+)+y"])
def test_patterns_that_would_backtrack_run_in_linear_time(pattern: str) -> None:
    assert_linear(searcher(pattern), lambda size: "a" * size + "!", 100_000)


@pytest.mark.parametrize("pattern", ["(?=.)a*b*c", r"(?!z)\w+\s*$", r"(.)\1+x"])
@pytest.mark.parametrize("unit", ["a", "ab", " "])
def test_pattern_for_the_backtracking_engine_runs_in_linear_time(pattern: str, unit: str) -> None:
    assert isinstance(compiled(pattern), re.Pattern)
    assert_linear(searcher(pattern), lambda size: unit * (size // len(unit)), 100_000)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=x)(a+)+$",
        "(?=x)(a|aa)+$",
        "(?=x)(a?){30}a{30}",
        "(?=x).*.*.*y",
        "(?=x)([(]a*)+y",
        "(?=x)(a*[)])+y",
        r"(?=x)(\(a*)+y",
        "(?=x)a?a?a?a?a?aaaaa",
        "(?<=x)((ab)*c)*d",
    ],
)
def test_pattern_that_could_backtrack_long_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="backtracking"):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*a", "a{2,1}"])
def test_malformed_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError, match="not a regular expression"):
        compiled(pattern)


def test_backtracking_engine_sees_the_beginning_only() -> None:
    search = searcher("b(?!c)")
    assert search("a" * (BACKTRACKING_CHARS - 1) + "b")
    assert not search("a" * BACKTRACKING_CHARS + "b")


@pytest.mark.parametrize("text", ["\ud800", "a\udfffb", "é\ud800"])
def test_lone_surrogates_are_searched(text: str) -> None:
    assert searcher("^.")(text)


@pytest.mark.parametrize(
    ("glob", "text", "expected"),
    [
        (["a", 0, "b"], "a\\x\nb", True),
        (["a", 1, "b"], "a\u00e9b", True),
        (["a", 1, "b"], "ab", False),
        (["(", 0, "$"], "(x$", True),
        (["é ", 0, "ß"], "é xß", True),
        (["a", 0, "b"], "xaab", False),
        (["a\tb\0", 0], "a\tb\0c", True),
    ],
)
def test_glob_covers_the_whole_text(glob: list[str | int], text: str, expected: bool) -> None:
    assert fullmatcher([glob])(text) is expected


def test_long_glob_runs_in_linear_time() -> None:
    match = fullmatcher([[part for _ in range(30) for part in ("a", 0)] + ["b"]])

    def match_nothing(text: str) -> None:
        assert not match(text)

    assert_linear(match_nothing, lambda size: "a" * size, 50_000)
