"""What is said of records and files that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from loglm.events import Problems, read_events
from loglm.events.problems import quoted


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param('{"a":\n  "b"\n', '{"a": "b"', id="one-line"),
        pytest.param("\x1b[2J\u202e\udc80é", "\\x1b[2J\\u202e\\udc80é", id="unprintable-as-escapes"),
        pytest.param('C:\\temp "x"', 'C:\\temp "x"', id="backslashes-and-quotes-as-they-are"),
        pytest.param("x" * 80, "x" * 80, id="whole"),
        pytest.param("x" * 81, "x" * 80 + "…", id="cut"),
    ],
)
def test_quoted(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_malformed_json_is_quoted_as_text(tmp_path: Path) -> None:
    log = tmp_path / "broken.json"
    log.write_bytes(b'{"user": "\xc3\xa9va",\n "note": "\x1b[2J" ' + b"x" * 500)
    problems = Problems()
    assert list(read_events([log], problems=problems)) == []
    [message] = problems.examples["malformed-json"]
    start = f'{log}:1: the document ends inside this record: {{"user": "éva", "note": "\\x1b[2J" xxx'
    assert message.startswith(start)
    assert message.endswith("xxx…")
    assert len(message) < len(str(log)) + 140
