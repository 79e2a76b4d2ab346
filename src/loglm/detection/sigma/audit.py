"""Program starts in the log of the Linux audit system, as rules for process_creation want them.

The log's own records and the JSON of LAUREL are read: fields at the top, or below the type of their record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loglm.detection.sigma.fields import Getter, getter
from loglm.events.event import LogEvent

__all__ = ["PROGRAM_STARTS"]

_MAX_ARGUMENTS: Final = 1024
_executable = getter(("exe", "SYSCALL.exe"))
_first_argument = getter(("a0",))
_arguments = getter(("EXECVE.ARGV",))
_working_directory = getter(("cwd", "CWD.cwd"))


def _starts_program(event: LogEvent) -> bool:
    types: Any = event.attributes.get("type")
    return types == "EXECVE" or (isinstance(types, list) and "EXECVE" in types) or "EXECVE" in event.attributes


def _command_line(event: LogEvent) -> str | None:
    if not _starts_program(event):
        return None
    arguments = _arguments(event)
    if isinstance(arguments, list):
        return " ".join(str(argument) for argument in arguments[:_MAX_ARGUMENTS])
    return event.body


def _image(event: LogEvent) -> str | None:
    """The executable; where the record has the arguments only, the first, as a path: ``curl`` is ``/curl``."""
    if not _starts_program(event):
        return None
    executable = _executable(event)
    if isinstance(executable, str):
        return executable
    name = _first_argument(event)
    if not isinstance(name, str):
        return None
    return name if "/" in name else f"/{name}"


def _directory(event: LogEvent) -> Any:
    return _working_directory(event) if _starts_program(event) else None


def _user(event: LogEvent) -> str | None:
    return event.user if _starts_program(event) else None


PROGRAM_STARTS: Final[Mapping[str, Getter]] = {
    "CommandLine": _command_line,
    "CurrentDirectory": _directory,
    "Image": _image,
    "User": _user,
}
"""Field of rules for process_creation -> what makes it of an event with an EXECVE record."""
