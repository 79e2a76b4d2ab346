"""Files of benchmarks: found below a folder, and read whole, compressed or not."""

from __future__ import annotations

from pathlib import Path

import zstandard

from loglm.errors import InputError

__all__ = ["find_file", "read_text"]

_MOST_BYTES = 1 << 30


def find_file(folder: Path, name: str) -> Path | None:
    """The first file of this name, with ``.zst`` or without, anywhere below a folder; None where there is none."""
    found = [path for path in folder.rglob(f"{name}*") if path.name in (name, f"{name}.zst") and path.is_file()]
    return min(found, default=None)


def read_text(path: Path) -> str:
    """The whole text; bytes that are not UTF-8 become U+FFFD.

    Raises:
        InputError: The file cannot be read, or holds more than 1 GiB.
    """
    try:
        with path.open("rb") as file:
            stream = zstandard.ZstdDecompressor().stream_reader(file) if path.suffix == ".zst" else file
            data: bytes = stream.read(_MOST_BYTES + 1)
    except (OSError, zstandard.ZstdError) as error:
        raise InputError(f"{path}: cannot be read ({error}); get the file again") from error
    if len(data) > _MOST_BYTES:
        raise InputError(f"{path}: more than 1 GiB; expected a benchmark's file")
    return data.decode("utf-8", "replace")
