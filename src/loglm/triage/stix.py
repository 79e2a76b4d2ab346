"""STIX 2.1 bundles: incidents and sightings, with what they refer to.

An incident's verdict stands in ``determination`` of its core extension, in ``labels``, or in an opinion on it:
agreement means a true positive, disagreement a false one. Source: STIX 2.1 (OASIS)
and its incident core extension.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from loglm.events.event import LogEvent
from loglm.events.mappers import map_record
from loglm.events.rendering import render
from loglm.triage.records import MOST_PARTS, Incident, incident_of
from loglm.triage.verdicts import Verdict, parse_verdict

__all__ = ["StixObjects", "is_stix"]

_TRIAGED: Final = frozenset(("incident", "sighting"))
_MOST_LINKS: Final = 256
"""Of one object, so that one that all others refer to costs no more than others."""
_NO_CONTENT: Final = frozenset(("identity", "marking-definition", "opinion", "relationship", "note", "bundle"))
_OPINIONS: Final = {
    "strongly-agree": Verdict.TRUE_POSITIVE,
    "agree": Verdict.TRUE_POSITIVE,
    "disagree": Verdict.FALSE_POSITIVE,
    "strongly-disagree": Verdict.FALSE_POSITIVE,
}
_DROPPED: Final = frozenset(
    (
        "id",
        "type",
        "spec_version",
        "created",
        "modified",
        "created_by_ref",
        "object_marking_refs",
        "extensions",
        "labels",
    )
)


def is_stix(record: dict[str, Any]) -> bool:
    """Whether a record is a STIX object."""
    kind, name = record.get("type"), record.get("id")
    return isinstance(kind, str) and isinstance(name, str) and name.startswith(f"{kind}--")


class StixObjects:
    """Collects the objects of a file and puts incidents and sightings together with what they refer to."""

    def __init__(self) -> None:
        self._events: dict[str, LogEvent] = {}
        self._links: defaultdict[str, list[str]] = defaultdict(list)
        self._opinions: defaultdict[str, list[Verdict]] = defaultdict(list)

    def __len__(self) -> int:
        return len(self._events)

    def add(self, event: LogEvent) -> None:
        """Take an object."""
        record = event.attributes
        name, kind = record["id"], record["type"]
        self._events[name] = event
        if kind == "relationship":
            self._link(record.get("source_ref"), record.get("target_ref"))
        elif kind == "opinion" and record.get("opinion") in _OPINIONS:
            for target in _refs(record.get("object_refs")):
                self._opinions[target].append(_OPINIONS[record["opinion"]])
        else:
            for key, value in record.items():
                if key.endswith(("_ref", "_refs")) and key not in _DROPPED:
                    self._links[name] += _refs(value)

    def incidents(self) -> Iterator[Incident]:
        """Those collected; a sighting that belongs to an incident is a part of it alone."""
        within = {
            target
            for name, targets in self._links.items()
            if name.startswith("incident--")
            for target in targets
            if target.startswith("sighting--")
        }
        for name, event in self._events.items():
            if event.attributes["type"] in _TRIAGED and name not in within:
                yield self._incident(name, event)

    def _incident(self, name: str, event: LogEvent) -> Incident:
        record = event.attributes
        named = next((text for text in self._names(name) if text), "")
        base = incident_of({**_content(record), "name": named, "type": record["type"]}, event)
        parts = [base.parts[0], *(self._text(ref) for ref in self._reached(name))]
        verdicts = set(self._opinions[name]) | set(_own_verdicts(record))
        contradict = "verdicts contradict each other in its opinions, labels or determination"
        return replace(
            base,
            incident_id=name,
            parts=tuple(dict.fromkeys(part for part in parts if part))[:MOST_PARTS],
            verdict=next(iter(verdicts)) if len(verdicts) == 1 else None,
            problem=contradict if len(verdicts) > 1 else "",
        )

    def _names(self, name: str) -> Iterator[str]:
        for ref in (name, *self._links[name]):
            if ref in self._events:
                yield str(self._events[ref].attributes.get("name") or "")

    def _reached(self, name: str) -> list[str]:
        """Objects within two steps, nearest first."""
        found: dict[str, None] = {}
        level = [name]
        for _ in range(2):
            level = [ref for one in level for ref in self._links[one] if ref in self._events and ref not in found]
            level = level[:MOST_PARTS]
            found.update(dict.fromkeys(level))
        return [ref for ref in found if ref != name]

    def _text(self, name: str) -> str:
        event = self._events[name]
        if event.attributes["type"] in _NO_CONTENT:
            return ""
        return render(map_record(_content(event.attributes), "", event.location))

    def _link(self, first: object, second: object) -> None:
        if isinstance(first, str) and isinstance(second, str):
            for one, other in ((first, second), (second, first)):
                if len(self._links[one]) < _MOST_LINKS:
                    self._links[one].append(other)


def _own_verdicts(record: dict[str, Any]) -> Iterator[Verdict]:
    extensions = record.get("extensions")
    for extension in extensions.values() if isinstance(extensions, dict) else ():
        if isinstance(extension, dict) and (verdict := parse_verdict(extension.get("determination")).verdict):
            yield verdict
    for label in _refs(record.get("labels")):
        if verdict := parse_verdict(label).verdict:
            yield verdict


def _content(record: dict[str, Any]) -> dict[str, Any]:
    """What an object says, without its identity and references."""
    return {k: v for k, v in record.items() if k not in _DROPPED and not k.endswith(("_ref", "_refs"))}


def _refs(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values[:MOST_PARTS] if isinstance(item, str)]
