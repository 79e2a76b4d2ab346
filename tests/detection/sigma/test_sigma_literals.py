from __future__ import annotations

import pytest

from loglm.detection.sigma.literals import END, START, clauses, regex_literal


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", "abc"),
        ("(?i)ABC", "abc"),
        (r"net\s+user", "user"),
        (r"\\Windows\\__1\d{9}", "\\windows\\__1"),
        (r"a.*longer", "longer"),
        ("abc?d", "ab"),
        ("abc*", "ab"),
        ("abc+d", "abc"),
        ("abcd{2}", "abc"),
        ("abc{,2}", "ab"),
        ("(abc)def", "def"),
        ("abc|def", ""),
        ("(a|b)c", "c"),
        ("[abc]def[xyz]+", "def"),
        ("[^]a]bc", "bc"),
        (r"[\]a]bc", "bc"),
        (r"\x41bc", ""),
        (r"\p{L}bc", ""),
        (r"(a)\1bc", ""),
        ("(?x) a b c", ""),
        ("(?!bad)good", "good"),
        (".{1000,}", ""),
        ("^C:/x$", "c:/x"),
        ("a(b", ""),
    ],
)
def test_regex_literal_is_in_every_match(pattern: str, expected: str) -> None:
    assert regex_literal(pattern) == expected


TEXT = ["text", "A", "contains", False, ["Xy"]]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (["text", "A", "equals", False, ["Xy"]], [{("A", f"{START}xy{END}")}]),
        (["text", "A", "prefix", True, ["Xy"]], [{("A", f"{START}xy")}]),
        (["text", "A", "suffix", False, ["Xy", "z"]], [{("A", f"xy{END}"), ("A", f"z{END}")}]),
        (["text", "A", "glob", False, [["ab", 0, "cde", 1]]], [{("A", f"{START}ab")}]),
        (["text", "A", "glob", False, [[0, "ab", 0, "cdef", 0]]], [{("A", "cdef")}]),
        (["regex", "A", "x.y"], [{("A", "x")}]),
        (["cidr", "A", "10.0.0.0/8"], [{("A", START)}]),
        (["null", "A"], []),
        (["not", TEXT], []),
        (["and", [TEXT, ["not", TEXT]]], [{("A", "xy")}]),
        (["or", [TEXT, ["text", "B", "contains", False, ["z"]]]], [{("A", "xy"), ("B", "z")}]),
        (["or", [TEXT, ["null", "A"]]], []),
        (["or", [["and", [["exists", "C"], TEXT]], ["exists", "B"]]], [{("A", "xy"), ("B", START)}]),
    ],
)
def test_clauses_are_what_a_condition_needs(node: list[object], expected: list[set[tuple[str, str]]]) -> None:
    assert [set(clause) for clause in clauses(node)] == expected
