"""Folders that one process at a time uses."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from loglm.errors import InputError

try:
    import fcntl
except ModuleNotFoundError:  # Windows, where two processes at once are not told apart
    fcntl = None  # type: ignore[assignment]

__all__ = ["LOCK", "lock_beside", "lock_folder"]

LOCK = "lock"
"""Name of the file in the folder that is locked."""


def lock_folder(folder: Path, *, busy: str) -> TextIO:
    """Keep other processes out of a folder until the file that is returned is closed, or this process ends.

    Raises:
        InputError: Another process has locked it; says ``busy``.
        OSError: The lock cannot be written.
    """
    return _lock(folder / LOCK, busy)


@contextmanager
def lock_beside(folder: Path, *, busy: str) -> Iterator[None]:
    """Keep other processes out of a folder that is not there yet or will be replaced as a whole.

    The lock lies beside it, as ``.NAME.lock``, while the block runs; folders above that had to be made for it are
    removed again where the block leaves them empty.

    Raises:
        InputError: Another process has locked it; says ``busy``.
        OSError: The lock cannot be written.
    """
    folder = folder.resolve()
    path = folder.parent / f".{folder.name}.{LOCK}"
    made = [above for above in path.parents if not above.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock(path, busy):
        try:
            yield
        finally:
            with suppress(OSError):  # as on Windows, where an open file cannot be removed
                path.unlink(missing_ok=True)
                for above in made:
                    above.rmdir()


def _lock(path: Path, busy: str) -> TextIO:
    try:
        lock = path.open("w")
    except FileNotFoundError as error:  # another had it, and has just removed it with its folder
        raise InputError(busy) from error
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
