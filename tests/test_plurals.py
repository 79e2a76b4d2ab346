"""Numbers with their nouns, and that messages take them from one place."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from loglm.plurals import plural

_SOURCE = Path(__file__).resolve().parents[1] / "src" / "loglm"
_COUNTED = frozenset("events entities windows findings files incidents texts sequences records".split())


@pytest.mark.parametrize(
    ("count", "noun", "said"),
    [
        *((1, "event", "1 event"), (0, "event", "0 events"), (1204, "new event", "1,204 new events")),
        *((2, "entity", "2 entities"), (2, "day", "2 days"), (3, "process", "3 processes"), (2, "match", "2 matches")),
    ],
)
def test_nouns_follow_their_number(count: int, noun: str, said: str) -> None:
    assert plural(count, noun) == said


def test_commands_count_what_they_found_by_it_alone() -> None:
    by_hand = [f"{path.name}:{line}" for path in (_SOURCE / "cli").glob("*.py") for line in _written_out(path)]
    assert by_hand == []


def _written_out(path: Path) -> list[int]:
    """Lines of f-strings such as ``f"{found.events:,} events"``, but for constants."""
    joined = [node.values for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr)]
    pairs = [pair for values in joined for pair in pairwise(values)]
    return [
        value.lineno
        for value, rest in pairs
        if isinstance(value, ast.FormattedValue)
        and not (isinstance(value.value, ast.Name) and value.value.id.strip("_").isupper())
        and not ast.unparse(value.value).startswith("plural(")
        and "." not in ast.unparse(value.format_spec or ast.Constant(""))
        and isinstance(rest, ast.Constant)
        and rest.value[:1] == " "
        and _COUNTED & {word.strip(".,;:") for word in rest.value.split()[:2]}
    ]
