"""Fields of Windows events under the names of the sources for which Sigma's rules are written.

Rules of categories such as process_creation name fields as Sysmon does; the Security log has the same facts under
other names. Rules for antivirus products have names of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loglm.detection.sigma.fields import Getter, getter
from loglm.events.event import LogEvent

__all__ = ["CLEARED_LOG", "MADE", "RENAMED"]

RENAMED: Final[dict[str, Mapping[str, str]]] = {
    "process_creation": {
        "Image": "NewProcessName",
        "ProcessId": "NewProcessId",
        "ParentImage": "ParentProcessName",
        "ParentProcessId": "ProcessId",
        "LogonId": "SubjectLogonId",
    },
    "registry_event registry_set": {"Image": "ProcessName", "LogonId": "SubjectLogonId"},
    "antivirus": {"Signature": "Threat Name", "Filename": "Path"},
}
"""Categories of rules -> field of such rules -> the event's field."""

_INTEGRITY: Final = {
    "S-1-16-0": "Untrusted",
    "S-1-16-4096": "Low",
    "S-1-16-8192": "Medium",
    "S-1-16-8448": "MediumPlus",
    "S-1-16-12288": "High",
    "S-1-16-16384": "System",
    "S-1-16-20480": "Protected",
}
_OPERATIONS: Final = {"%%1904": "SetValue", "%%1905": "SetValue", "%%1906": "DeleteValue"}
"""New value, value modified, value deleted."""
_HIVES: Final = (("\\registry\\machine", "HKLM"), ("\\registry\\user", "HKU"))
_DWORD: Final = "%%1876"
_QWORD: Final = "%%1883"


def _text(event: LogEvent, name: str) -> str:
    value: Any = event.attributes.get(name)
    return "" if value is None else str(value)


def _user(event: LogEvent) -> str | None:
    name, domain = _text(event, "SubjectUserName"), _text(event, "SubjectDomainName")
    if domain in ("", "-"):
        return name or None
    return f"{domain}\\{name}"


def _integrity_level(event: LogEvent) -> str | None:
    label = _text(event, "MandatoryLabel")
    return _INTEGRITY.get(label, label) or None


def _registry_path(event: LogEvent) -> str | None:
    key, value = _text(event, "ObjectName"), _text(event, "ObjectValueName")
    for native, short in _HIVES:
        if key.lower().startswith(native):
            key = short + key[len(native) :]
    return "\\".join(part for part in (key, value) if part) or None


def _registry_details(event: LogEvent) -> str | None:
    value, kind = _text(event, "NewValue"), _text(event, "NewValueType")
    if kind in (_DWORD, _QWORD) and len(value) <= 20:
        try:
            number = int(value, 0)
        except ValueError:
            return value
        if kind == _DWORD:
            return f"DWORD (0x{number & 0xFFFFFFFF:08x})"
        return f"QWORD (0x{number >> 32 & 0xFFFFFFFF:08x}-0x{number & 0xFFFFFFFF:08x})"
    return value or None


def _operation(event: LogEvent) -> str | None:
    operation = _text(event, "OperationType")
    return _OPERATIONS.get(operation, operation) or None


MADE: Final[dict[str, Mapping[str, Getter]]] = {
    "process_creation": {"User": _user, "IntegrityLevel": _integrity_level},
    "registry_event registry_set": {
        "User": _user,
        "TargetObject": _registry_path,
        "Details": _registry_details,
        "EventType": _operation,
    },
}
"""Categories of rules -> field of such rules -> what makes it of several fields of the event."""
CLEARED_LOG: Final[Mapping[str, Getter]] = {"Channel": getter(("EventData_Channel", "Channel"))}
"""In the System log, the channel that an event is about (event 104) comes before the one that it is in."""
