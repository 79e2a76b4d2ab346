"""The folder beside a corpus in which finished parts lie while it is built; one run at a time uses it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loglm.artifacts.folder_lock import lock_folder
from loglm.errors import EmptyInputError

__all__ = ["open_working_folder", "working_folder"]


@contextmanager
def open_working_folder(out: Path) -> Iterator[Path]:
    """``.NAME.building`` beside ``out``, with what an earlier run left in it.

    It is removed when the block ends, unless by an error after which the finished parts are of use.

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
        except EmptyInputError:
            shutil.rmtree(folder)
            raise
    shutil.rmtree(folder)


def working_folder(out: Path) -> Path:
    """Its path, for messages."""
    return out.with_name(f".{out.name}.building")
