"""Windows events that keep the structure of their XML: EVTX libraries, XML converters, winlogbeat."""

from __future__ import annotations

from typing import Any, Final

from loglm.events.mappers.windows_ecs import sysmon_fields_in_ecs
from loglm.events.mappers.windows_record import WindowsRecord, account_name, number_of, text_of
from loglm.events.mappers.windows_values import leaves

__all__ = ["from_old_winlogbeat", "from_tree", "from_winlogbeat", "undotted"]

_KNOWN_SECTIONS: Final = frozenset(
    ("System", "EventData", "RenderingInfo", "#attributes", "xmlns", "@xmlns", "Event_attributes", "Message")
)
_BEAT_ADDITIONS: Final = (
    *("xml_name", "Binary", "OldUACList", "NewUACList", "StatusDescription", "TicketOptionsDescription"),
    *("TicketEncryptionTypeDescription", "PreAuthTypeDescription", "ResultCodeDescription"),
)
_SYSMON_ALWAYS: Final = frozenset(("Image", "SourceImage", "ImageLoaded", "Operation", "State", "Configuration", "ID"))
"""Each of Sysmon's events has one of these, unless they were moved."""
_NOT_DATA: Final = frozenset(("Data", "#attributes", "Binary", "xmlns", "@xmlns"))
_NAME_KEYS: Final = ("Name", "@Name", "_Name", "name")
_TEXT_KEYS: Final = ("#text", "text", "_text", "$t", "Value")


def from_tree(event: dict[str, Any]) -> WindowsRecord:
    """The record of a dict that holds ``System`` and ``EventData`` or ``UserData``.

    Reads what the EVTX library writes (attributes under ``#attributes`` or beside the element), xmltodict's
    ``@Name``, Velociraptor's ``Value``, and lists of ``{"Name": ..., "text": ...}``.
    """
    system = event["System"]
    if not isinstance(system, dict):
        return WindowsRecord()
    sid = _attribute(system, "Security", "UserID")
    record = WindowsRecord(
        number_of(system.get("EventID")),
        text_of(system.get("Channel")),
        text_of(_attribute(system, "Provider", "Name")),
        text_of(system.get("Computer")),
        _attribute(system, "TimeCreated", "SystemTime"),
        user=None if sid is None else account_name(None, None, sid),
    )
    event_data = event.get("EventData")
    if event_data.__class__ is dict:
        record.data = _event_data(event_data)
    elif isinstance(event_data, list | str):
        record.data = _data_elements(event_data)
    if len(event) > 3 or "EventData" not in event:
        _read_other_sections(event, record)
    return record


def _attribute(system: dict[str, Any], element: str, name: str) -> Any:
    """An attribute of an element of the System part, wherever the converter has put it."""
    value = system.get(element)
    if value.__class__ is dict:
        inner = value.get("#attributes", value)
        if inner.__class__ is not dict:
            return None
        return inner[name] if name in inner else inner.get(f"@{name}")
    if value is None:
        beside = system.get(f"{element}_attributes")
        return beside.get(name) if isinstance(beside, dict) else None
    return value


def _event_data(elements: dict[str, Any]) -> dict[str, Any]:
    """EventData without its own attributes and without the blob that some providers append."""
    if "Data" not in elements and "#attributes" not in elements and "Binary" not in elements:
        return elements
    others = _NOT_DATA | {"Name", "@Name"} if "Data" in elements else _NOT_DATA
    data = {name: value for name, value in elements.items() if name not in others}
    if "Data" in elements:
        data.update(_data_elements(elements["Data"]))
    return data


def _data_elements(elements: Any) -> dict[str, Any]:
    """``Data`` elements: a list or a single one, each a text or a dict with its name and text."""
    data: dict[str, Any] = {}
    unnamed: list[Any] = []
    for element in elements if isinstance(elements, list) else [elements]:
        name = _first(element, _NAME_KEYS)
        if name is None:
            unnamed.append(_first(element, _TEXT_KEYS) if element.__class__ is dict else element)
        else:
            data[str(name)] = _first(element, _TEXT_KEYS)
    if unnamed:
        data["Data"] = unnamed
    return data


