"""Names under which events have the fields that Sigma's rules ask for, where they are not the rules' own.

To adapt a source, add the name of its attribute to the field's line: the first attribute that is there counts,
the rule's own name before all others. A name with dots is also a path through nested records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

__all__ = ["FieldNames", "field_names"]

_WEB: Final = {
    "c-ip": "client src_ip id.orig_h remote_host",
    "c-uri-extension": "cs-uri-extension",
    "c-uri-query": "cs-uri-query query_string query",
    "c-useragent": "cs-user-agent cs(User-Agent) user_agent http_user_agent userAgent http.http_user_agent agent",
    "cs-content-type": "content_type http.http_content_type",
    "cs-cookie": "cs(Cookie) cookie",
    "cs-host": "host http_host virtual_host vhost http.hostname r-dns",
    "cs-method": "method http_method request_method verb http.http_method",
    "cs-referer": "cs(Referer) cs-referrer referer referrer http_referer http.http_refer",
    "cs-user-agent": "c-useragent cs(User-Agent) user_agent http_user_agent userAgent http.http_user_agent agent",
    "cs-username": "remote_user auth user",
    "sc-status": "status status_code response_code http.status code",
}
"""Of web requests, all but the target (`web`)."""

_TABLES: Final[dict[str, dict[str, str]]] = {
    "webserver": _WEB,
    "proxy": _WEB | {"dst_ip": "r-ip id.resp_h dest_ip"},
    "dns": {
        "query": "dns.rrname QueryName query_name",
        "record_type": "qtype_name dns.rrtype query_type",
        "answer": "answers dns.rdata",
    },
    "firewall": {
        "src_ip": "id.orig_h srcaddr srcip",
        "src_port": "id.orig_p srcport",
        "dst_ip": "id.resp_h dest_ip dstaddr dstip",
        "dst_port": "id.resp_p dest_port dstport",
    },
    "zeek": {
        "c-uri": "uri",
        "c-useragent": "user_agent",
        "id.orig_h": "id_orig_h",
        "id.orig_p": "id_orig_p",
        "id.resp_h": "id_resp_h",
        "id.resp_p": "id_resp_p",
    },
    "gcp": {
        "gcp.audit.method_name": "protoPayload.methodName data.protoPayload.methodName",
        "data.protoPayload.authorizationInfo.granted": "protoPayload.authorizationInfo.granted",
        "data.protoPayload.authorizationInfo.permission": "protoPayload.authorizationInfo.permission",
        "data.protoPayload.logName": "protoPayload.logName logName",
        "data.protoPayload.methodName": "protoPayload.methodName",
        "data.protoPayload.resource.type": "protoPayload.resource.type resource.type",
        "data.protoPayload.serviceName": "protoPayload.serviceName",
        "eventName": "protoPayload.metadata.event.eventName events.name",
        "eventService": "protoPayload.serviceName",
        "protoPayload.Servicename": "protoPayload.serviceName",
    },
    "kubernetes": {
        "apiGroup": "objectRef.apiGroup",
        "capabilities": "requestObject.spec.containers.securityContext.capabilities.add",
        "hostPath": "requestObject.spec.volumes.hostPath.path",
    },
    "azure": {
        "ActivityDisplayName": "properties.activityDisplayName operationName",
        "DeviceDetail.trusttype": "DeviceDetail.trustType properties.deviceDetail.trustType",
        "Initiatedby": "properties.initiatedBy",
        "OperationName": "operationName properties.activityDisplayName activityDisplayName",
        "OperationNameValue": "operationName.value operationName",
        "ResultType": "resultType properties.status.errorCode status.errorCode",
        "Resultdescription": "ResultDescription resultDescription",
        "Status": "properties.result result status properties.status",
        "Username": "userPrincipalName properties.userPrincipalName",
        "operationName": "operationName.value OperationNameValue OperationName properties.activityDisplayName",
        "properties.message": "properties.activityDisplayName activityDisplayName operationName OperationName",
    },
    "m365": {
        "eventName": "Name Operation",
        "eventSource": "Workload",
        "status": "ResultStatus Status",
    },
}
"""By category or product of the events: a rule's field, and the attributes that may hold it."""

_CAPITAL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|_")


@dataclass(frozen=True, slots=True)
class FieldNames:
    """Tells which attributes may hold a rule's field."""

    tables: tuple[str, ...] = ()
    spaced: bool = False
    """Attributes have words with spaces (``Threat Name``) where rules have ``ThreatName`` or ``Threat_Name``."""
    nested: bool = False
    """Fields may stand under ``properties``, and their names begin with a small letter there."""

    def attributes(self, name: str) -> tuple[str, ...]:
        """The attributes that may hold the field, in the order to try them; its own name first."""
        names = [name]
        for table in self.tables:
            names += _TABLES[table].get(name, "").split()
        if self.spaced:
            names.append(_CAPITAL.sub(" ", name))
        if self.nested:
            small = ".".join(part[:1].lower() + part[1:] for part in name.split("."))
            names += (small, f"properties.{small}")
        return tuple(dict.fromkeys(names))


def field_names(product: str, service: str, categories: Iterable[str]) -> FieldNames:
    """How events of a log source name the rules' fields."""
    tables = tuple(table for table in (*sorted(categories), product) if table in _TABLES)
    return FieldNames(tables, spaced=(product, service) == ("windows", "windefend"), nested=product == "azure")
