"""Logs in: files, streams and archives of any format as `LogEvent`. The public names load on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loglm.events.entities import primary_entity
    from loglm.events.event import LogEvent, LogSource
    from loglm.events.lines import iter_lines
    from loglm.events.opening import discover, open_inputs, open_path
    from loglm.events.problems import Problems
    from loglm.events.protocols import LineFormat, Reader, RecordMapper
    from loglm.events.reading import parse_line, read_events, read_source
    from loglm.events.rendering import render
    from loglm.events.source import Source

__all__ = [
    "LineFormat",
    "LogEvent",
    "LogSource",
    "Problems",
    "Reader",
    "RecordMapper",
    "Source",
    "discover",
    "iter_lines",
    "open_inputs",
    "open_path",
    "parse_line",
    "primary_entity",
    "read_events",
    "read_source",
    "render",
]

_MODULES = {
    "LineFormat": "protocols",
    "LogEvent": "event",
    "LogSource": "event",
    "Problems": "problems",
    "Reader": "protocols",
    "RecordMapper": "protocols",
    "Source": "source",
    "discover": "opening",
    "iter_lines": "lines",
    "open_inputs": "opening",
    "open_path": "opening",
    "parse_line": "reading",
    "primary_entity": "entities",
    "read_events": "reading",
    "read_source": "reading",
    "render": "rendering",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value
