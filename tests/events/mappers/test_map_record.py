from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers import MAPPERS, map_record

AT = SourceLocation("log", 1)
FEB_3 = 1612325106.0
ISO = "2021-02-03T04:05:06Z"


def mapped(record: dict[str, Any]) -> LogEvent:
    return map_record(record, json.dumps(record), AT)


CLOUDTRAIL = {
    "eventVersion": "1.08",
    "userIdentity": {
        "type": "AssumedRole",
        "principalId": "AROAEXAMPLE:session1",
        "arn": "arn:aws:sts::123456789012:assumed-role/Admin/session1",
        "accessKeyId": "ASIAEXAMPLE",
    },
    "eventTime": ISO,
    "eventSource": "iam.amazonaws.com",
    "eventName": "CreateUser",
    "sourceIPAddress": "192.0.2.7",
}
SIGN_IN_CLAIM = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"

# log source, action, user, source address, and the record
SAMPLES: list[tuple[str, str | None, str | None, str | None, dict[str, Any]]] = [
    ("aws/cloudtrail", "CreateUser", "Admin", "192.0.2.7", CLOUDTRAIL),
    (
        "aws/cloudtrail",
        "ListBuckets",
        "ann",
        "192.0.2.7",
        {"EventName": "ListBuckets", "EventSource": "s3", "SourceIpAddress": "192.0.2.7", "UserIdentityUserName": "ann",
         "TimeGenerated": ISO},
    ),
    (
        "aws/guardduty",
        "Recon:EC2/Portscan",
        None,
        None,
        {"schemaVersion": "2.0", "type": "Recon:EC2/Portscan", "resource": {}, "service": {"eventLastSeen": ISO}},
    ),
    (
        "aws/vpcflow/flow",
        "ACCEPT",
        None,
        "10.0.0.1",
        {"srcAddr": "10.0.0.1", "dstAddr": "10.0.0.2", "action": "ACCEPT", "start": FEB_3},
    ),
    (
        "zeek/conn",
        "conn",
        None,
        "10.0.0.1",
        {"_path": "conn", "ts": FEB_3, "uid": "C1", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2"},
    ),
    (
        "zeek/ssl",
        "ssl",
        None,
        "10.0.0.1",
        {"ts": ISO, "uid": "C1", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2", "cipher": "x", "resumed": False},
    ),
    (
        "zeek/dns",
        "dns",
        None,
        "10.0.0.1",
        {"ts": FEB_3, "id": {"orig_h": "10.0.0.1", "resp_h": "8.8.8.8"}, "qtype": 1, "qclass": 1},
    ),
    ("zeek/dhcp", "dhcp", None, "10.0.0.5", {"ts": FEB_3, "client_addr": "10.0.0.5", "msg_types": ["ACK"]}),
    (
        "suricata/alert",
        "alert",
        None,
        "78.36.196.213",
        {"timestamp": "2021-02-03T05:05:06.000000+0100", "flow_id": 1374195536821504, "event_type": "alert",
         "src_ip": "78.36.196.213", "dest_ip": "192.168.1.129", "alert": {"signature": "ET CINS"}},
    ),
    (
        "kubernetes/audit/application",
        "create pods/exec",
        "system:anonymous",
        "198.51.100.9",
        {"kind": "Event", "apiVersion": "audit.k8s.io/v1", "auditID": "d97", "verb": "create",
         "stage": "ResponseComplete",
         "user": {"username": "system:anonymous"}, "sourceIPs": ["198.51.100.9", "10.0.0.1"],
         "objectRef": {"resource": "pods", "subresource": "exec"}, "requestReceivedTimestamp": ISO},
    ),
    (
        "okta/okta",
        "user.session.start",
        "ann@corp.example",
        "192.0.2.7",
        {"eventType": "user.session.start", "published": ISO, "actor": {"alternateId": "ann@corp.example"},
         "client": {"ipAddress": "192.0.2.7"}, "outcome": {"result": "SUCCESS"}, "displayMessage": "User login"},
    ),
    (
        "azure/signinlogs",
        "Sign-in activity",
        "ann@corp.example",
        "192.0.2.7",
        {"time": ISO, "resourceId": "/tenants/t/providers/Microsoft.aadiam", "operationName": "Sign-in activity",
         "category": "NonInteractiveUserSignInLogs", "callerIpAddress": "192.0.2.7",
         "properties": {"userPrincipalName": "ann@corp.example"}},
    ),
    (
        "azure/auditlogs",
        "Add user",
        "ann@corp.example",
        "192.0.2.7",
        {"time": ISO, "resourceId": "/tenants/t/providers/Microsoft.aadiam", "operationName": "Add user",
         "category": "AuditLogs", "properties": {
             "initiatedBy": {"user": {"userPrincipalName": "ann@corp.example", "ipAddress": "192.0.2.7"}}}},
    ),
    (
        "azure/activitylogs",
        "MICROSOFT.COMPUTE/DISKS/DELETE",
        "ann@corp.example",
        "192.0.2.7",
        {"time": ISO, "resourceId": "/SUBSCRIPTIONS/1/DISKS/A", "operationName": "MICROSOFT.COMPUTE/DISKS/DELETE",
         "category": "Administrative", "callerIpAddress": "192.0.2.7",
         "identity": {"claims": {SIGN_IN_CLAIM: "ann@corp.example"}}},
    ),
    (
        "azure/auditlogs",
        "Update application",
        "ann@corp.example",
        None,
        {"TimeGenerated": ISO, "OperationName": "Update application", "AADTenantId": "t",
         "InitiatedBy": '{"user":{"userPrincipalName":"ann@corp.example","ipAddress":null}}'},
    ),
    (
        "m365/exchange",
        "New-InboxRule",
        "ann@corp.example",
        "192.0.2.7",
        {"CreationTime": "2021-02-03T04:05:06", "Operation": "New-InboxRule", "Workload": "Exchange", "RecordType": 1,
         "UserId": "ann@corp.example", "ClientIP": "192.0.2.7:51234"},
    ),
    (
        "m365/audit",
        "UserLoggedIn",
        "ann@corp.example",
        "192.0.2.7",
        {"creationtime": "2021-02-03 04:05:06", "operation": "UserLoggedIn", "recordtype": 15,
         "userid": "ann@corp.example", "clientip": "192.0.2.7", "workload": "AzureActiveDirectory"},
    ),
    (
        "gcp/gcp.audit",
        "SetIamPolicy",
        "ann@corp.example",
        "192.0.2.7",
        {"insertId": "1", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity", "timestamp": ISO,
         "protoPayload": {"methodName": "SetIamPolicy", "authenticationInfo": {"principalEmail": "ann@corp.example"},
                          "requestMetadata": {"callerIp": "192.0.2.7"}}},
    ),
    (
        "gcp/vpc_flows",
        None,
        None,
        "10.0.0.1",
        {"insertId": "1", "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows", "timestamp": ISO,
         "jsonPayload": {"connection": {"src_ip": "10.0.0.1", "dest_ip": "10.0.0.2"}}},
    ),
    (
        "cowrie/honeypot",
        "cowrie.login.failed",
        "root",
        "192.0.2.7",
        {"eventid": "cowrie.login.failed", "src_ip": "192.0.2.7", "session": "cafb43d1579d", "timestamp": ISO,
         "username": "root", "sensor": "s1", "message": "login attempt"},
    ),
    (
        "ocsf/dns_activity",
        "Query",
        None,
        "10.0.0.1",
        {"class_uid": 4003, "category_uid": 4, "activity_name": "Query", "time": int(FEB_3 * 1000),
         "src_endpoint": {"ip": "10.0.0.1"}},
    ),
    (
        "linux/sshd",
        "sshd",
        None,
        None,
        {"__REALTIME_TIMESTAMP": str(int(FEB_3 * 1e6)), "MESSAGE": "Accepted publickey", "SYSLOG_IDENTIFIER": "sshd",
         "_HOSTNAME": "web1", "_EXE": "/usr/sbin/sshd"},
    ),
    (
        "linux/auditd",
        "SYSCALL",
        "ann",
        None,
        {"ID": "1612325106.000:12", "SYSCALL": {"exe": "/usr/bin/id", "AUID": "ann"}, "EXECVE": {"ARGV": ["id"]}},
    ),
    (
        "osquery/results",
        "pack_a_logged_in_users added",
        "ann",
        "10.0.3.1",
        {"name": "pack_a_logged_in_users", "action": "added", "hostIdentifier": "h1", "unixTime": FEB_3,
         "columns": {"host": "10.0.3.1", "user": "ann"}},
    ),
    (
        "github/audit",
        "org.saml_disabled",
        "ann",
        None,
        {"actor": "ann", "action": "org.saml_disabled", "created_at": int(FEB_3 * 1000), "org": "o", "repo": "o/r"},
    ),
    (
        "slack/audit",
        "user_login",
        "ann@corp.example",
        "192.0.2.7",
        {"action": "user_login", "actor": {"type": "user", "user": {"email": "ann@corp.example"}}, "date_create": FEB_3,
         "context": {"ip_address": "192.0.2.7"}, "entity": {}},
    ),
    (
        "gcp/google_workspace.admin",
        "CREATE_ROLE",
        "ann@corp.example",
        "192.0.2.7",
        {"kind": "admin#reports#activity", "id": {"time": ISO, "applicationName": "admin"}, "ipAddress": "192.0.2.7",
         "actor": {"email": "ann@corp.example"}, "events": [{"name": "CREATE_ROLE"}]},
    ),
    (
        "m365/defender",
        "ProcessCreated",
        "ann",
        None,
        {"Timestamp": ISO, "DeviceName": "pc1", "ActionType": "ProcessCreated", "AccountName": "ann"},
    ),
    (
        "crowdstrike/fdr",
        "ProcessRollup2",
        "ann",
        None,
        {"event_simpleName": "ProcessRollup2", "aid": "a1", "timestamp": str(int(FEB_3 * 1000)), "UserName": "ann"},
    ),
    (
        "flow/flow",
        "tcp",
        None,
        "10.0.0.1",
        {"StartTime": "2021/02/03 04:05:06", "Proto": "tcp", "SrcAddr": "10.0.0.1", "DstAddr": "::1", "TotPkts": 3},
    ),
    (
        "linux/auditd",
        "logged-in",
        "ann",
        "192.0.2.7",
        {"@timestamp": ISO, "event": {"module": "auditd", "action": "logged-in"}, "agent": {"type": "auditbeat"},
         "user": {"name": "ann"}, "source": {"ip": "192.0.2.7"}},
    ),
    (
        "elasticsearch/audit",
        "access_granted",
        "ann",
        "192.0.2.7",
        {"@timestamp": "2021-02-03T04:05:06,000", "event.action": "access_granted",
         "event.dataset": "elasticsearch.audit", "user.name": "ann", "source.ip": "192.0.2.7"},
    ),
    (
        "linux/sudo",
        "sudo",
        None,
        None,
        {"TenantId": "t", "TimeGenerated": ISO, "Computer": "h1", "SyslogMessage": "opened", "ProcessName": "sudo"},
    ),
    (
        "unknown/json",
        "login",
        "ann",
        "192.0.2.7",
        {"when": ISO, "type": "login", "who": 1, "user": {"name": "ann"}, "client": {"ip": "192.0.2.7"}},
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "action", "user", "address", "record"), SAMPLES, ids=[sample[0] for sample in SAMPLES]
)
def test_map_record_knows_the_source(
    source: str, action: str | None, user: str | None, address: str | None, record: dict[str, Any]
) -> None:
    event = mapped(record)
    assert (str(event.log_source), event.action, event.user, event.source_address) == (source, action, user, address)
    assert event.attributes is record


@pytest.mark.parametrize("record", [sample[4] for sample in SAMPLES if sample[0] != "aws/vpcflow/flow"])
def test_map_record_finds_the_time(record: dict[str, Any]) -> None:
    assert mapped(record).timestamp == FEB_3


def test_map_record_gives_the_same_event_from_the_remembered_choice() -> None:
    assert mapped(CLOUDTRAIL) == mapped(json.loads(json.dumps(CLOUDTRAIL)))


def test_map_record_shares_log_sources() -> None:
    assert mapped(CLOUDTRAIL).log_source is mapped(dict(CLOUDTRAIL)).log_source


def test_mappers_have_names_of_their_own() -> None:
    names = [mapper.name for mapper in MAPPERS]
    assert len(set(names)) == len(names)
    assert names[0] == "windows"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("mapper", MAPPERS, ids=lambda mapper: mapper.name)
@given(value=json_values)
def test_mapper_never_raises_on_odd_values(mapper: Any, value: Any) -> None:
    for *_, sample in SAMPLES:
        if mapper.matches(sample):
            event = mapper.to_event(dict.fromkeys(sample, value), "raw", AT)
            for name in (
                "action",
                "host",
                "user",
                "source_address",
                "destination_address",
                "process",
                "session",
                "body",
            ):
                assert getattr(event, name) is None or isinstance(getattr(event, name), str)
            assert event.timestamp is None or isinstance(event.timestamp, float)


@given(record=st.dictionaries(st.text(max_size=12), json_values, max_size=5))
def test_map_record_takes_any_object(record: dict[str, Any]) -> None:
    assert mapped(record).location == AT


@pytest.mark.parametrize(
    ("identity", "user"),
    [
        ({"type": "IAMUser", "arn": "arn:aws:iam::1:user/division/ann", "userName": "ann"}, "ann"),
        ({"type": "Root", "arn": "arn:aws:iam::123456789012:root"}, "root"),
        ({"type": "AWSService", "invokedBy": "ec2.amazonaws.com"}, "ec2.amazonaws.com"),
        ({"type": "FederatedUser", "arn": "arn:aws:sts::1:federated-user/ann"}, "ann"),
        ({"type": "IAMUser", "userName": "HIDDEN_DUE_TO_SECURITY_REASONS", "accountId": "1"}, "1"),
        ({}, None),
        ("text", None),
    ],
)
def test_cloudtrail_names_the_actor(identity: Any, user: str | None) -> None:
    assert mapped({**CLOUDTRAIL, "userIdentity": identity}).user == user
