"""JSON records that a logger broke into several lines, among others of one line each."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

__all__ = ["joined_lines"]

_MOST_LINES = 500
_MOST_CHARS = 65_536


def joined_lines(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Put the lines of an object together; every other line passes as it is.

    An object begins at a line that starts with a brace and does not end with one, and goes on until its lines together
    are one, at most 500 lines and 65,536 characters. Lines that never become one are given out singly.

    Args:
        lines: (Line number, text), none blank.

    Returns:
        (Number of the first line, text) with line feeds between the lines of an object.

    Source: Elasticsearch writes the stack trace of an error in this way.
    """
    held: list[tuple[int, str]] = []
    size = 0
    try:
        for number, line in lines:
            if held and (line[0] == "{" or len(held) >= _MOST_LINES or size >= _MOST_CHARS):
                yield from _emptied(held)
            if not held:
                if line[-1] == "}" or line[0] != "{" or _is_closed(line):
                    yield number, line
                    continue
                size = 0
            held.append((number, line))
            size += len(line)
            if _is_closed(line) and _is_object(text := "\n".join(part for _, part in held)):
                yield held[0][0], text
                held.clear()
    except OSError:
        yield from _emptied(held)
        raise
    yield from _emptied(held)


def _emptied(held: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    yield from held
    held.clear()


def _is_closed(line: str) -> bool:
    return line.rstrip()[-1:] == "}"


def _is_object(text: str) -> bool:
    try:
        return orjson.loads(text).__class__ is dict
    except orjson.JSONDecodeError:
        return False
