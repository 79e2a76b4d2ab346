"""The folder beside a corpus in which finished parts lie while it is built; one run at a time uses it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from loglm.artifacts.folder_lock import LOCK, lock_folder
from loglm.errors import EmptyInputError

__all__ = ["open_working_folder", "working_folder"]


@contextmanager
def open_working_folder(out: Path) -> Iterator[Path]:
    """``.NAME.building`` beside ``out``, with what an earlier run left in it.

    It is removed when the block ends, unless by an error and with finished parts in it that are of use after that.

    Raises:
        InputError: Another run is using it.
    """
    folder = working_folder(out)
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(folder, busy=f"{out}: another run is building it; wait for its end, or give another --out"):
        for partial in folder.glob(".*"):
            shutil.rmtree(partial, ignore_errors=True)
        try:
            yield folder
        except BaseException as error:
            if isinstance(error, EmptyInputError) or not _parts(folder):
                _remove(folder)
            raise
        _remove(folder)


def working_folder(out: Path) -> Path:
    """Its path, for messages."""
    return out.with_name(f".{out.name}.building")


def _parts(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != LOCK]


def _remove(folder: Path) -> None:
    """Remove a folder that this run has locked, the lock last: who waits for it must not begin among what goes."""
    for path in _parts(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    with suppress(OSError):  # another run may have begun there by now; and Windows removes no open file
        (folder / LOCK).unlink()
        folder.rmdir()
