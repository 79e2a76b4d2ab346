"""Splunk's rendering of a Windows event as text: a date, ``Name=Value`` lines, and the message to the end.

::

    01/14/2021 11:41:39 PM
    LogName=Microsoft-Windows-PowerShell/Operational
    EventCode=4104
    ComputerName=dc.example.org
    Message=Creating Scriptblock text (1 of 1):
    ...
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["HEADER", "split_splunk_text"]

HEADER = re.compile(r"(\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d(?:\.\d{1,9})?(?: [AaPp][Mm])?|\d{14}\.\d{6})\s*")
"""The line that starts an event: the time of day in the zone of the machine."""
_FIELD = re.compile(r"([A-Za-z]\w{0,63})=(.*)", re.DOTALL)


def split_splunk_text(text: str) -> dict[str, Any] | None:
    """The fields of one event, its time as ``_time``; None where the text is not such an event."""
    lines = text.lstrip("\ufeff\r\n ").splitlines()
    header = HEADER.fullmatch(lines[0]) if lines else None
    if header is None:
        return None
    fields: dict[str, Any] = {"_time": header[1]}
    for number, line in enumerate(lines[1:], start=1):
        match = _FIELD.match(line)
        if match is None:
            if line.strip():
                return None
            continue
        name, value = match[1], match[2]
        if name == "Message":
            fields[name] = "\n".join([value, *lines[number + 1 :]])
            break
        fields[name] = value.strip()
    return fields if "EventCode" in fields else None
