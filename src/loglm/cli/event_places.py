"""Events given on the command line: by their place in a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from loglm.errors import InputError

if TYPE_CHECKING:
    from loglm.events.event import LogEvent

__all__ = ["event_at"]

_LOG_NAME = re.compile(
    r"\.(?:log|json|jsonl|ndjson|csv|tsv|txt|evtx|xml|cef|leef|out|err|gz|bz2|xz|zst|zip|tar|tgz|7z)(?:[.-]\d{1,8})?$",
    re.I,
)
"""The end of a name that only files have; ``example.com`` and ``10.0.0.1`` before a port are none."""
_ROOT = re.compile(r"(?:~|\.{1,2})?/|\.{1,2}\\|[A-Za-z]:[\\/]")


def event_at(place: str) -> LogEvent | None:
    """The event at ``FILE:NUMBER``, as results and findings name places; None where that is not the path of a file.

    Raises:
        InputError: The file has no event at that number; or is not there, and the words can be nothing but its place.
    """
    from loglm.events import read_events

    path, _, number = place.rpartition(":")
    if not (path and number.isascii() and number.isdecimal()):
        return None
    if not _is_file(path):
        if _can_only_be_a_file(path):
            raise InputError(
                f"{path}: there is no such file, of which event {number} is asked for; see that the path is right. "
                "To search for these words as text, put others beside them"
            )
        return None
    for event in read_events([path]):
        if event.location.record == int(number):
            return event
    raise InputError(f"{path}: no event at {number}; a place is FILE:NUMBER, with the number of a line or record")


def _can_only_be_a_file(path: str) -> bool:
    """Whether a text that is no file is meant as one, before ``:NUMBER``.

    A path is in a folder that is there, begins with its root, or ends as the names of logs do. ``error:3``,
    ``sshd/0:3``, ``10.0.0.1:443``, URLs, and words with blanks between them are text.
    """
    if "/" in path and _is_folder(path.rpartition("/")[0] or "/"):
        return True
    if any(char.isspace() for char in path) or "://" in path:
        return False
    return bool(_LOG_NAME.search(path) or _ROOT.match(path))


def _is_folder(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except (OSError, ValueError):  # too long for a name, or a NUL
        return False


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long for a name, or a NUL
        return False
