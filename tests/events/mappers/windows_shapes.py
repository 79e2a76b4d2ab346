"""One Windows event in the shapes that shippers give it, made from the dict of an EVTX record.

Each function follows the layout that its tool documents; ``tree`` is ``{"Event": {"System": ..., "EventData": ...}}``.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

import orjson

Tree = dict[str, Any]


def _system(tree: Tree) -> dict[str, Any]:
    system = tree["Event"]["System"]
    event_id = system["EventID"]
    provider = system["Provider"]["#attributes"]
    return {
        "EventID": event_id["#text"] if isinstance(event_id, dict) else event_id,
        "Provider": provider["Name"],
        "Guid": provider.get("Guid"),
        "Channel": system["Channel"],
        "Computer": system["Computer"],
        "Time": system["TimeCreated"]["#attributes"]["SystemTime"],
        "RecordID": system.get("EventRecordID", 1),
        "UserID": ((system.get("Security") or {}).get("#attributes") or {}).get("UserID"),
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _data(tree: Tree) -> dict[str, Any]:
    """Named values of EventData; the list of unnamed ones under None."""
    data: dict[Any, Any] = {}
    for name, value in (tree["Event"].get("EventData") or {}).items():
        if name == "Data":
            value = value["#text"] if isinstance(value, dict) else value
            data[None] = value if isinstance(value, list) else [value]
        elif name not in ("#attributes", "Binary"):
            data[name] = _text(value)
    return data


def _user_data(tree: Tree) -> dict[str, Any]:
    for inner in (tree["Event"].get("UserData") or {}).values():
        return {name: _text(value) for name, value in inner.items() if name != "#attributes"}
    return {}


def as_xml(tree: Tree) -> str:
    """The event viewer's XML, on one line."""
    system = _system(tree)
    guid = f" Guid='{{{system['Guid'].strip('{}').lower()}}}'" if system["Guid"] else ""
    user = f" UserID='{system['UserID']}'" if system["UserID"] else ""
    data = ""
    for name, value in _data(tree).items():
        if name is None:
            data += "".join(f"<Data>{escape(_text(text))}</Data>" for text in value)
        else:
            data += f"<Data Name={quoteattr(name)}>{escape(value)}</Data>"
    data = f"<EventData>{data}</EventData>"
    if "UserData" in tree["Event"]:
        name = next(iter(tree["Event"]["UserData"]))
        inner = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in _user_data(tree).items())
        data = f"<UserData><{name} xmlns='http://manifests.microsoft.com/win/2004/08/windows/eventlog'>{inner}</{name}></UserData>"
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
        f"<Provider Name='{system['Provider']}'{guid}/><EventID>{system['EventID']}</EventID><Version>0</Version>"
        f"<Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8020000000000000</Keywords>"
        f"<TimeCreated SystemTime='{system['Time']}'/><EventRecordID>{system['RecordID']}</EventRecordID>"
        f"<Correlation/><Execution ProcessID='4' ThreadID='8'/><Channel>{system['Channel']}</Channel>"
        f"<Computer>{system['Computer']}</Computer><Security{user}/></System>{data}</Event>"
    )


def as_separate_attributes(tree: Tree) -> Tree:
    """evtx_dump with attributes beside their elements."""
    system = _system(tree)
    record = {
        "Event_attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "Event": {
            "System": {
                "Provider_attributes": {"Name": system["Provider"], "Guid": system["Guid"]},
                "EventID": system["EventID"],
                "TimeCreated_attributes": {"SystemTime": system["Time"]},
                "Channel": system["Channel"],
                "Computer": system["Computer"],
                "Security_attributes": {"UserID": system["UserID"]},
            },
        },
    }
    for section in ("EventData", "UserData"):
        if section in tree["Event"]:
            record["Event"][section] = tree["Event"][section]
    return record


def as_named_list(tree: Tree, *, name_key: str = "Name", text_key: str = "text") -> Tree:
    """Converters that keep Data elements as a list; ``@Name`` and ``#text`` is xmltodict's form."""
    system, mark = _system(tree), "@" if name_key.startswith("@") else ""
    elements: list[Any] = []
    for name, value in _data(tree).items():
        elements += value if name is None else [{name_key: name, text_key: value} if value else {name_key: name}]
    event: Tree = {
        f"{mark}xmlns": "http://schemas.microsoft.com/win/2004/08/events/event",
        "System": {
            "Provider": {f"{mark}Name": system["Provider"], f"{mark}Guid": system["Guid"]},
            "EventID": {text_key: str(system["EventID"]), f"{mark}Qualifiers": "0"},
            "TimeCreated": {f"{mark}SystemTime": system["Time"]},
            "Channel": system["Channel"],
            "Computer": system["Computer"],
            "Security": {f"{mark}UserID": system["UserID"]} if system["UserID"] else None,
        },
        "EventData": {"Data": elements},
    }
    if "UserData" in tree["Event"]:
        del event["EventData"]
        event["UserData"] = {"Inner": {"xmlns": "http://manifests.microsoft.com", **_user_data(tree)}}
    return {"Event": event}


