"""Texts of ATT&CK: descriptions of techniques, and procedure examples of groups and software."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from loglm.errors import InputError
from loglm.training.attack.named_texts import NamedTexts

__all__ = ["INTEL_FILES", "intel_texts"]

INTEL_FILES = ("attack_objects.jsonl.zst", "procedures.jsonl.zst")
"""One JSON object a line: ``id``, ``type``, ``name``, ``description``; and ``technique``, ``text``."""

_SHARE = 1.0
_CITATION = re.compile(r"\(Citation:[^)]*\)|\(https?://[^)]*\)")


def intel_texts(folder: Path) -> NamedTexts:
    """Texts of a folder that holds `INTEL_FILES`, without citations and addresses.

    Raises:
        InputError: A file is missing, or a line is not what is expected.
    """
    objects, procedures = (folder / name for name in INTEL_FILES)
    named = [
        (f"{entry['name']} {entry['description']}", entry["id"])
        for entry in _lines(objects, ("type", "id", "name", "description"))
        if entry["type"] == "attack-pattern"
    ]
    named += [(entry["text"], entry["technique"]) for entry in _lines(procedures, ("text", "technique"))]
    texts = tuple(_CITATION.sub("", str(text)) for text, _ in named)
    return NamedTexts(texts, tuple((str(technique).partition(".")[0],) for _, technique in named), _SHARE)


def _lines(path: Path, keys: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    import zstandard

    if not path.is_file():
        raise InputError(f"{path}: not found; expected {' and '.join(INTEL_FILES)} in this folder")
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        for number, line in enumerate(io.BufferedReader(stream), start=1):
            try:
                entry = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise InputError(f"{path}:{number}: no JSON object ({error})") from error
            if not isinstance(entry, dict) or not all(key in entry for key in keys):
                raise InputError(f"{path}:{number}: expected a JSON object with {', '.join(keys)}")
            yield entry
