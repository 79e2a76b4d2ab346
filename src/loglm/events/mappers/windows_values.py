"""One spelling for the values of Windows events, whichever shipper rendered them.

EVTX gives GUIDs bare and in capitals, XML in braces; integers and booleans come typed or as text; lines end in
CRLF or LF; FILETIMEs carry six to nine digits. Events are compared and counted by these values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from loglm.events.timestamps import parse_timestamp

__all__ = ["clean_lines", "clean_text", "clean_value", "fill_attributes", "leaves", "parse_system_time"]

_BLANK = " \t\r\n\v\f\xa0\x00"
_ODD_START = frozenset("0{" + _BLANK)
_ODD_END = frozenset("Z" + _BLANK)
_GUID = re.compile(r"\{?([0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})\}?")
_ZULU = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.?(\d{0,9})Z")
_TEXT_KEYS = ("#text", "text", "_text", "$t")
"""Where converters from XML to JSON put an element's text."""
_SYSTEM_NAMES = frozenset(("EventID", "Channel", "Provider_Name", "Computer"))
_MAX_DEPTH = 8


def clean_text(text: str) -> str:
    """The value without outer blanks, with LF line ends; hex numbers and GUIDs in lower case, GUIDs in braces."""
    text = text.strip(_BLANK)
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if len(text) > 38:
        return text
    if text[:2] in ("0x", "0X") and len(text) <= 18:
        return text.lower()
    if len(text) >= 36 and (match := _GUID.fullmatch(text)):
        return "{" + match[1].lower() + "}"
    if text[-1:] == "Z" and (match := _ZULU.fullmatch(text)):
        return f"{match[1]}.{match[2][:6]:0<6}Z"
    return text


def clean_value(value: Any, depth: int = 0) -> str:
    """The text of any JSON value; the items of a list one a line, a dict as ``name: value`` lines."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or depth > _MAX_DEPTH:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(text for item in value if (text := clean_value(item, depth + 1)))
    if isinstance(value, dict):
        inner = next((value[key] for key in _TEXT_KEYS if key in value), value)
        if inner is not value:
            return clean_value(inner, depth + 1)
        return "\n".join(f"{name}: {text}" for name, item in value.items() if (text := clean_value(item, depth + 1)))
    return str(value)


def clean_lines(text: str) -> str:
    """A blob of ``name=value`` lines with each line stripped and blank ones left out."""
    return "\n".join(line for part in text.splitlines() if (line := part.strip(_BLANK)))


def fill_attributes(attributes: dict[str, Any], data: Mapping[str, Any]) -> None:
    """Add the cleaned values of ``data``; empty ones are left out, names of the System part get a prefix."""
    if not _SYSTEM_NAMES.isdisjoint(data):
        data = {f"EventData_{name}" if name in _SYSTEM_NAMES else name: value for name, value in data.items()}
    for name, value in data.items():
        if value.__class__ is str:
            if not value:
                continue
            text = value
            if text[0] in _ODD_START or text[-1] in _ODD_END or "\r" in text or (len(text) == 36 and text[8] == "-"):
                text = clean_text(text)
        elif value.__class__ is int:
            text = str(value)
        else:
            text = clean_value(value)
        if text:
            attributes[name] = text


def leaves(element: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The values of an element's descendants by their own names, as UserData nests them.

    Values of the same name are joined, one a line.
    """
    found: dict[str, Any] = {}
    for name, value in element.items():
        if name[:1] in "#@" or name.startswith("xmlns"):
            continue
        nested = value.__class__ is dict and not any(key in value for key in _TEXT_KEYS)
        inner = leaves(value, depth + 1) if nested and depth < _MAX_DEPTH else {name: value}
        for key, item in inner.items():
            first = _first_of_same(key, found)
            found[first] = f"{clean_value(found[first])}\n{clean_value(item)}" if first in found else item
    return found


def _first_of_same(name: str, found: Mapping[str, Any]) -> str:
    """``Application`` for ``Application_1``, as the EVTX library calls a second ``Application``."""
    head, _, number = name.rpartition("_")
    return head if number.isdigit() and head in found else name


@lru_cache(maxsize=4096)
def _minute(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def parse_system_time(value: Any) -> float | None:
    """POSIX seconds of an event's time, as `parse_timestamp` reads it; fast for ``2020-01-02T03:04:05.678901Z``."""
    if value.__class__ is str and value[-1:] == "Z" and value[16:17] == ":" and value[17:19].isdigit():
        try:
            seconds = _minute(value[:16]) + float(value[17:-1])
        except ValueError:
            return parse_timestamp(value)
        return seconds if seconds >= 0 else None
    return parse_timestamp(value)
