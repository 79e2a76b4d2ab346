from __future__ import annotations

import pytest

from loglm.events.readers.json_joining import joined_lines

BROKEN = [
    '{"level": "ERROR", "message": "failed",',
    '"stacktrace": ["java.lang.Exception: {",',
    '"  }",',
    '"at A.b"] }',
]
WHOLE = '{"level": "INFO"}'


def joined(lines: list[str]) -> list[tuple[int, str]]:
    return list(joined_lines(iter(enumerate(lines, 1))))


def test_joined_lines_puts_an_object_together_and_keeps_its_neighbours() -> None:
    assert joined([WHOLE, *BROKEN, WHOLE]) == [(1, WHOLE), (2, "\n".join(BROKEN)), (6, WHOLE)]


def test_joined_lines_goes_on_behind_a_nested_object_that_ends_a_line() -> None:
    lines = ['{"a":', '  {"b": 1}', ', "c": {"d": 2}', "}"]
    assert joined(lines) == [(1, "\n".join(lines))]


@pytest.mark.parametrize(
    "lines",
    [
        [BROKEN[0], WHOLE, WHOLE],
        [BROKEN[0], *["text"] * 1_200, WHOLE],
        [BROKEN[0], "x" * 70_000, '"a": 1}', WHOLE],
        [*BROKEN[:3], BROKEN[0], "text}"],
        [WHOLE + " ", "text", "}"],
    ],
    ids=["next-object", "too-many-lines", "too-long", "broken-twice", "blank-behind"],
)
def test_joined_lines_gives_lines_that_never_close_singly(lines: list[str]) -> None:
    assert joined(lines) == list(enumerate(lines, 1))


def test_joined_lines_keeps_what_came_before_the_input_breaks_off() -> None:
    def breaking() -> object:
        yield from enumerate(BROKEN[:2], 1)
        raise OSError("gone")

    kept = []
    with pytest.raises(OSError, match="gone"):
        for item in joined_lines(breaking()):  # type: ignore[arg-type]
            kept.append(item)
    assert kept == list(enumerate(BROKEN[:2], 1))
