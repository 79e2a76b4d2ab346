"""One line that says what an event is: what happened, who did it to whom, and the fields that say most."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loglm.findings import Evidence
from loglm.reports.sanitize import excerpt, one_line

__all__ = ["event_line"]

_PARENTS = ("ParentImage", "ParentProcessName", "process.parent.executable", "ParentCommandLine")
_COMMANDS = (
    "proctitle",
    "CommandLine",
    "ProcessCommandLine",
    "process.command_line",
    "NewProcessName",
    "Image",
    "process.executable",
)
_RELATIONS = (
    ("SourceImage", "TargetImage", ""),
    ("id.orig_h", "id.resp_h", "id.resp_p"),
    ("src_ip", "dest_ip", "dest_port"),
    ("SourceAddress", "DestAddress", "DestPort"),
    ("SourceIp", "DestinationIp", "DestinationPort"),
)
_REPEATING = ("Image", "NewProcessName", "ParentCommandLine")
"""Said already where only the file's name is left of them and stands in the relation."""
_FILE_NAME = re.compile(r"[^\\/]+$")
_LEAST_CHARS = 24
"""What a cut value takes at least; where less is left, no field follows."""


def event_line(item: Evidence, width: int) -> str:
    """The event on one line of at most ``width`` characters, safe to show.

    ``EventID 1  EXCEL.EXE -> cmd.exe /c powershell -enc ...  User=CORP\\ann``: what happened, then parent and command,
    or source and target, where the event has both, then other fields as ``name=value``, those that weighed most before
    others. Long values are cut so that the words that weighed most are seen. An event without fields is its raw text.
    """
    words = [word for text in item.highlights if (word := one_line(text))]
    if not item.fields:
        return excerpt(one_line(item.raw), width, words)
    fields = {one_line(name): one_line(value) for name, value in item.fields}
    relation, used = _relation(fields)
    head = f"EventID {fields['EventID']}" if "EventID" in fields else one_line(item.action or "")
    said = {"EventID", *used} | {name for name, value in fields.items() if value == head}
    line = head
    for name, text in [("", relation), *((name, value) for name, value in fields.items() if name not in said)]:
        left = width - len(line) - len(name) - 3
        if text and left >= _LEAST_CHARS:
            cut = excerpt(text, max(_LEAST_CHARS, 2 * left // 3), words)
            line = f"{line}  {name}={cut}" if name else f"{line}  {cut}"
    return excerpt(line.strip(), width)


def _relation(fields: dict[str, str]) -> tuple[str, Sequence[str]]:
    """``parent -> command`` or ``source -> target``, with the names of the fields that it says; empty where none."""
    command = next((name for name in _COMMANDS if name in fields), None)
    parent = next((name for name in _PARENTS if name in fields), None)
    if command:
        said = [name for name in (parent, command) if name]
        start = f"{_file_name(fields[parent])} -> " if parent else ""
        text = f"{start}{fields[command]}"
        repeating = [n for n in _REPEATING if _file_name(fields.get(n, "").strip('"')).lower() in text.lower()]
        return text, [*said, *repeating]
    for source, target, port in _RELATIONS:
        if source in fields and target in fields:
            end = f":{fields[port]}" if port in fields else ""
            return f"{_file_name(fields[source])} -> {_file_name(fields[target])}{end}", (source, target, port)
    return "", ()


def _file_name(path: str) -> str:
    found = _FILE_NAME.search(path) if path[1:3] == ":\\" or path[:1] in "\\/" else None
    return found[0] if found else path
