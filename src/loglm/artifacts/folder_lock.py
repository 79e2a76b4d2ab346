"""Folders that one process at a time uses."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

from loglm.errors import InputError

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where two processes at once are not told apart
    fcntl = None  # type: ignore[assignment]

__all__ = ["LOCK", "lock_folder"]

LOCK = "lock"
"""Name of the file in the folder that is locked."""


def lock_folder(folder: Path, *, busy: str) -> TextIO:
    """Keep other processes out of a folder until the file that is returned is closed, or this process ends.

    Raises:
        InputError: Another process has locked it; says ``busy``.
        OSError: The lock cannot be written.
    """
    path = folder / LOCK
    lock = path.open("w")
    if fcntl is None:
        return lock
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a killed run has left no lock
        if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    lock.close()  # another has it, or had it, has removed it, and a third may have made it anew
    raise InputError(busy)
