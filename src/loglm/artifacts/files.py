"""Checksums of files, and folders that appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loglm.artifacts.exchange import exchange

__all__ = ["file_sha256", "reach_disk", "take_place", "write_json"]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def take_place(partial: Path, target: Path) -> None:
    """Put a finished folder in the place of the one that is there, if any, which is removed.

    On Linux the two change places in one step (`exchange`): whenever the process is killed, a whole folder stands at
    ``target``, the old one or the new one. Where system or file system cannot do that (macOS, Windows, some network
    file systems), the old one is renamed first: a kill between the two renames leaves it whole as ``.NAME.old`` and
    nothing at ``target``; it stays until another folder has taken the place.
    """
    old = target.with_name(f".{target.name}.old")
    if target.exists():
        if exchange(partial, target):
            shutil.rmtree(partial, ignore_errors=True)
            return
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def write_json(path: Path, data: Mapping[str, Any]) -> None:
    """Write a file that is there whole or as it was, whenever the process ends."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def reach_disk(path: Path) -> None:
    """Wait until a file, or a folder and the files in it, are on the disk, so that a failing power loses nothing."""
    if path.is_dir():
        for one in path.iterdir():
            if one.is_file():
                reach_disk(one)
        if sys.platform == "win32":  # where folders cannot be opened
            return
    number = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
