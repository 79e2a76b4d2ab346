"""Texts of ATT&CK as examples of names."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
import zstandard

pytest.importorskip("torch", reason="needs the train extra")

from loglm.attack.intel import OBJECTS_FILE, PROCEDURES_FILE
from loglm.errors import InputError
from loglm.training.attack.intel_texts import intel_texts

INTEL_FILES = OBJECTS_FILE, PROCEDURES_FILE
OBJECTS = [
    {"type": "attack-pattern", "id": "T1003.001", "name": "LSASS Memory", "description": "Reads lsass.(Citation: A B)"},
    {"type": "tool", "id": "S0002", "name": "Mimikatz", "description": "A tool."},
]
PROCEDURES = [{"technique": "T1059", "text": "[Group](https://attack.mitre.org/groups/G1) ran cmd.exe.", "created": ""}]


def write(path: Path, lines: list[object]) -> None:
    path.write_bytes(zstandard.compress(b"\n".join(orjson.dumps(line) for line in lines)))


def test_techniques_and_procedures_without_citations(tmp_path: Path) -> None:
    for name, lines in zip(INTEL_FILES, (OBJECTS, PROCEDURES), strict=True):
        write(tmp_path / name, lines)
    named = intel_texts(tmp_path)
    assert named.texts == ("LSASS Memory Reads lsass.", "[Group] ran cmd.exe.")
    assert named.techniques == (("T1003",), ("T1059",))


def test_what_is_missing_or_wrong_is_said_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"attack_objects.*not found"):
        intel_texts(tmp_path)
    write(tmp_path / INTEL_FILES[0], OBJECTS)
    write(tmp_path / INTEL_FILES[1], [*PROCEDURES, ["no object"]])
    with pytest.raises(
        InputError, match=r"procedures\.jsonl\.zst:2: expected a JSON object with text, technique, created"
    ):
        intel_texts(tmp_path)
