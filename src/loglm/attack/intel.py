"""ATT&CK's texts from a folder: objects with descriptions, and procedure examples with the technique they show."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import zstandard

from loglm.errors import InputError

__all__ = ["OBJECTS_FILE", "PROCEDURES_FILE", "IntelObject", "Procedure", "read_objects", "read_procedures"]

OBJECTS_FILE = "attack_objects.jsonl.zst"
"""One JSON object a line: ``id``, ``type``, ``name``, ``description``."""
PROCEDURES_FILE = "procedures.jsonl.zst"
"""One JSON object a line: ``technique``, ``text``, ``created``."""

_CITATION = re.compile(r"\(Citation:[^)]*\)|\(https?://[^)]*\)")


@dataclass(frozen=True, slots=True)
class IntelObject:
    """A technique, group, software or campaign; the description without citations and addresses."""

    id: str
    type: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Procedure:
    """What a group or software did; the text without citations and addresses."""

    technique: str
    """Id of the technique or sub-technique."""
    text: str
    created: str
    """Date as ATT&CK gives it, ISO 8601."""


def read_objects(folder: Path) -> list[IntelObject]:
    """All objects.

    Raises:
        InputError: The file is missing, or a line is not what is expected.
    """
    keys = ("id", "type", "name", "description")
    return [
        IntelObject(str(entry["id"]), str(entry["type"]), str(entry["name"]), _plain(entry["description"]))
        for entry in _lines(folder / OBJECTS_FILE, keys)
    ]


def read_procedures(folder: Path) -> list[Procedure]:
    """All procedure examples.

    Raises:
        InputError: The file is missing, or a line is not what is expected.
    """
    entries = _lines(folder / PROCEDURES_FILE, ("text", "technique", "created"))
    return [Procedure(str(entry["technique"]), _plain(entry["text"]), str(entry["created"])) for entry in entries]


def _plain(text: Any) -> str:
    return _CITATION.sub("", str(text))


def _lines(path: Path, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise InputError(f"{path}: not found; expected {OBJECTS_FILE} and {PROCEDURES_FILE} in this folder")
    try:
        with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
            for number, line in enumerate(io.BufferedReader(stream), start=1):
                yield _entry(line, keys, f"{path}:{number}")
    except zstandard.ZstdError as error:
        raise InputError(f"{path}: not a zstd file, or a damaged one ({error}); get it again") from error


def _entry(line: bytes, keys: tuple[str, ...], place: str) -> dict[str, Any]:
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise InputError(f"{place}: no JSON object ({error})") from error
    if not isinstance(entry, dict) or not all(key in entry for key in keys):
        raise InputError(f"{place}: expected a JSON object with {', '.join(keys)}")
    return entry
