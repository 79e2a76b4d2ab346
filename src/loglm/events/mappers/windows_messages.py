"""EventData out of the rendered English message of a Windows event, for shippers that send nothing else."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

from loglm.events.mappers.windows_codes import ACCESS_CODES, CODES, SIDS
from loglm.events.mappers.windows_message_fields import BY_EVENT, COMMON, SYSMON_FIELDS
from loglm.events.mappers.windows_powershell import classic_parts_of_message

__all__ = ["lost_fields", "parse_message"]

_LONGEST = 262_144
"""Characters; the rest of a longer message is not looked at."""
_SERVICE_STATE = re.compile(r"The (.{1,256}) service entered the (.{1,64}) state\.")
_SCRIPT_BLOCK = re.compile(r"\w[^\n]{0,80}\((\d{1,9}) of (\d{1,9})\):\n")
_SCRIPT_BLOCK_END = re.compile(r"\n\nScriptBlock ID: (\S{1,64})\nPath:([^\n]*)\s*\Z")
_WMI_PROVIDER = re.compile(r"(.{1,256}?) provider started with result code (\w{1,16})\. ")
_WMI_NAME = re.compile(r"(?:^|; )(\w{2,32}) = ")
_PROCESS_ID = re.compile(r"\t(?:Creator |Caller )?Process ID:\t+(\S+)")
_SYSMON_LINES = re.compile(r"\n(ProcessId|EventType): ([^\r\n]+)")
_SERVICE_ACCOUNT = re.compile(r"\nService Account:\s{1,8}(\S[^\r\n]*)")
_XML_FIELDS: Final = frozenset(("TaskContent", "TaskContentNew"))
_WITHOUT_PROCESS_ID: Final = frozenset((4690, 4798, 4799, 5058, 5059))
"""Security events whose message has a ``Process ID`` that EventData calls otherwise."""


def parse_message(channel: str, event_id: int | None, message: str) -> dict[str, Any]:
    """EventData as far as the message tells it; empty where its layout is not known.

    Args:
        channel: The event's channel, as Windows writes it.
        event_id: The event's id.
        message: The whole rendered message; CRLF or LF.
    """
    text = message[:_LONGEST].replace("\r\n", "\n")
    if channel == "Microsoft-Windows-Sysmon/Operational":
        return _parse_sysmon(text)
    if channel == "Windows PowerShell":
        parts = classic_parts_of_message(text)
        return {"Data": parts} if parts else {}
    if channel == "Microsoft-Windows-PowerShell/Operational":
        return _parse_powershell(event_id, text)
    if channel == "System" and event_id == 7036:
        state = _SERVICE_STATE.match(text)
        return {"param1": state[1], "param2": state[2]} if state else {}
    if channel == "Microsoft-Windows-WMI-Activity/Operational" and event_id in (5857, 5858):
        return _parse_wmi(text)
    if channel == "Security" or event_id in BY_EVENT:
        return _parse_sections(event_id, text)
    return {}


def lost_fields(channel: str, event_id: int | None, data: dict[str, Any], message: str) -> dict[str, str]:
    """Fields of EventData that a flat shipper lost to fields of its own of the same name, out of the message."""
    if channel == "Microsoft-Windows-Sysmon/Operational":
        return {name: value for name, value in _SYSMON_LINES.findall(message[:2048]) if name not in data}
    if channel == "Security" and event_id not in _WITHOUT_PROCESS_ID:
        name = "ProcessID" if event_id in (5156, 5157) else "ProcessId"
        found = None if name in data else _PROCESS_ID.search(message[:_LONGEST])
        return {name: found[1]} if found else {}
    if channel == "System" and event_id == 7045 and "AccountName" not in data:
        found = _SERVICE_ACCOUNT.search(message)
        return {"AccountName": found[1]} if found else {}
    return {}


def _parse_sysmon(text: str) -> dict[str, Any]:
    """``Name: value`` lines after the first; a line without a known name belongs to the value before it."""
    fields: dict[str, Any] = {}
    name = ""
    for line in text.split("\n")[1:]:
        head, colon, value = line.partition(":")
        if colon and head in SYSMON_FIELDS and head not in fields:
            name = head
            fields[name] = value.strip()
        elif name:
            fields[name] += f"\n{line}"
    return fields


def _parse_powershell(event_id: int | None, text: str) -> dict[str, Any]:
    if event_id == 4104 and (start := _SCRIPT_BLOCK.match(text)):
        fields = {"MessageNumber": start[1], "MessageTotal": start[2]}
        end = _SCRIPT_BLOCK_END.search(text, max(start.end(), len(text) - 2048))
        fields["ScriptBlockText"] = text[start.end() : end.start() if end else None]
        if end:
            fields["ScriptBlockId"], fields["Path"] = end[1], end[2]
        return fields
    if event_id == 4103:
        payload, context, rest = text.partition("\nContext:\n")
        return {"Payload": payload, "ContextInfo": rest.partition("\n\n\nUser Data:")[0]} if context else {}
    return {}


def _parse_wmi(text: str) -> dict[str, Any]:
    """``Name = value; `` pairs, for a provider that started behind a sentence with its name and result."""
    start = _WMI_PROVIDER.match(text)
    fields: dict[str, Any] = {"ProviderName": start[1], "Code": start[2]} if start else {}
    _, *pairs = _WMI_NAME.split(text[start.end() if start else 0 :])
    fields.update(zip(pairs[::2], pairs[1::2], strict=True))
    return fields


@lru_cache(maxsize=256)
def _fields_of(event_id: int | None) -> dict[tuple[str, str], str]:
    """(Section, label) -> field."""
    sections = {**COMMON, **BY_EVENT.get(event_id or 0, {})}
    return {(section, label): field for section, labels in sections.items() for label, field in labels.items()}


def _parse_sections(event_id: int | None, text: str) -> dict[str, Any]:
    """Labelled lines, indented under the name of their section or at the margin; values may go on below."""
    known = _fields_of(event_id)
    fields: dict[str, Any] = {}
    section = ""
    field: str | None = None
    for line in text.split("\n"):
        if not line or line.isspace():
            field = None
            continue
        indented = line[0] in "\t "
        label, colon, value = line.strip().partition(":")
        label, value = label.rstrip(), value.strip()
        if field in _XML_FIELDS and line.lstrip().startswith("<"):
            fields[field] = f"{fields[field]}\n{line}"
            continue
        if not indented and colon and not value and ("", label) not in known:
            section, field = label, None
            continue
        name = known.get((section if indented else "", label)) if colon else None
        if name is not None:
            field = name
            fields[field] = value
        elif colon or not indented:
            field = None
        elif field is not None:
            fields[field] = f"{fields[field]}\n{line}" if fields[field] else line.strip()
    return {name: _undo(name, value) for name, value in fields.items()}


def _undo(name: str, value: str) -> str:
    """The value as EventData has it: codes for the words that Windows put into the message."""
    if name in CODES:
        return CODES[name].get(value, value)
    if name == "AccessList":
        return "\n\t\t\t\t".join(ACCESS_CODES.get(line.strip(), line.strip()) for line in value.split("\n"))
    if name.endswith("Sid") or name == "MandatoryLabel":
        return SIDS.get(value, value)
    return value
