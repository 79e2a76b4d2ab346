"""Markdown tables of values that may hold log text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["code", "markdown_table", "plain"]

_SIGNS = re.compile(r"[\\`*_{}\[\]<>()#+!|~&]")


def plain(text: str) -> str:
    """Text that no Markdown reader takes for markup, on one line, with escapes for what cannot be printed."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
    return _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", shown)


def code(text: str) -> str:
    """`plain` text in a ``code`` element; back ticks would not hold text that has some."""
    return f"<code>{plain(text)}</code>"


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str | int]]) -> str:
    """A table; numbers stand right. Cells are Markdown already."""
    lines = [list(row) for row in rows]
    is_number = [bool(lines) and all(isinstance(row[i], int) for row in lines) for i in range(len(header))]
    rule = ["---:" if number else "---" for number in is_number]
    body = [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row] for row in lines]
    return "".join(f"| {' | '.join(row)} |\n" for row in (list(header), rule, *body))
