"""Logs that AWS delivers as lines of columns: VPC flow logs, S3 server access, load balancer access.

Source: AWS documentation, default formats of "Flow log records" (version 2), "Amazon S3 server access log format",
"Access logs for your Application Load Balancer" and "... Classic Load Balancer".
"""

from __future__ import annotations

import re
from typing import Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent, LogSource
from loglm.events.lineformats.access_log import add_request
from loglm.events.timestamps import parse_iso

__all__ = ["AwsText"]

_TOKEN = re.compile(r'"([^"]*)"|\[([^\]]*)\]|(\S+)')
_MOST_TOKENS = 40
_FLOW_ENDS: Final = (" OK", " NODATA", " SKIPDATA")
_FLOW: Final = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
).split()  # fmt: skip
_S3: Final = (
    "bucketowner bucket time remoteip requester requestid operation key requesturi httpstatus errorcode bytessent "
    "objectsize totaltime turnaroundtime referrer useragent versionid"
).split()
_S3_LINE = re.compile(r"[0-9a-f]{64} \S{3,63} \[\d\d/[A-Z][a-z]{2}/\d{4}:")
_BALANCER_LINE = re.compile(
    r"(?:(?:https?|h2|grpcs?|wss?) )?\d{4}-\d\d-\d\dT[\d:.]{8,15}Z \S{1,128} [0-9a-fA-F.:]{3,45}:\d{1,5} "
)
_BALANCER: Final = (
    "time elb client target request_processing_time target_processing_time response_processing_time elb_status_code "
    "target_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol target_group_arn trace_id "
    "domain_name chosen_cert_arn matched_rule_priority request_creation_time actions_executed redirect_url error_reason"
).split()
_BALANCER_SOURCE: Final = LogSource("aws", "elb", "webserver")


class AwsText:
    """Lines of VPC flow logs in the default format, of S3's and of load balancers' access logs.

    Attributes have the names that AWS gives the columns; the request of a load balancer also those of
    `loglm.events.lineformats.access_log`.
    """

    name = "aws_text"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        if line.endswith(_FLOW_ENDS) and line.count(" ") == len(_FLOW) - 1:
            return _mapped(dict(zip(_FLOW, line.split(" "), strict=True)), line, location)
        if _BALANCER_LINE.match(line):
            return _balancer_event(line, location)
        if _S3_LINE.match(line):
            return _mapped(_columns(line, _S3), line, location)
        return None


def _mapped(record: dict[str, Any], line: str, location: SourceLocation) -> LogEvent:
    from loglm.events.mappers import map_record  # late: the mappers read lines inside records

    return map_record(record, line, location)


def _columns(line: str, names: list[str]) -> dict[str, Any]:
    """The columns that are set; those past the known names are left in the line."""
    tokens = (quoted or bracketed or bare for quoted, bracketed, bare in _TOKEN.findall(line[:65_536])[:_MOST_TOKENS])
    return {name: token for name, token in zip(names, tokens, strict=False) if token not in ("-", "")}


def _balancer_event(line: str, location: SourceLocation) -> LogEvent:
    names = _BALANCER if line[:1].isdecimal() else ["type", *_BALANCER]
    attributes = _columns(line, names)
    add_request(attributes, attributes.get("request", ""))
    status = attributes.get("elb_status_code", "")
    if status.isdecimal():
        attributes["sc-status"] = int(status)
    if "user_agent" in attributes:
        attributes["cs-user-agent"] = attributes["user_agent"]
    return LogEvent(
        line,
        location,
        _BALANCER_SOURCE,
        attributes,
        timestamp=parse_iso(attributes["time"]),
        action=attributes.get("cs-method"),
        host=attributes.get("domain_name"),
        source_address=attributes["client"].rpartition(":")[0],
        destination_address=attributes.get("target", "").rpartition(":")[0] or None,
    )
