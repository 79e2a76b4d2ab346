"""Incidents and alerts out of records: what they are called, what they hold, and what was decided on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final

import orjson

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers import map_record
from loglm.events.reading import parse_line
from loglm.events.rendering import render
from loglm.triage.field_names import plain
from loglm.triage.finding_records import (
    finding_entity,
    finding_events,
    finding_head,
    finding_texts,
    finding_time,
    is_finding,
)
from loglm.triage.verdicts import Verdict, given_verdict, without_verdicts

__all__ = ["MOST_PARTS", "Incident", "content_key", "from_event", "head_key", "incident_of"]

MOST_PARTS = 64
"""Texts of one incident that are compared; more say nothing new."""

_LONGEST_RECORD = 1 << 20
_LONGEST_NAME = 200
_ID_FIELDS: Final = (
    *("incidentid", "incidentnumber", "incidentuid", "alertid", "alertuid", "systemalertid", "kibanaalertuuid"),
    *("caseid", "offenseid", "findingid", "findinguid", "notableid", "eventhash", "number", "id", "uuid"),
)
"""What an incident may be called by, in lower case without what is no letter; ``number`` where it is none."""
_DROPPED: Final = frozenset((*_ID_FIELDS, "uid", "key"))
"""What says nothing but which one it is."""
_LINKS: Final = frozenset(
    (
        *("url", "incidenturl", "alerturl", "htmlurl", "weburl", "incidentweburl", "alertweburl", "link", "permalink"),
        *("etag", "odatacontext", "odatatype", "odataid", "srcurl"),
    )
)
_NESTED: Final = frozenset(
    (
        *("evidences", "evidence", "alerts", "events", "relatedevents", "relatedalerts", "rawevents", "logs"),
        *("fulllog", "rawlog", "originallog", "eventoriginal", "rawdata", "raw"),
    )
)
"""Fields with events, or their raw text, that are texts of their own; in lower case without what is no letter."""
_TITLES: Final = (
    *("title", "displayname", "alertname", "alertdisplayname", "incidentname", "rulename", "name", "signature"),
    *("rule", "alert", "detection", "message", "summary", "description"),
)
_SHELLS: Final = ("properties", "attributes", "_source", "fields")
"""Fields in which the record itself may stand; elsewhere an id is of something else: of the rule, not of its alert."""
_WRAPS: Final = (*_SHELLS, "incident", "alert", "rule", "kibana.alert.rule")
"""Fields in which its title may stand."""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident or alert."""

    incident_id: str
    """As the record calls it; a hash of the record where it has none."""
    title: str
    """At most 200 characters. Untrusted."""
    parts: tuple[str, ...]
    """Texts in the masked view, without verdicts: what the incident is called first, then its different events."""
    location: SourceLocation
    timestamp: float | None
    """POSIX seconds, UTC."""
    entity: str = ""
    """Host, user or address that it is about; empty where none is known. Untrusted."""
    verdict: Verdict | None = None
    problem: str = ""
    """Why a verdict that is there cannot be taken."""

    @property
    def mark(self) -> tuple[bytes, float | None]:
        """Content and time: equal where the same incident is given again, not only another of the same id."""
        return content_key(self.parts), self.timestamp

    def joined(self, other: Incident) -> Incident:
        """This one with the parts of another record of the same incident."""
        parts = tuple(dict.fromkeys((*self.parts, *other.parts)))[:MOST_PARTS]
        times = [time for time in (self.timestamp, other.timestamp) if time is not None]
        return replace(self, parts=parts, timestamp=min(times, default=None))


@dataclass(slots=True)
class _Draft:
    record: dict[str, Any]
    events: list[Any] = field(default_factory=list)
    """Items of nested lists: records or texts."""
    texts: list[str] = field(default_factory=list)
    """Events that are masked texts already."""


def content_key(parts: Sequence[str]) -> bytes:
    """Equal for incidents that read the same, 16 bytes."""
    head, *rest = parts
    return _hash("\0".join((head, *sorted(set(rest)))))


def head_key(parts: Sequence[str]) -> bytes:
    """Equal for incidents that are called the same, 16 bytes."""
    return _hash(parts[0])