def _first(element: Any, keys: tuple[str, ...]) -> Any:
    if element.__class__ is not dict:
        return None
    return next((element[key] for key in keys if key in element), None)


def _read_other_sections(event: dict[str, Any], record: WindowsRecord) -> None:
    """UserData and its likes, whose values lie deeper, and the rendered message."""
    for name, section in event.items():
        if name not in _KNOWN_SECTIONS and section.__class__ is dict:
            record.data = {**record.data, **leaves(section)}
    rendering = event.get("RenderingInfo")
    message = rendering.get("Message") if isinstance(rendering, dict) else event.get("Message")
    record.message = text_of(message) or None


def undotted(record: dict[str, Any], prefix: str) -> dict[str, Any]:
    """The keys ``prefix.a.b`` of a flat record as nested dicts, without the prefix."""
    start = f"{prefix}."
    nested: dict[str, Any] = {}
    for key, value in record.items():
        if not key.startswith(start):
            continue
        *path, last = key[len(start) :].split(".", 2)
        place = nested
        for name in path:
            inner = place.setdefault(name, {})
            if inner.__class__ is not dict:
                break
            place = inner
        place[last] = value
    return nested


def from_winlogbeat(record: dict[str, Any], winlog: dict[str, Any]) -> WindowsRecord:
    """The record of winlogbeat 7 and later, Elastic Agent and Elastic's Windows integrations."""
    event = record.get("event")
    if event.__class__ is not dict:
        event = undotted(record, "event")
    user = winlog.get("user")
    provider = text_of(winlog.get("provider_name") or event.get("provider"))
    event_id = number_of(winlog.get("event_id", event.get("code")))
    data = _beat_data(winlog, "provider_guid" in winlog)
    if provider == "Microsoft-Windows-Sysmon" and not _SYSMON_ALWAYS & data.keys():
        data = {**sysmon_fields_in_ecs(record, event_id), **data}
    return WindowsRecord(
        event_id=event_id,
        channel=text_of(winlog.get("channel")),
        provider=provider,
        computer=text_of(winlog.get("computer_name")),
        time=winlog.get("time_created") or record.get("@timestamp"),
        data=data,
        user=_beat_user(user if user.__class__ is dict else undotted(winlog, "user")),
        message=text_of(record.get("message")) or None,
    )


def from_old_winlogbeat(record: dict[str, Any]) -> WindowsRecord:
    """The record of winlogbeat 5 and 6, whose fields lie at the top."""
    return WindowsRecord(
        event_id=number_of(record.get("event_id")),
        channel=text_of(record.get("log_name")),
        provider=text_of(record.get("source_name")),
        computer=text_of(record.get("computer_name")),
        time=record.get("@timestamp"),
        data=_beat_data(record, "provider_guid" in record),
        user=_beat_user(record.get("user")),
        message=text_of(record.get("message")) or None,
    )


def _beat_user(user: Any) -> str | None:
    if user.__class__ is not dict:
        return None
    return account_name(user.get("domain"), user.get("name"), user.get("identifier"))


def _beat_data(holder: dict[str, Any], named: bool) -> dict[str, Any]:
    """``event_data`` and ``user_data``.

    winlogbeat numbers unnamed elements ``param1`` and so on; only providers with a manifest, and so with a GUID,
    can have given such names themselves.
    """
    data: dict[str, Any] = {}
    for section in ("event_data", "user_data"):
        values = holder.get(section)
        if values.__class__ is dict:
            data.update(values)
    for name in _BEAT_ADDITIONS:
        data.pop(name, None)
    if not named and "param1" in data:
        numbered = [name for name in data if name.startswith("param") and name[5:].isdigit()]
        data["Data"] = [data.pop(name) for name in sorted(numbered, key=lambda name: int(name[5:][:6]))]
    return data