def as_xmltodict(tree: Tree) -> Tree:
    return as_named_list(tree, name_key="@Name", text_key="#text")


def as_velociraptor(tree: Tree) -> Tree:
    """Velociraptor's parse_evtx: no Event around, the id wrapped, the time as an epoch number."""
    from datetime import datetime

    system = _system(tree)
    record: Tree = {
        "System": {
            "Provider": {"Name": system["Provider"], "Guid": system["Guid"]},
            "EventID": {"Value": system["EventID"]},
            "TimeCreated": {"SystemTime": datetime.fromisoformat(system["Time"]).timestamp()},
            "Channel": system["Channel"],
            "Computer": system["Computer"],
        },
        "Message": "The rendered message.",
    }
    for section in ("EventData", "UserData"):
        if section in tree["Event"]:
            record[section] = tree["Event"][section]
    return record


def as_winlogbeat(tree: Tree) -> Tree:
    """winlogbeat 7 and 8."""
    system, winlog = _system(tree), _beat_event_data(tree)
    if system["Guid"]:
        winlog["provider_guid"] = "{" + system["Guid"].strip("{}").upper() + "}"
    return {
        "@timestamp": system["Time"],
        "@metadata": {"beat": "winlogbeat", "version": "7.17.0"},
        "winlog": {
            "api": "wineventlog",
            "channel": system["Channel"],
            "provider_name": system["Provider"],
            "event_id": str(system["EventID"]),
            "computer_name": system["Computer"],
            "record_id": system["RecordID"],
            "process": {"pid": 4, "thread": {"id": 8}},
            "keywords": ["Audit Success"],
            "opcode": "Info",
            **winlog,
        },
        "event": {"code": str(system["EventID"]), "kind": "event", "created": "2030-01-01T00:00:00.000Z"},
        "host": {"name": "collector"},
        "log": {"level": "information"},
        "message": "The rendered message.",
    }


def as_dotted_winlogbeat(tree: Tree) -> Tree:
    """The same as Elasticsearch exports it to flat JSON."""
    flat: Tree = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(f"{prefix}.{key}" if prefix else key, inner)
        else:
            flat[prefix] = value

    walk("", as_winlogbeat(tree))
    return flat


def as_old_winlogbeat(tree: Tree) -> Tree:
    """winlogbeat 5 and 6."""
    system, data = _system(tree), _beat_event_data(tree)
    record = {
        "@timestamp": system["Time"],
        "log_name": system["Channel"],
        "source_name": system["Provider"],
        "event_id": system["EventID"],
        "computer_name": system["Computer"],
        "record_number": str(system["RecordID"]),
        "beat": {"name": "collector", "version": "6.8.0"},
        "type": "wineventlog",
        "level": "Information",
        **data,
    }
    return record | ({"provider_guid": system["Guid"]} if system["Guid"] else {})


def _beat_event_data(tree: Tree) -> Tree:
    """event_data without empty values and with unnamed elements numbered; user_data with its element's name."""
    data = _data(tree)
    values = {f"param{number}": text for number, text in enumerate(data.pop(None, []), start=1)}
    values.update({name: value for name, value in data.items() if value})
    sections: Tree = {"event_data": {name: value.replace("\r\n", "\n").strip() for name, value in values.items()}}
    if "UserData" in tree["Event"]:
        sections = {"user_data": {"xml_name": next(iter(tree["Event"]["UserData"])), **_user_data(tree)}}
    return sections


