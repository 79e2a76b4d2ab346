"""Which states this version can go on with: their format, and that events are read as they were then."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from loglm import __version__
from loglm.corpus.templates import template_of, text_hash
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["FORMAT", "misfit", "rendering"]

FORMAT: Final = 4
"""That is written."""
_READ: Final = (2, 3, 4)
_SAMPLES: Final = (
    "Mar  4 10:15:01 web1 sshd[4867]: Failed password for root from 203.0.113.9 port 51512 ssh2",
    '203.0.113.9 - - [04/Mar/2026:10:15:01 +0000] "GET /shop/item?id=7 HTTP/1.1" 200 5123 "-" "curl/8.5"',
    '{"eventTime":"2026-03-04T10:15:01Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-1",'
    '"userIdentity":{"type":"IAMUser","userName":"ann"},"sourceIPAddress":"203.0.113.9"}',
    '{"EventID":1,"Channel":"Microsoft-Windows-Sysmon/Operational","Hostname":"pc1","Image":"C:\\\\Windows\\\\cmd.exe",'
    '"CommandLine":"cmd.exe /c whoami /all","UtcTime":"2026-03-04 10:15:01.000","ProcessId":"4867"}',
)


def misfit(manifest: Mapping[str, Any]) -> str:
    """Why this version cannot go on with a state; empty where it can."""
    made_by = f"made by loglm {manifest.get('loglm_version')}"
    if manifest.get("state_format") not in _READ:
        reads = f"this is {__version__} and reads {' and '.join(map(str, _READ))}"
        return f"{made_by} in format {manifest.get('state_format')}, {reads}"
    if manifest.get("rendering") != rendering():
        return f"{made_by}, which reads events otherwise than this {__version__}, so that all would look new"
    return ""


def rendering() -> str:
    """What events of some formats look like when they are read: another one makes all texts look new."""
    texts = [render(parse_line(line)) for line in _SAMPLES]
    return f"{text_hash(chr(0).join([*texts, *map(template_of, texts)])):016x}"
