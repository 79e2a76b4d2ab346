"""Fields inside the text blobs of PowerShell's events.

The classic channel (400, 403, 600, 800, ...) puts ``Name=Value`` lines into an unnamed Data element; event 4103
of the operational channel has a ContextInfo of ``Some Name = Value`` lines. Windows writes the names in the
language of the machine: a ContextInfo in another language is told by the order of its lines, a classic blob is kept
whole only.
"""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.events.mappers.windows_values import clean_lines, clean_value

__all__ = ["classic_parts_of_message", "split_classic", "split_context"]

_CLASSIC_NAMES: Final = frozenset(
    (
        "CommandLine",
        "CommandName",
        "CommandPath",
        "CommandType",
        "DetailSequence",
        "DetailTotal",
        "EngineVersion",
        "HostApplication",
        "HostId",
        "HostName",
        "HostVersion",
        "NewCommandState",
        "NewEngineState",
        "NewProviderState",
        "PipelineId",
        "PreviousEngineState",
        "ProviderName",
        "RunspaceId",
        "ScriptName",
        "SequenceNumber",
        "UserId",
    )
)
_CONTEXT_NAMES: Final = {
    "Severity": "Severity",
    "Host Name": "HostName",
    "Host Version": "HostVersion",
    "Host ID": "HostId",
    "Host Application": "HostApplication",
    "Engine Version": "EngineVersion",
    "Runspace ID": "RunspaceId",
    "Pipeline ID": "PipelineId",
    "Command Name": "CommandName",
    "Command Type": "CommandType",
    "Script Name": "ScriptName",
    "Command Path": "CommandPath",
    "Sequence Number": "SequenceNumber",
    "User": "User",
    "Connected User": "ConnectedUser",
    "Shell ID": "ShellId",
}
"""In the order of the lines."""
_BLOB = re.compile(r"^\t(?:NewEngineState|ProviderName|NewCommandState|DetailSequence)=", re.MULTILINE)
_DETAILS = re.compile(r"^Details: ?$", re.MULTILINE)
_PIPELINE = "Pipeline execution details for command line: "


def split_classic(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a classic event beside ``Data``, which keeps the whole, one line a piece.

    Args:
        data: EventData with the unnamed elements under ``Data``, or as ``param1`` and so on (winlogbeat).
    """
    parts = [data[name] for name in data if name == "Data" or name.startswith("param")]
    text = "\n".join(lines for part in parts if (lines := clean_lines(clean_value(part))))
    return {"Data": text, **_fields(text)}


def _fields(text: str) -> dict[str, str]:
    """``Name=Value`` lines with a known name; a line without one belongs to the value before it."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in text.split("\n"):
        head, equals, value = line.partition("=")
        if equals and head in _CLASSIC_NAMES:
            name = head
            fields[name] = [value]
        elif name and name != "CommandLine":
            fields[name].append(line)
    return {name: "\n".join(lines) for name, lines in fields.items()}


def classic_parts_of_message(message: str) -> list[str]:
    """The unnamed Data elements out of the rendered message of a classic event; empty where it is another text."""
    message = message.replace("\r\n", "\n")
    blob = _BLOB.search(message)
    if blob is None:
        return []
    details = _DETAILS.search(message, blob.end())
    context, payload = message[blob.start() :], ""
    if details is not None:
        context, payload = message[blob.start() : details.start()], message[details.end() :]
    if message.startswith(_PIPELINE):
        command = message[len(_PIPELINE) : blob.start()].partition("\n\nContext Information:")[0]
        return [command.rstrip().removesuffix("."), context, payload]
    fields = _fields(clean_lines(context))
    first = (
        ("NewEngineState", "PreviousEngineState")
        if "NewEngineState" in fields
        else ("ProviderName", "NewProviderState")
    )
    return [*(fields.get(name, "") for name in first), context]


def split_context(blob: str) -> dict[str, str]:
    """The fields of a ContextInfo, without the blanks in their names: ``Host Application`` is HostApplication."""
    fields: dict[str, list[str]] = {}
    name = ""
    lines = clean_lines(blob).split("\n")
    if len(lines) == len(_CONTEXT_NAMES) and not lines[0].startswith("Severity"):
        return {name: line.partition("=")[2].strip() for name, line in zip(_CONTEXT_NAMES.values(), lines, strict=True)}
    for line in lines:
        head, equals, value = line.partition("=")
        known = _CONTEXT_NAMES.get(head.rstrip()) if equals else None
        if known is not None and known not in fields:
            name = known
            fields[name] = [value.strip()]
        elif name:
            fields[name].append(line)
    return {name: "\n".join(lines) for name, lines in fields.items()}