def as_nxlog(tree: Tree) -> Tree:
    """nxlog's im_msvistalog behind Logstash; named data only."""
    system = _system(tree)
    return {
        "EventTime": "2020-01-01 00:00:00",
        "EventReceivedTime": "2020-01-01 00:00:02",
        "@timestamp": system["Time"],
        "@version": "1",
        "tags": ["lab"],
        "host": "collector.example.org",
        "port": 60_123,
        "Hostname": system["Computer"],
        "Keywords": -9214364837600034816,
        "EventType": "AUDIT_SUCCESS",
        "SeverityValue": 2,
        "Severity": "INFO",
        "EventID": system["EventID"],
        "SourceName": system["Provider"],
        "ProviderGuid": "{" + (system["Guid"] or "").strip("{}").upper() + "}",
        "Version": 2,
        "Task": 1,
        "OpcodeValue": 0,
        "Opcode": "Info",
        "Category": "Some Category",
        "RecordNumber": system["RecordID"],
        "ActivityID": "{245D3B9B-5E92-0001-75F1-660D8082D601}",
        "ExecutionProcessID": 4,
        "ThreadID": 8,
        "Channel": system["Channel"],
        "Domain": "NT AUTHORITY",
        "AccountName": "SYSTEM",
        "UserID": "S-1-5-18",
        "AccountType": "User",
        "SourceModuleName": "eventlog",
        "SourceModuleType": "im_msvistalog",
        **({"EventTypeOrignal": "INFO"} if "EventType" in _data(tree) else {}),
        **{name: value for name, value in _data(tree).items() if value},
    }


def as_logstash(tree: Tree) -> Tree:
    """The flat form of OTRF's later recordings."""
    system = _system(tree)
    return {
        "SourceName": system["Provider"],
        "ProviderGuid": system["Guid"],
        "Level": "0",
        "Keywords": "0x8020000000000000",
        "Channel": system["Channel"].lower() if system["Channel"] == "Security" else system["Channel"],
        "Hostname": system["Computer"],
        "TimeCreated": system["Time"],
        "@timestamp": system["Time"],
        "Task": "13312",
        "EventID": system["EventID"],
        "Message": "The rendered message.",
        **_data(tree),
    }


def as_security_event(tree: Tree) -> Tree:
    """Microsoft Sentinel's SecurityEvent table, with EventData as XML."""
    system = _system(tree)
    xml = as_xml(tree)
    return {
        "TenantId": "t",
        "TimeGenerated": system["Time"],
        "SourceSystem": "OpsManager",
        "Computer": system["Computer"],
        "EventSourceName": system["Provider"],
        "Channel": system["Channel"],
        "Task": 1,
        "Level": "8",
        "EventID": system["EventID"],
        "EventData": xml[xml.index("<EventData") : xml.index("</Event>")],
        "Activity": "something happened",
        "Type": "SecurityEvent",
        "_ResourceId": "/subscriptions/s",
    }


def as_windows_event(tree: Tree) -> Tree:
    """Microsoft Sentinel's WindowsEvent table, with EventData as JSON text."""
    system = _system(tree)
    return {
        "TenantId": "t",
        "TimeGenerated": system["Time"],
        "Provider": system["Provider"],
        "Channel": system["Channel"],
        "Computer": system["Computer"],
        "Task": 1,
        "EventLevel": 4,
        "EventLevelName": "Information",
        "EventData": orjson.dumps(_data(tree)).decode(),
        "EventID": system["EventID"],
        "Type": "WindowsEvent",
    }


def as_evtxecmd(tree: Tree) -> Tree:
    """EvtxECmd --json."""
    system = _system(tree)
    elements: list[Any] = []
    for name, value in _data(tree).items():
        elements += value if name is None else [{"@Name": name, "#text": value}]
    return {
        "PayloadData1": "Target: someone",
        "UserName": "someone",
        "MapDescription": "Something",
        "ChunkNumber": 0,
        "Computer": system["Computer"],
        "Payload": orjson.dumps({"EventData": {"Data": elements}}).decode(),
        "Channel": system["Channel"],
        "Provider": system["Provider"],
        "EventId": system["EventID"],
        "EventRecordId": str(system["RecordID"]),
        "ProcessId": 4,
        "ThreadId": 8,
        "Level": "LogAlways",
        "TimeCreated": system["Time"],
    }


def as_splunk_json(tree: Tree) -> Tree:
    """A Splunk search result of XmlWinEventLog."""
    return {"_raw": as_xml(tree), "_time": "2024-01-01T00:00:00", "sourcetype": "XmlWinEventLog", "EventCode": "1"}


def as_azure_diagnostics(tree: Tree) -> Tree:
    system = _system(tree)
    properties = {"EventId": system["EventID"], "Channel": system["Channel"], "RawXml": as_xml(tree)}
    return {
        "time": system["Time"],
        "category": "WindowsEventLogsTable",
        "level": "Informational",
        "properties": properties,
    }
