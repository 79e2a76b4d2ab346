"""WindowsRecord: what every shape of a Windows event is brought to before it becomes a LogEvent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

__all__ = ["WindowsRecord", "account_name", "number_of", "text_of"]

_WELL_KNOWN_USERS = {
    "S-1-5-18": "NT AUTHORITY\\SYSTEM",
    "S-1-5-19": "NT AUTHORITY\\LOCAL SERVICE",
    "S-1-5-20": "NT AUTHORITY\\NETWORK SERVICE",
}


@dataclass(slots=True)
class WindowsRecord:
    """The System part of an event, its data under their own names, and its rendered message."""

    event_id: int | None = None
    channel: str = ""
    provider: str = ""
    computer: str = ""
    time: Any = None
    """As it stands in the record."""
    data: dict[str, Any] = field(default_factory=dict)
    """EventData or the leaves of UserData, values as they came; unnamed elements under ``Data``."""
    user: str | None = None
    """The account that the System part names: ``DOMAIN\\name``, or a SID where there is no name."""
    message: str | None = None


def number_of(value: Any) -> int | None:
    """The number of an event id, which some shapes wrap or write as text."""
    if value.__class__ is int:
        return value if 0 <= value < 2**63 else None
    if isinstance(value, dict):
        value = next((value[key] for key in ("#text", "text", "Value", "_text", "$t") if key in value), None)
    if isinstance(value, str):
        value = value.strip()
        return int(value) if value.isascii() and value.isdigit() and len(value) < 11 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 2**63 else None


def text_of(value: Any) -> str:
    """The value where it is text, the name inside an element's dict, else the empty text."""
    if value.__class__ is str:
        return str(value)
    if isinstance(value, dict):
        return next((value[key] for key in ("#text", "text", "Name", "@Name") if isinstance(value.get(key), str)), "")
    return ""


def account_name(domain: Any, name: Any, sid: Any) -> str | None:
    """``DOMAIN\\name`` of a record's account; without a name the SID, by its name where it is well known."""
    if isinstance(name, str) and name and name != "-":
        return f"{domain}\\{name}" if isinstance(domain, str) and domain not in ("", "-") else name
    return _WELL_KNOWN_USERS.get(sid, sid) if isinstance(sid, str) and sid.startswith("S-1-") else None
