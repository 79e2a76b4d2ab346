"""Files of a data set, anywhere below a folder."""

from __future__ import annotations

from pathlib import Path

from loglm.errors import EmptyInputError
from loglm.evaluation.plain_files import find_file

__all__ = ["need_file", "need_files"]


def need_file(data: Path, name: str) -> Path:
    """The first file of this name, with ``.zst`` or without.

    Raises:
        EmptyInputError: There is none.
    """
    found = find_file(data, name)
    if found is None:
        raise EmptyInputError(f"{data}: no {name} (or {name}.zst) anywhere below it")
    return found


def need_files(data: Path, pattern: str) -> list[Path]:
    """All files of a pattern (`pathlib.Path.rglob`), in the order of their names.

    Raises:
        EmptyInputError: There is none.
    """
    found = sorted((path for path in data.rglob(pattern) if path.is_file()), key=lambda path: path.name)
    if not found:
        raise EmptyInputError(f"{data}: no file {pattern} anywhere below it")
    return found
