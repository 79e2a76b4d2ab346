"""Findings from a file: the JSON document or JSON lines of `loglm detect`, or OCSF findings of another program."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from loglm.errors import EmptyInputError, InputError, SourceLocation

__all__ = ["read_ocsf"]

_MAX_BYTES = 512 << 20
_EXPECTED = "expected what loglm detect --json or --jsonl writes: OCSF findings with finding_info"


def read_ocsf(path: Path | str) -> list[Mapping[str, Any]]:
    """The findings of a file, ``-`` for stdin, in its order.

    Raises:
        InputError: The file cannot be read, or holds something else.
        EmptyInputError: It holds no finding.
    """
    name = "<stdin>" if str(path) == "-" else str(path)
    try:
        stream = sys.stdin.buffer if str(path) == "-" else Path(path).open("rb")  # noqa: SIM115
        with stream:
            data = stream.read(_MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", SourceLocation(name)) from error
    if len(data) > _MAX_BYTES:
        raise InputError(f"has more than {_MAX_BYTES >> 20} MiB; split it", SourceLocation(name))
    found = _document(data, name)
    if not found:
        raise EmptyInputError("holds no finding, so there is nothing to look up", SourceLocation(name))
    return found


def _document(data: bytes, name: str) -> list[Mapping[str, Any]]:
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError:
        return [_line(line, SourceLocation(name, n)) for n, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    if isinstance(document, dict) and isinstance(document.get("findings"), list):
        document = document["findings"]
    return [_finding(entry, SourceLocation(name)) for entry in (document if isinstance(document, list) else [document])]


def _line(line: bytes, location: SourceLocation) -> Mapping[str, Any]:
    try:
        return _finding(orjson.loads(line), location)
    except orjson.JSONDecodeError as error:
        raise InputError(f"no JSON ({error}); {_EXPECTED}", location) from error


def _finding(entry: object, location: SourceLocation) -> Mapping[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("finding_info"), dict):
        raise InputError(f"no finding; {_EXPECTED}", location)
    return entry
