"""Names that shippers give to kinds of logs (Splunk sourcetypes, data lake schemas), as log sources."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from loglm.events.event import LogSource
from loglm.events.mappers.fields import log_source

__all__ = ["source_of_hint"]

_KNOWN: Final = {
    "access_combined": LogSource("apache", "access", "webserver"),
    "access_common": LogSource("apache", "access", "webserver"),
    "amazon:eks:audit": LogSource("kubernetes", "audit", "application"),
    "aws:alb": LogSource("aws", "elb", "webserver"),
    "aws:cloudwatchlogs:vpcflow": LogSource("aws", "vpcflow", "flow"),
    "aws:s3serveraccess": LogSource("aws", "s3_access", "webserver"),
    "aws:vpcflow": LogSource("aws", "vpcflow", "flow"),
    "aws:vpcdns": LogSource("aws", "route53", "dns"),
    "azure:monitoractivity": LogSource("azure", "activitylogs"),
    "cisco:asa": LogSource("cisco", "asa", "firewall"),
    "cloudflare:httprequest": LogSource("cloudflare", "http", "webserver"),
    "cloudflare:firewall": LogSource("cloudflare", "http", "webserver"),
    "crowdstrike:fdrevent": LogSource("crowdstrike", "fdr"),
    "crowdstrike:unknown": LogSource("crowdstrike", "eventstreams"),
    "dropbox:teamevent": LogSource("dropbox", "team"),
    "gsuite:activityevent": LogSource("gcp", "google_workspace"),
    "iis": LogSource("iis", "access", "webserver"),
    "linux_audit": LogSource("linux", "auditd"),
    "linux_secure": LogSource("linux", "auth"),
    "ms:iis:auto": LogSource("iis", "access", "webserver"),
    "nginx:plus:kv": LogSource("nginx", "access", "webserver"),
    "o365:management:activity": LogSource("m365", "audit"),
    "ocsf:networkactivity": LogSource("ocsf", "network_activity"),
    "ocsf:dnsactivity": LogSource("ocsf", "dns_activity"),
    "slack:auditlogs": LogSource("slack", "audit"),
    "syslog": LogSource("linux", "syslog"),
}
_PRODUCTS: Final = {"bro": "zeek", "microsoft365": "m365", "wineventlog": "windows", "xmlwineventlog": "windows"}
_MARKS = re.compile(r"[:.]+")


@lru_cache(maxsize=1024)
def source_of_hint(hint: str) -> LogSource:
    """The log source that a name such as ``AWS.CloudTrail``, ``cisco:asa`` or ``linux_secure`` stands for.

    A name that is not known gives its first part as the product, the rest as the service.
    """
    name = _MARKS.sub(":", hint[:128].lower()).strip(": ")
    known = _KNOWN.get(name)
    if known is not None:
        return known
    product, _, service = name.partition(":")
    return log_source(_PRODUCTS.get(product, product), service.replace(":", "."))
