"""Which rules apply to which events, and under which names the events have the rules' fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from loglm.detection.sigma import SigmaRules
from loglm.events.event import LogEvent, LogSource
from loglm.events.mappers.windows_sources import windows_log_source

SYSMON = "Microsoft-Windows-Sysmon/Operational"
POWERSHELL = "Microsoft-Windows-PowerShell/Operational"
ANY = "s: {X|exists: false}\ncondition: s"


@pytest.mark.parametrize(
    ("logsource", "source", "event_id", "expected"),
    [
        ("{product: windows}", LogSource("windows", "security"), 1, True),
        ("{product: linux}", LogSource("windows", "security"), 1, False),
        ("{product: windows, service: security}", LogSource("windows", "security"), 1, True),
        ("{product: windows, service: system}", LogSource("windows", "security"), 1, False),
        ("{category: webserver}", LogSource("nginx", "access", "webserver"), None, True),
        ("{service: nginx}", LogSource("nginx", "error"), None, True),
        ("{product: windows, category: process_creation}", windows_log_source(SYSMON, 1), 1, True),
        ("{product: windows, category: process_creation}", windows_log_source(SYSMON, 3), 3, False),
        ("{product: windows, category: process_creation}", windows_log_source("Security", 4688), 4688, True),
        ("{product: windows, category: process_creation}", windows_log_source("Security", 4688), "4688", True),
        ("{product: windows, category: process_creation}", windows_log_source("Security", 4689), 4689, False),
        ("{product: linux, category: process_creation}", windows_log_source("Linux-Sysmon/Operational", 1), 1, True),
        ("{product: windows, category: registry_event}", windows_log_source(SYSMON, 12, "CreateKey"), 12, True),
        ("{product: windows, category: registry_event}", windows_log_source(SYSMON, 12), 12, True),
        ("{product: windows, category: registry_event}", windows_log_source(SYSMON, 13), 13, True),
        ("{product: windows, category: registry_event}", windows_log_source(SYSMON, 14), 14, True),
        ("{product: windows, category: registry_delete}", windows_log_source(SYSMON, 12, "DeleteKey"), 12, True),
        ("{product: windows, category: registry_add}", windows_log_source(SYSMON, 12, "DeleteKey"), 12, False),
        ("{product: windows, category: registry_set}", windows_log_source(SYSMON, 12), 12, False),
        ("{product: windows, category: registry_set}", windows_log_source("Security", 4657), 4657, True),
        ("{product: windows, category: pipe_created}", windows_log_source(SYSMON, 18), 18, True),
        ("{product: windows, category: file_delete}", windows_log_source(SYSMON, 26), 26, True),
        ("{product: windows, category: ps_script}", windows_log_source(POWERSHELL, 4104), 4104, True),
        ("{product: windows, category: ps_module}", windows_log_source(POWERSHELL, 4103), 4103, True),
        ("{product: windows, category: ps_module}", windows_log_source(POWERSHELL, 4104), 4104, False),
        ("{product: windows, category: ps_classic_start}", windows_log_source("Windows PowerShell", 400), 400, True),
        ("{category: antivirus}", LogSource("windows", "windefend"), 1116, True),
        ("{product: linux, service: auth}", LogSource("linux", "sshd"), None, True),
        ("{product: linux, service: syslog}", LogSource("linux", "syslog"), None, True),
        ("{category: dns}", LogSource("zeek", "dns"), None, True),
        ("{category: proxy}", LogSource("zeek", "http"), None, True),
        ("{product: zeek, service: http}", LogSource("zeek", "dns"), None, False),
        ("{product: kubernetes, service: audit}", LogSource("kubernetes", "audit", "application"), None, True),
        ("{product: windows}", LogSource("unknown", "json"), None, False),
    ],
)
def test_rule_applies_to_events_of_its_log_source(
    rule: Callable[..., str],
    load: Callable[..., SigmaRules],
    event: Callable[..., LogEvent],
    logsource: str,
    source: LogSource,
    event_id: int | str | None,
    expected: bool,
) -> None:
    rules = load(rule(ANY, logsource=logsource))
    attributes = {} if event_id is None else {"EventID": event_id}
    assert bool(rules.match(event(attributes, source=source))) is expected


AUDIT = "windows/security/process_creation"
CREATED = {
    "EventID": 4688,
    "NewProcessName": "C:\\Windows\\System32\\cmd.exe",
    "NewProcessId": "0x1a4",
    "ParentProcessName": "C:\\Windows\\explorer.exe",
    "CommandLine": "cmd /c whoami",
    "MandatoryLabel": "S-1-16-12288",
    "SubjectUserName": "bob",
    "SubjectDomainName": "CORP",
}
REGISTRY = {
    "EventID": "4657",
    "ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\Run",
    "ObjectValueName": "evil",
    "OperationType": "%%1904",
    "NewValueType": "%%1876",
    "NewValue": "1",
    "ProcessName": "C:\\reg.exe",
}
CLEARED = {"EventID": 104, "Channel": "System", "EventData_Channel": "Security"}
ACCESS = "unknown/access/webserver"
GET = {
    "cs-method": "GET",
    "cs-uri-stem": "/owa/a%2eb",
    "cs-uri-query": "x=1",
    "cs-uri-decoded": "/owa/a.b?x=1",
    "sc-status": 200,
}


@pytest.mark.parametrize(
    ("logsource", "detection", "source", "attributes"),
    [
        ("{product: windows, category: process_creation}", "Image|endswith: '\\cmd.exe'", AUDIT, CREATED),
        ("{product: windows, category: process_creation}", "ParentImage|endswith: '\\explorer.exe'", AUDIT, CREATED),
        ("{product: windows, category: process_creation}", "IntegrityLevel: High", AUDIT, CREATED),
        ("{product: windows, category: process_creation}", "User: 'CORP\\bob'", AUDIT, CREATED),
        ("{product: windows, category: process_creation}", "ProcessId: '0x1a4'", AUDIT, CREATED),
        ("{product: windows, category: process_creation}", "OriginalFileName: null", AUDIT, CREATED),
        ("{product: windows, service: security}", "{EventID: 4688, NewProcessName|endswith: cmd.exe}", AUDIT, CREATED),
        ("{product: windows, category: registry_set}", "TargetObject: 'HKLM\\Software\\Run\\evil'", AUDIT, REGISTRY),
        ("{product: windows, category: registry_event}", "Details: 'DWORD (0x00000001)'", AUDIT, REGISTRY),
        ("{product: windows, category: registry_event}", "EventType: SetValue", AUDIT, REGISTRY),
        ("{product: windows, category: registry_event}", "Image|endswith: reg.exe", AUDIT, REGISTRY),
        ("{product: windows, service: system}", "Channel: Security", "windows/system", CLEARED),
        (
            "{category: antivirus}",
            "Signature|contains: Meterpreter",
            "windows/windefend",
            {"EventID": 1116, "Threat Name": "xMeterpreter"},
        ),
        (
            "{product: windows, service: windefend}",
            "SourceName: x",
            "windows/windefend",
            {"EventID": 5, "Source Name": "x"},
        ),
        ("{category: webserver}", "cs-uri-query|contains: '/owa/a'", ACCESS, GET),
        ("{category: webserver}", "cs-uri-query|contains: 'a.b?x'", ACCESS, GET),
        ("{category: webserver}", "cs-uri-query: x=1", ACCESS, GET),
        ("{category: webserver}", "cs-uri-stem|endswith: 'a.b'", ACCESS, GET),
        ("{category: webserver}", "c-uri: '/owa/a%2eb?x=1'", ACCESS, GET),
        ("{category: webserver}", "{cs-method: get, sc-status: 200}", ACCESS, GET),
        ("{category: proxy}", "c-useragent|startswith: curl", "zeek/http", {"user_agent": "curl/8", "uri": "/x"}),
        ("{category: proxy}", "c-uri|endswith: '.ps1'", "zeek/http", {"uri": "/x.ps1"}),
        ("{category: dns}", "query|endswith: '.onion'", "suricata/dns", {"dns": {"rrname": "a.onion"}}),
        ("{product: zeek, service: rdp}", "id.orig_h|cidr: 8.0.0.0/8", "zeek/rdp", {"id": {"orig_h": "8.8.8.8"}}),
        (
            "{product: gcp, service: gcp.audit}",
            "gcp.audit.method_name: x.y",
            "gcp/gcp.audit",
            {"protoPayload": {"methodName": "x.y"}},
        ),
        (
            "{product: azure, service: auditlogs}",
            "properties.message: Add",
            "azure/auditlogs",
            {"operationName": "Add"},
        ),
        (
            "{product: azure, service: riskdetection}",
            "riskEventType: x",
            "azure/riskdetection",
            {"properties": {"riskEventType": "x"}},
        ),
        ("{product: azure, service: signinlogs}", "ResultType: 50126", "azure/signinlogs", {"resultType": "50126"}),
        (
            "{product: m365, service: threat_management}",
            "eventName: Phish",
            "m365/x",
            {"Name": "Phish", "Operation": "AlertTriggered"},
        ),
        ("{product: okta, service: okta}", "target.displayName: x", "okta/okta", {"target": [{"displayName": "x"}]}),
        (
            "{product: aws, service: cloudtrail}",
            "userIdentity.type: Root",
            "aws/cloudtrail",
            {"userIdentity": {"type": "Root"}},
        ),
    ],
)
def test_field_is_found_under_the_name_that_the_source_has_for_it(
    rule: Callable[..., str],
    load: Callable[..., SigmaRules],
    event: Callable[..., LogEvent],
    logsource: str,
    detection: str,
    source: str,
    attributes: dict[str, Any],
) -> None:
    body = detection if detection[0] == "{" else f"{{{detection}}}"
    rules = load(rule(f"s: {body}\ncondition: s", logsource=logsource))
    assert len(rules.match(event(attributes, source=LogSource(*source.split("/"))))) == 1


def test_event_with_two_readings_fires_rules_of_both(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    rules = load(
        rule("s: {Image|endswith: cmd.exe}\ncondition: s", number=1),
        rule("s: {EventID: 4688}\ncondition: s", number=2, logsource="{product: windows, service: security}"),
        rule("k: [whoami]\ncondition: k", number=3, logsource="{product: windows}"),
    )
    hits = rules.match(event(CREATED, source=LogSource("windows", "security")))
    assert sorted(hit.rule_id[-1] for hit in hits) == ["1", "2", "3"]


def test_many_log_sources_do_not_pile_up(
    rule: Callable[..., str], load: Callable[..., SigmaRules], event: Callable[..., LogEvent]
) -> None:
    rules = load(rule(ANY, logsource="{product: windows}"))
    for number in range(5000):
        rules.match(event({}, source=LogSource("windows", f"channel{number}")))
    assert len(rules._routes) <= 4096
    assert len(rules._indexes) == 1
