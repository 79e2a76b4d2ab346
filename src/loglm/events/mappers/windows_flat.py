"""Windows events as one flat record: nxlog, Logstash, Splunk, Microsoft Sentinel, PowerShell, EvtxECmd.

Such shippers mix the System part with EventData under one roof. What belongs to the System part or to the
shipper is told by name, and where nxlog uses a name that EventData has too, by the company it keeps.
"""

from __future__ import annotations

import re
from typing import Any, Final
from xml.sax.saxutils import unescape

import orjson

from loglm.events.mappers.windows_exports import is_export, without_export_columns
from loglm.events.mappers.windows_messages import lost_fields
from loglm.events.mappers.windows_record import WindowsRecord, account_name, number_of, text_of
from loglm.events.mappers.windows_sources import canonical_channel, channel_of_provider
from loglm.events.mappers.windows_trees import from_tree
from loglm.events.mappers.windows_xml import ParseError, parse_event_xml

__all__ = ["CHANNEL_KEYS", "ID_KEYS", "PROVIDER_KEYS", "from_flat"]

ID_KEYS: Final = ("EventID", "EventCode", "EventId", "event_id", "Id", "Event ID")
CHANNEL_KEYS: Final = ("Channel", "LogName", "EventLog", "Logfile", "log_name")
PROVIDER_KEYS: Final = (
    "SourceName", "Provider_Name", "ProviderName", "EventSourceName", "Provider", "source_name", "Source",
)  # fmt: skip
_COMPUTER_KEYS: Final = ("Computer", "Hostname", "ComputerName", "MachineName", "HostName", "computer_name")
_TIME_KEYS: Final = (
    "TimeCreated",
    "SystemTime",
    "UtcTime",
    "@timestamp",
    "EventTime",
    "TimeGenerated",
    "_time",
    "timestamp",
    "Date and Time",
)
_SYSTEM_KEYS: Final = frozenset(
    """
    AccountType ActivityID Activity ActivityId Bookmark Category ChunkNumber ContainerLog Correlation EventOriginId
    EventReceivedTime EventRecordID EventRecordId EventTypeOrignal EventTypeOriginal ERROR_EVT_UNRESOLVED
    Execution_ProcessID Execution_ThreadID ExecutionProcessID ExecutionThreadID ExtraDataOffset HiddenRecord Keywords
    KeywordsDisplayNames Level LevelDisplayName LevelName LogonTypeName MapDescription ManagementGroupName MG Message
    OpCode Opcode OpcodeDisplayName OpcodeName OpcodeValue PartitionKey PayloadData1 PayloadData2 PayloadData3
    PayloadData4 PayloadData5 PayloadData6 ProviderGuid ProviderId Provider_Guid Qualifiers RecordId
    RecordNumber RelatedActivityID RelatedActivityId RenderedDescription RowKey Security Security_UserID SeverityValue
    Sid SidType SourceComputerId SourceFile SourceModuleName SourceModuleType SourceSystem
    StorageAccount Task TaskCategory TaskDisplayName TenantId ThreadID TimeCollected Timestamp
    @version @metadata agent beat ecs event fields host host.name index input linecount log offset port punct source
    sourcetype splunk_server tags timestamp timezone type user_identifier eventtype
    """.split()
) | {"@timestamp", "EventTime", "TimeGenerated", "TimeCreated", "SystemTime", "Date and Time", "Task Category"}
_PROVIDERS: Final = {"Microsoft Windows security auditing.": "Microsoft-Windows-Security-Auditing"}
"""Names that Splunk shows -> names of providers."""
_NXLOG_TYPES: Final = frozenset(
    ("AUDIT_SUCCESS", "AUDIT_FAILURE", "INFO", "WARNING", "ERROR", "CRITICAL", "VERBOSE", "DEBUG", "SUCCESS")
)
_CONNECTIONS: Final = (5156, 5157)
"""Security events that write ``ProcessID`` in EventData where all others write ``ProcessId``."""
_OTHER_PROCESS_IDS: Final = ("SourceProcessId", "CallerProcessId", "ClientProcessId", "SourceProcessID")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
"""Flat records are often made of the event's XML, with its escapes left in."""
_SENTINEL_TABLES: Final = ("SecurityEvent", "Event", "WindowsEvent")
_SENTINEL_COLUMNS: Final = (
    "Type",
    "Account",
    "SubjectAccount",
    "TargetAccount",
    "Process",
    "EventLevel",
    "EventLevelName",
)
_WMI_COLUMNS: Final = ("Type", "User", "CategoryString", "EventIdentifier", "TimeWritten", "Data")
"""Of Win32_NTLogEvent, some of them in Splunk's text too."""
_SYSTEM_PARTS: Final = (ID_KEYS, CHANNEL_KEYS, PROVIDER_KEYS, _COMPUTER_KEYS)
"""Of each of these, the first key that a record has belongs to the System part."""
_MEMO_SIZE = 4_096
_LONGEST_KEYS = 8_192
"""Characters of all keys of a record, above which its names are not remembered."""
_JSON_DATE = re.compile(r"/Date\((-?\d{1,16})\)/")


_memo: dict[tuple[str, ...], list[str]] = {}
"""By the keys of a record: those that may be EventData."""


