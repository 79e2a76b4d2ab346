"""Strings of Sigma rules as rendered events: what a rule looks for, written as the event that it would be found in."""

from __future__ import annotations

from collections.abc import Iterable

from loglm.detection.sigma import RuleExample
from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.rendering import render
from loglm.training.attack.named_texts import NamedTexts

__all__ = ["rule_texts"]

_SHARE = 2.0


def rule_texts(examples: Iterable[RuleExample]) -> NamedTexts:
    """Rendered events of the positive strings of rules that name a technique."""
    texts, named = [], []
    for example in examples:
        techniques = tuple(sorted({t.partition(".")[0] for t in example.techniques}))
        if not techniques or not example.fields:
            continue
        fields = {key: " ".join(values) for key, values in example.fields.items()}
        body = fields.pop("", None)
        action = fields.get("EventID") or _EVENT_OF_CATEGORY.get(example.log_source.category)
        event = LogEvent(
            raw="",
            location=SourceLocation("rule"),
            log_source=_as_written(example.log_source),
            attributes=dict(fields),
            body=body,
            action=action,
        )
        texts.append(render(event))
        named.append(techniques)
    return NamedTexts(tuple(texts), tuple(named), _SHARE)


_EVENT_OF_CATEGORY = {
    "process_creation": "1",
    "file_change": "2",
    "network_connection": "3",
    "driver_load": "6",
    "image_load": "7",
    "create_remote_thread": "8",
    "raw_access_thread": "9",
    "process_access": "10",
    "file_event": "11",
    "registry_add": "12",
    "registry_delete": "12",
    "registry_set": "13",
    "registry_event": "13",
    "create_stream_hash": "15",
    "pipe_created": "17",
    "wmi_event": "20",
    "dns_query": "22",
    "file_delete": "23",
    "ps_script": "4104",
    "ps_module": "4103",
    "ps_classic_start": "400",
}


def _as_written(source: LogSource) -> LogSource:
    """A rule's log source with the service that Windows events of its category come from."""
    if source.product != "windows" or source.service:
        return source
    service = {"ps_script": "powershell", "ps_module": "powershell", "ps_classic_start": "powershell-classic"}
    return LogSource("windows", service.get(source.category, "sysmon"), source.category)
