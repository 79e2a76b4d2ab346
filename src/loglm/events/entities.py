"""Of whose behaviour an event is part: the host, the account or the address that windows are formed by."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from loglm.events.event import LogEvent, LogSource

__all__ = ["MOST_NAME_CHARS", "bounded_name", "primary_entity"]

MOST_NAME_CHARS: Final = 256
"""Characters of an entity's name that are kept; of a longer one also a hash."""

_HOST: Final = ("host", "user", "source_address", "destination_address")
_USER: Final = ("user", "source_address", "host", "destination_address")
_ADDRESS: Final = ("source_address", "host", "user", "destination_address")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IDENTITY_PRODUCTS: Final = _words(
    """
    aws azure azuread entra m365 microsoft365 office365 gcp google google_workspace gworkspace okta github gitlab
    bitbucket atlassian jira confluence kubernetes onelogin auth0 duo jumpcloud ping pingidentity forgerock keycloak
    slack zoom box dropbox salesforce snowflake databricks cloudflare_audit 1password bitwarden lastpass cyberark
    vault oci alibaba servicenow exchange teleport mongodb_atlas notion asana workday
    """
)
_NETWORK_PRODUCTS: Final = _words(
    """
    zeek bro suricata snort flow netflow ipfix nfdump argus firewall proxy dns vpc pcap apache nginx iis w3c haproxy
    squid traefik envoy caddy tomcat modsecurity cloudflare akamai fastly bluecoat zscaler netskope fortinet
    fortigate paloalto panos checkpoint cisco juniper sonicwall sophos pfsense opnsense iptables ufw meraki
    watchguard barracuda f5 citrix cowrie dionaea honeypot honeytrap rdpy web
    """
)
_NETWORK_CATEGORIES: Final = frozenset(
    {"webserver", "firewall", "proxy", "dns", "flow", "network", "network_connection_log", "ids", "waf"}
)
_NETWORK_SERVICES: Final = frozenset({"vpcflow", "vpc_flow", "waf", "elb", "alb", "nlb", "s3_access", "cloudfront"})

_OTHER_THAN_PRODUCT: Final = {
    ("m365", "defender"): _HOST,
    ("kubernetes", "container"): _HOST,
    ("cisco", "duo"): _USER,
    ("cloudflare", "audit"): _USER,
}

_PATH_END = re.compile(r"[^/\\!]+$")


def primary_entity(event: LogEvent) -> tuple[str, str]:
    """Return (kind, value) of whose behaviour an event is part.

    The kind is ``host`` for logs of machines, ``user`` for cloud and identity logs, ``source_address`` for
    network and web logs. Where the event lacks that field the next one of it stands in: host, user,
    source_address, destination_address; an event without any belongs to (``file``, name of its file). Long values
    are cut, see `bounded_name`.
    """
    for kind in _kinds(event.log_source):
        value = getattr(event, kind)
        if value:
            return kind, bounded_name(value)
    name = _PATH_END.search(event.location.path)
    return "file", bounded_name(name.group() if name else event.location.path)


def bounded_name(name: str) -> str:
    """The name of an entity as it is kept: what goes beyond `MOST_NAME_CHARS` becomes a hash of the whole name.

    Names are log text, which may be as long as a record, and many are kept at once. Two long ones stay apart.
    """
    if len(name) <= MOST_NAME_CHARS:
        return name
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{name[:MOST_NAME_CHARS]}…{digest}"


def _kinds(source: LogSource) -> tuple[str, ...]:
    """The fields to look at, in order."""
    kinds = _OTHER_THAN_PRODUCT.get((source.product, source.service))
    if kinds is not None:
        return kinds
    is_network = (
        source.category in _NETWORK_CATEGORIES
        or source.service in _NETWORK_SERVICES
        or source.product in _NETWORK_PRODUCTS
    )
    if is_network:
        return _ADDRESS
    return _USER if source.product in _IDENTITY_PRODUCTS else _HOST