def _hash(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def from_event(event: LogEvent) -> Incident:
    """The incident of one record of any log."""
    return incident_of(_record_of(event), event)


def incident_of(record: Mapping[str, Any], event: LogEvent) -> Incident:
    """The incident of a record, JSON values, of which ``event`` tells time, entity and place."""
    given = given_verdict(record)
    draft = _drafted(record)
    head = render(_head_event(draft, event)) if record else render(event)
    parts = [head, *(text for item in draft.events for text in _texts(item, event.location)), *draft.texts]
    kind, entity = event.entity
    entity = finding_entity(record) or ("" if kind == "file" else entity)
    return Incident(
        _id_of(record, event) or _hash(event.raw).hex()[:20],
        _title(record) or _shortened(event.raw if event.raw[:1] != "{" else event.action or event.body or event.raw),
        tuple(dict.fromkeys(parts))[:MOST_PARTS],
        event.location,
        _time(record, event),
        _shortened(entity),
        given.verdict,
        given.problem,
    )


def _record_of(event: LogEvent) -> dict[str, Any]:
    """The whole record: readers take off what shippers put around it, where verdicts may stand."""
    if event.raw[:1] == "{" and len(event.raw) <= _LONGEST_RECORD:
        try:
            record = orjson.loads(event.raw)
        except orjson.JSONDecodeError:
            return event.attributes
        if isinstance(record, dict):
            return record
    return event.attributes


def _head_event(draft: _Draft, event: LogEvent) -> LogEvent:
    if event.raw[:1] != "{" and draft.record == event.attributes:
        return event
    head = map_record(draft.record, "", event.location)
    head.host, head.user = head.host or event.host, head.user or event.user
    if event.raw[:1] != "{":  # a line or a row: its text says more than its columns
        head.log_source, head.action = event.log_source, event.action
        head.body = event.body if event.body not in (None, event.raw) else head.body
    return head


def _drafted(record: Mapping[str, Any]) -> _Draft:
    """What the incident is called apart from the events in it, both without verdicts and identifiers."""
    draft = _Draft({})
    clean = without_verdicts(dict(record))
    if is_finding(record):
        draft.record = finding_head(clean)
        draft.events, draft.texts = _items(finding_events(clean)), finding_texts(clean)
        return draft
    for name, value in clean.items():
        field_name = plain(name)
        if field_name in _NESTED and isinstance(value, list | dict | str):
            draft.events += _items(value)
        elif field_name not in _DROPPED and field_name not in _LINKS:
            draft.record[name] = _without_ids(value)
    return draft


def _texts(item: object, location: SourceLocation) -> Iterator[str]:
    """The text of an event inside an incident; of an OCSF evidence its raw log line where it has one."""
    if isinstance(item, str):
        yield render(parse_line(item, location))
    elif isinstance(item, dict) and item:
        data = item.get("data")
        raw = data.get("raw") if isinstance(data, dict) else item.get("raw")
        if isinstance(raw, str) and raw:
            yield render(parse_line(raw, location))
        else:
            yield render(map_record(_without_ids(item), "", location))


def _items(value: object) -> list[Any]:
    if isinstance(value, dict | str):
        return [value]
    return [item for item in value if isinstance(item, str | dict)][:MOST_PARTS] if isinstance(value, list) else []


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_ids(inner)
            for name, inner in value.items()
            if plain(name) not in _DROPPED and plain(name) not in _LINKS
        }
    return [_without_ids(item) for item in value] if isinstance(value, list) else value


def _id_of(record: Mapping[str, Any], event: LogEvent) -> str:
    """Empty where it has none; that of a Windows event says what kind it is, and so do numbers in lines of text."""
    about = record.get("finding_info")
    if isinstance(about, dict) and about.get("uid"):
        return str(about["uid"])[:_LONGEST_NAME]
    is_line = event.body is not None and event.raw.endswith(event.body) and event.raw[:1] != "{"
    return "" if event.log_source.product == "windows" or is_line else _first(record, _ID_FIELDS, _SHELLS)


def _time(record: Mapping[str, Any], event: LogEvent) -> float | None:
    happened = finding_time(record) if is_finding(record) else None
    return event.timestamp if happened is None else happened


def _title(record: Mapping[str, Any]) -> str:
    about = record.get("finding_info")
    if isinstance(about, dict) and about.get("title"):
        return _shortened(str(about["title"]))
    return _shortened(_first(record, _TITLES, _WRAPS))


def _first(record: Mapping[str, Any], names: tuple[str, ...], wraps: tuple[str, ...]) -> str:
    """The value of the first name that the record, or what is wrapped in it, has."""
    places = [record, *(inner for name in wraps if isinstance(inner := record.get(name), dict))]
    for place in places:
        by_name = {plain(name): value for name, value in reversed(list(place.items()))}
        for name in names:
            value = by_name.get(name)
            if name == "number" and str(value).isdecimal():
                continue
            if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
                return str(value)[:_LONGEST_NAME]
    return ""


def _shortened(text: str) -> str:
    return " ".join(text[: 2 * _LONGEST_NAME].split())[:_LONGEST_NAME]
