"""Where reports and other files for people go: to an open stream, or to a file that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from loglm.errors import InputError, SourceLocation

__all__ = ["Target", "check_report", "open_report"]

Target = str | os.PathLike[str] | TextIO
"""An open text stream, which is left open, or the path of a file to write."""

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NAME_CHARS = 60
"""How much of the report's name its temporary file carries, so that the name stays below 255 bytes."""


def check_report(path: Path, *, overwrite: bool) -> None:
    """Find out before hours of work whether a report can be written.

    Raises:
        InputError: The folder does not exist, the path is a folder, or it is a file and ``overwrite`` is false.
    """
    with _refusing(path):
        final = _regular_file(path)
    if final is not None and final.exists() and not overwrite:
        raise InputError("already there; give another name, or --force to overwrite it", SourceLocation(str(path)))


@contextmanager
def open_report(target: Target) -> Iterator[TextIO]:
    """A text stream to write a report to.

    A regular file is written beside its final place and moved there when the block ends without an error, so
    that a reader never sees half a report; an existing one is replaced. What is not a regular file
    (``/dev/stdout``, a named pipe) is written directly. Files are UTF-8 with ``\\n`` line ends.

    Raises:
        InputError: The folder does not exist, the path is a folder, writing is not allowed, the disk is full.
    """
    if not isinstance(target, str | os.PathLike):
        yield target
        return
    path = Path(target)
    with _refusing(path):
        final = _regular_file(path)
    if final is None:
        with _opened(path, path, "w") as stream:
            yield stream
        return
    part = final.with_name(f".{final.name[:_NAME_CHARS]}.{secrets.token_hex(4)}.part")
    try:
        with _opened(path, part, "x") as stream:
            yield stream
        with _refusing(path):
            part.replace(final)
    finally:
        part.unlink(missing_ok=True)


def _regular_file(path: Path) -> Path | None:
    """The file to replace or make, links followed; None for a device or pipe, which is written in place."""
    if path.is_dir():
        raise _refusal(path, "it is a folder. Give the name of a file")
    if path.exists() and not path.is_file():
        return None
    final = path.resolve()
    if not final.parent.is_dir():
        raise _refusal(path, f"the folder {final.parent} does not exist. Make it first")
    return final


@contextmanager
def _opened(shown: Path, path: Path, mode: str) -> Iterator[TextIO]:
    """The open file; errors of opening it and of a full disk are those of the report, others the writer's."""
    with _refusing(shown):
        stream = path.open(mode, encoding="utf-8", errors="replace", newline="")
    try:
        with stream:
            yield stream  # type: ignore[misc]
    except OSError as error:
        if error.errno not in _DISK_FULL:
            raise
        raise _failure(shown, error) from error


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _failure(path, error) from error


def _failure(path: Path, error: OSError) -> InputError:
    """What the system said, and what to do."""
    another = "give the name of another file"
    advice = f"Make room on the disk, or {another}" if error.errno in _DISK_FULL else another.capitalize()
    return _refusal(path, f"{error.strerror or error}. {advice}")


def _refusal(path: Path, reason: str) -> InputError:
    return InputError(f"cannot be written: {reason}", SourceLocation(str(path)))
