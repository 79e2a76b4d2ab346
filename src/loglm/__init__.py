"""Log language models: raw logs in, MITRE ATT&CK findings with their evidence out.

The public names load on first use, so that importing the package is instant.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loglm.detection.engine import detect
    from loglm.events.event import LogEvent, LogSource
    from loglm.events.reading import read_events
    from loglm.events.rendering import render
    from loglm.findings import Finding
    from loglm.runtime.encoder import LogEncoder

__all__ = ["Finding", "LogEncoder", "LogEvent", "LogSource", "__version__", "detect", "read_events", "render"]

__version__ = "0.1.0"

_MODULES = {
    "Finding": "findings",
    "LogEncoder": "runtime.encoder",
    "LogEvent": "events.event",
    "LogSource": "events.event",
    "detect": "detection.engine",
    "read_events": "events.reading",
    "render": "events.rendering",
}


def __getattr__(name: str) -> Any:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{module}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
