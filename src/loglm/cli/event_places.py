"""Events given on the command line: by their place in a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from loglm.errors import InputError

if TYPE_CHECKING:
    from loglm.events.event import LogEvent

__all__ = ["event_at"]


def event_at(place: str) -> LogEvent | None:
    """The event at ``FILE:NUMBER``, as results and findings name places; None where that is not the path of a file.

    Raises:
        InputError: The file has no event at that number.
    """
    from loglm.events import read_events

    path, _, number = place.rpartition(":")
    if not (path and number.isascii() and number.isdecimal() and _is_file(path)):
        return None
    for event in read_events([path]):
        if event.location.record == int(number):
            return event
    raise InputError(f"{path}: no event at {number}; a place is FILE:NUMBER, with the number of a line or record")


def _is_file(path: str) -> bool:
    try:
        return Path(path).is_file()
    except (OSError, ValueError):  # too long for a name, or a NUL
        return False
