"""Which rules apply to which events, and under which names those events have the rules' fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from loglm.detection.sigma.aliases import FieldNames, field_names
from loglm.detection.sigma.audit import PROGRAM_STARTS
from loglm.detection.sigma.fields import Getter, getter
from loglm.detection.sigma.specs import Node, RuleSpec
from loglm.detection.sigma.web import WEB_TARGET
from loglm.detection.sigma.windows import CLEARED_LOG, MADE, RENAMED
from loglm.events.event import LogSource

__all__ = ["View", "views"]

_BROADER: Final = {
    "file_delete": "file_delete_detected",
    "registry_add": "registry_event",
    "registry_delete": "registry_event",
    "registry_rename": "registry_event",
    "registry_set": "registry_event",
}
"""Category -> the broader one whose rules apply, too."""
_OTHER_NAMES: Final[dict[str, dict[int, str]]] = {
    "security": {4688: "process_creation", 4657: "registry_event registry_set"},
    "windefend": dict.fromkeys((1006, 1007, 1008, 1015, 1116, 1117, 1118, 1119), "antivirus"),
}
"""Service -> event id -> categories whose rules apply once the event's fields are renamed (`windows`)."""
_NETWORK: Final = {
    ("zeek", "dns"): "dns",
    ("zeek", "http"): "proxy webserver",
    ("zeek", "conn"): "firewall",
    ("suricata", "dns"): "dns",
    ("suricata", "http"): "proxy webserver",
    ("suricata", "flow"): "firewall",
}
_PRODUCTS: Final = {"fortinet": ("fortigate", "fortios")}
"""Product -> those that rules name instead."""
_ROUTER: Final = ("syslog", "aaa", "bgp", "ldp")
_SERVICES: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("apache", ""): ("apache",),
    ("fortinet", "fortigate"): ("event", "sslvpnd"),
    ("nginx", ""): ("nginx",),
    ("linux", ""): ("syslog",),
    ("cisco", ""): _ROUTER,
    ("juniper", ""): _ROUTER,
    ("huawei", ""): _ROUTER,
    ("m365", ""): ("audit", "exchange", "threat_detection", "threat_management"),
    ("gcp", "gcp.audit"): ("google_workspace.admin", "google_workspace.login"),
    ("gcp", "google_workspace"): ("google_workspace.admin", "google_workspace.login"),
}
"""Product and service (empty: each) -> the services that rules name for the same events."""
_AUTHENTICATION: Final = frozenset(
    ("sshd", "su", "sudo", "login", "pkexec", "polkitd", "passwd", "useradd", "systemd-logind", "cron")
)
"""Programs whose messages go to auth.log or secure."""


@dataclass(frozen=True)
class View:
    """One way of reading events: the log source that they have then, and the names of their fields."""

    products: frozenset[str]
    services: frozenset[str]
    categories: frozenset[str]
    names: FieldNames = field(default_factory=FieldNames)
    renamed: Mapping[str, str] = field(default_factory=dict)
    """For a rule's field, the attribute that holds it instead of one of its own name."""
    made: Mapping[str, Getter] = field(default_factory=dict)
    """For a rule's field that no attribute holds as it is, what makes it."""
    category_only: bool = False
    """Only rules that state one of the categories apply."""

    def applies(self, spec: RuleSpec) -> bool:
        """Whether each part of the log source that the rule states is the events'."""
        if self.category_only and not spec.category:
            return False
        return (
            (not spec.product or spec.product in self.products)
            and (not spec.service or spec.service in self.services)
            and (not spec.category or spec.category in self.categories)
        )

    def resolve(self, name: str) -> tuple[tuple[str, ...], Getter]:
        """The attributes that may hold a rule's field, none where it is made from several; and its getter."""
        made = self.made.get(name)
        if made is not None:
            return (), made
        names = (self.renamed[name],) if name in self.renamed else self.names.attributes(name)
        return names, getter(names)

    def condition(self, spec: RuleSpec) -> Node:
        """The rule's condition as it is to be evaluated on these events.

        Windows events come without their empty fields, so there a field that must be empty may be missing.
        """
        return _empty_or_missing(spec.condition) if "windows" in self.products else spec.condition

    @property
    def naming(self) -> tuple[FieldNames, frozenset[str]]:
        """Equal for views that find a rule's fields in the same places."""
        return self.names, frozenset((*self.renamed, *self.made))


def views(source: LogSource) -> tuple[tuple[View, ...], dict[int | str, tuple[View, ...]]]:
    """How events of a log source are to be read.

    Returns:
        The views of most of its events, and for the event ids of Windows logs to which rules of other categories
        apply, the views of those events.
    """
    own: tuple[View, ...] = (_view(source, source.category),)
    by_id: dict[int | str, tuple[View, ...]] = {}
    if (source.product, source.service) == ("linux", "auditd"):
        own = (*own, _renamed_view(source, "process_creation", PROGRAM_STARTS))
    if source.product == "windows":
        for event_id, categories in _OTHER_NAMES.get(source.service, {}).items():
            renamed = _renamed_view(source, categories, MADE.get(categories, {}), RENAMED[categories])
            by_id[event_id] = (_view(source, ""), renamed)
    return own, by_id


def _empty_or_missing(node: Node) -> Node:
    match node:
        case ["and" | "or" as kind, list(parts)]:
            return [kind, [_empty_or_missing(part) for part in parts]]
        case ["not", list(part)]:
            return ["not", _empty_or_missing(part)]
        case ["text", str(field_name), "equals", _, list(values)] if "" in values:
            return ["or", [node, ["null", field_name]]]
    return node


def _view(source: LogSource, categories: str) -> View:
    network = _NETWORK.get((source.product, source.service), "")
    answered = set(f"{categories} {network}".split())
    answered.update([_BROADER[category] for category in answered if category in _BROADER])
    names = field_names(source.product, source.service, answered)
    made: Mapping[str, Getter] = {} if answered.isdisjoint(("webserver", "proxy")) else WEB_TARGET
    if (source.product, source.service) == ("windows", "system"):
        made = CLEARED_LOG
    return View(_products(source), _services(source), frozenset(answered), names, made=made)


def _renamed_view(
    source: LogSource, categories: str, made: Mapping[str, Getter], renamed: Mapping[str, str] | None = None
) -> View:
    return View(
        frozenset((source.product,)),
        frozenset((source.service,)),
        frozenset(categories.split()),
        renamed=renamed or {},
        made=made,
        category_only=True,
    )


def _products(source: LogSource) -> frozenset[str]:
    return frozenset((source.product, *_PRODUCTS.get(source.product, ())))


def _services(source: LogSource) -> frozenset[str]:
    """The event's service, and the broader ones that rules name instead."""
    services = {source.service, *_SERVICES.get((source.product, source.service), ())}
    services.update(_SERVICES.get((source.product, ""), ()))
    if source.product == "linux" and source.service in _AUTHENTICATION:
        services.add("auth")
    return frozenset(services)