def from_flat(record: dict[str, Any]) -> WindowsRecord:
    """The record of a flat shape; see the module for whose."""
    time = _first(record, _TIME_KEYS)
    if time.__class__ is str and (match := _JSON_DATE.fullmatch(time)):
        time = int(match[1])
    provider = text_of(_first(record, PROVIDER_KEYS))
    provider = _PROVIDERS.get(provider, provider)
    event_id = number_of(_first(record, ID_KEYS))
    channel = text_of(_first(record, CHANNEL_KEYS))
    result = WindowsRecord(
        event_id=event_id,
        channel=canonical_channel(channel) if channel else channel_of_provider(provider, event_id),
        provider=provider,
        computer=text_of(_first(record, _COMPUTER_KEYS)),
        time=time,
        message=text_of(record.get("Message") or record.get("RenderedDescription")) or None,
    )
    nested = _nested_data(record)
    if nested is not None:
        result.data = nested
        return result
    names = _data_names(record)
    result.data = {
        name: unescape(value, _QUOTES) if (value := record[name]).__class__ is str and "&" in value else value
        for name in names
    }
    _drop_shipper_fields(record, result)
    if result.message and result.data:
        result.data.update(lost_fields(result.channel, result.event_id, result.data, result.message))
    return result


def _data_names(record: dict[str, Any]) -> list[str]:
    """The keys of the record that may be EventData; remembered, since its keys alone tell them."""
    keys = tuple(record)
    names = _memo.get(keys)
    if names is None:
        names = _find_data_names(record)
        if sum(map(len, keys)) <= _LONGEST_KEYS:
            if len(_memo) >= _MEMO_SIZE:
                _memo.clear()
            _memo[keys] = names
    return names


def _find_data_names(record: dict[str, Any]) -> list[str]:
    said = {next((key for key in keys if key in record), "") for keys in _SYSTEM_PARTS}
    names = [name for name in record if name not in _SYSTEM_KEYS and name[:1] != "_" and name not in said]
    return without_export_columns(record, names) if is_export(record) else names


def _first(record: dict[str, Any], keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = record.get(key)
        if value is not None and value != "":
            return value
    return None


def _drop_shipper_fields(record: dict[str, Any], result: WindowsRecord) -> None:
    """Leave out of the data what bears the name of a field of EventData and is none."""
    data = result.data
    level = str(data.get("EventType"))
    is_nxlog = "SourceModuleType" in record or "SeverityValue" in record or level in _NXLOG_TYPES
    if "AccountType" in record or "UserID" in record:
        result.user = account_name(data.pop("Domain", None), data.pop("AccountName", None), data.pop("UserID", None))
    if level in _NXLOG_TYPES or ("EventCode" in record and level.isdigit()):
        del data["EventType"]
    if data.get("Version").__class__ is int:
        del data["Version"]
    if str(data.get("Severity")).upper() in _NXLOG_TYPES:
        del data["Severity"]
    if is_nxlog and data.get("ProcessID").__class__ is int:
        del data["ProcessID"]
    elif record.get("Type") in _SENTINEL_TABLES:
        for name in _SENTINEL_COLUMNS:
            data.pop(name, None)
        for name in [name for name in data if name.endswith("_string")]:
            data[name.removesuffix("_string")] = data.pop(name)
    elif "EventCode" in record:
        for name in _WMI_COLUMNS:
            data.pop(name, None)
        if "InsertionStrings" in data:
            data["Data"] = data.pop("InsertionStrings")
    process_id = data.get("ProcessId")
    if process_id is None:
        return
    if result.event_id in _CONNECTIONS and result.channel == "Security":
        data["ProcessID"] = data.pop("ProcessId")
    elif any(data.get(name) == process_id for name in _OTHER_PROCESS_IDS):
        del data["ProcessId"]


def _nested_data(record: dict[str, Any]) -> dict[str, Any] | None:
    """EventData that a flat record holds as a dict, as XML or JSON text (Sentinel), or in Payload (EvtxECmd)."""
    value = record.get("EventData")
    if value.__class__ is dict or value.__class__ is list:
        return from_tree({"System": {}, "EventData": value}).data
    text = value.lstrip() if value.__class__ is str else ""
    if text.startswith("<"):
        try:
            return from_tree({"System": {}, **_event_data_in(parse_event_xml(text))}).data
        except ParseError:
            return None
    if text.startswith("{"):
        fields = _json_object(text)
        return None if fields is None else {name: _sysmon_time(name, item) for name, item in fields.items()}
    payload = record.get("Payload")
    if payload.__class__ is str and ("MapDescription" in record or "ChunkNumber" in record):
        tree = _json_object(payload)
        return None if tree is None else from_tree({"System": {}, **tree}).data
    return None


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if value.__class__ is dict else None


def _sysmon_time(name: str, value: Any) -> Any:
    """Sysmon's own form of its times, which Sentinel turns into ISO 8601 with seven digits."""
    is_time = name.endswith("UtcTime") and value.__class__ is str and value[10:11] == "T"
    return f"{value[:10]} {value[11:23]}" if is_time else value


def _event_data_in(tree: dict[str, Any]) -> dict[str, Any]:
    """EventData at the top of the tree or one element below (``DataItem``)."""
    if "EventData" in tree or "UserData" in tree:
        return tree
    inner = next(iter(tree.values()), None)
    return inner if inner.__class__ is dict else {}
