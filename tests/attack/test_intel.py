"""ATT&CK's texts are read without citations, and what is wrong in a file is said with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import zstandard

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE, Procedure, read_objects, read_procedures
from loglm.errors import InputError


def test_texts_are_read_without_citations(tmp_path: Path) -> None:
    line = b'{"technique": "T1059.001", "created": "2017-05-31", "text": "[FIN6](https://a.b/G1) ran.(Citation: A)"}\n'
    (tmp_path / PROCEDURES_FILE).write_bytes(zstandard.compress(line))
    assert read_procedures(tmp_path) == [Procedure("T1059.001", "[FIN6] ran.", "2017-05-31")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "not found; expected attack_objects"),
        (b"plain text", "not a zstd file"),
        (zstandard.compress(b'{"id": 1}\n'), ":1: expected a JSON object with id, type, name, description"),
        (zstandard.compress(b'{"id": "T1", "type": "x", "name": "n", "description": ""}\n{'), ":2: no JSON object"),
    ],
    ids=["absent", "plain", "keys", "cut"],
)
def test_a_file_that_is_not_as_expected(tmp_path: Path, content: bytes | None, reason: str) -> None:
    if content is not None:
        (tmp_path / OBJECTS_FILE).write_bytes(content)
    with pytest.raises(InputError, match=reason):
        read_objects(tmp_path)
