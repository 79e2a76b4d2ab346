"""Sysmon's fields out of ECS, into which Elastic's pipelines move them from ``winlog.event_data``.

Source: the Sysmon pipeline of Elastic's Windows integration.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["sysmon_fields_in_ecs"]

_FIELDS: Final = {
    "Image": ("process", "executable"),
    "ProcessId": ("process", "pid"),
    "ProcessGuid": ("process", "entity_id"),
    "CommandLine": ("process", "command_line"),
    "CurrentDirectory": ("process", "working_directory"),
    "OriginalFileName": ("process", "pe", "original_file_name"),
    "ParentImage": ("process", "parent", "executable"),
    "ParentProcessId": ("process", "parent", "pid"),
    "ParentProcessGuid": ("process", "parent", "entity_id"),
    "ParentCommandLine": ("process", "parent", "command_line"),
    "Protocol": ("network", "transport"),
    "SourceIp": ("source", "ip"),
    "SourcePort": ("source", "port"),
    "DestinationIp": ("destination", "ip"),
    "DestinationPort": ("destination", "port"),
    "QueryName": ("dns", "question", "name"),
    "TargetObject": ("registry", "path"),
    "RuleName": ("rule", "name"),
}
_FILE_NAMES: Final = {
    **dict.fromkeys((2, 11, 15, 23, 26, 27, 28, 29), ("TargetFilename", ("file", "path"))),
    6: ("ImageLoaded", ("file", "path")),
    7: ("ImageLoaded", ("dll", "path")),
    17: ("PipeName", ("file", "name")),
    18: ("PipeName", ("file", "name")),
}


def sysmon_fields_in_ecs(record: dict[str, Any], event_id: int | None) -> dict[str, Any]:
    """What the ECS objects of a record tell of a Sysmon event, under Sysmon's names."""
    places = dict(_FIELDS)
    if event_id in _FILE_NAMES:
        name, place = _FILE_NAMES[event_id]
        places[name] = place
    fields = {name: value for name, place in places.items() if (value := _at(record, place)) is not None}
    user, domain = _at(record, ("user", "name")), _at(record, ("user", "domain"))
    if isinstance(user, str):
        fields["User"] = f"{domain}\\{user}" if domain else user
    return fields


def _at(record: dict[str, Any], place: tuple[str, ...]) -> Any:
    """A value by its nested place, or under its dotted name."""
    value: Any = record
    for key in place:
        value = value.get(key) if value.__class__ is dict else None
    return record.get(".".join(place)) if value is None else value
