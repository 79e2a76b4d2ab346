"""Checksums of files, and folders that appear whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

__all__ = ["file_sha256", "take_place"]


def file_sha256(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def take_place(partial: Path, target: Path) -> None:
    """Rename a finished folder; one that it replaces goes as a whole, so that a kill leaves no half of it."""
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    partial.rename(target)
    shutil.rmtree(old, ignore_errors=True)
