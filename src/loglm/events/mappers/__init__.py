"""Records of known sources as events: the mappers in order, and `map_record`, which picks one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.mappers import aws, containers, edr, entra, saas
from loglm.events.mappers.cloudtrail import CLOUDTRAIL_TABLE, CloudTrailMapper
from loglm.events.mappers.cowrie import COWRIE
from loglm.events.mappers.ecs import EcsMapper
from loglm.events.mappers.envelopes import Envelope, Wrapped, envelope_of
from loglm.events.mappers.flow import FlowMapper
from loglm.events.mappers.gcp_audit import GcpMapper
from loglm.events.mappers.generic import GenericMapper
from loglm.events.mappers.journald import JournaldMapper
from loglm.events.mappers.kubernetes_audit import KubernetesAuditMapper
from loglm.events.mappers.laurel import LaurelMapper
from loglm.events.mappers.m365 import DEFENDER, M365AuditMapper
from loglm.events.mappers.ocsf import OcsfMapper
from loglm.events.mappers.okta import OKTA
from loglm.events.mappers.osquery import OsqueryMapper
from loglm.events.mappers.suricata import SuricataMapper
from loglm.events.mappers.windows import WindowsMapper
from loglm.events.mappers.zeek import ZeekMapper
from loglm.events.protocols import RecordMapper
from loglm.events.timestamps import parse_timestamp

if TYPE_CHECKING:
    from loglm.events.lineformats import LineParser

__all__ = ["MAPPERS", "is_plain", "line_event", "map_record"]

_GENERIC: Final = GenericMapper()
_WINDOWS: Final = WindowsMapper()
_WINDOWS_TEXTS: Final = frozenset(("_raw", "properties", "event", "event.original"))
"""Keys under which a whole Windows event may stand as text; whether one does, only the value tells."""

MAPPERS: Final[tuple[RecordMapper, ...]] = (
    _WINDOWS,
    CloudTrailMapper(),
    ZeekMapper(),
    SuricataMapper(),
    KubernetesAuditMapper(),
    OcsfMapper(),
    OKTA,
    COWRIE,
    JournaldMapper(),
    LaurelMapper(),
    GcpMapper(),
    *entra.MAPPERS,
    M365AuditMapper(),
    DEFENDER,
    CLOUDTRAIL_TABLE,
    *aws.MAPPERS,
    *edr.MAPPERS,
    OsqueryMapper(),
    *containers.MAPPERS,
    *saas.MAPPERS,
    EcsMapper(),
    FlowMapper(),
    _GENERIC,
)
"""In order: the first whose ``matches`` holds takes a record; the last one takes every record."""

_DEEPEST_ENVELOPE = 4
_MEMO_SIZE = 10_000

_Choice = tuple[Envelope | None, RecordMapper]

_memo: dict[int, tuple[_Choice, bool]] = {}
"""By the hash of a record's keys: what it is wrapped in and whose; whether its values may make it a Windows event."""


def map_record(
    record: dict[str, Any], raw: str, location: SourceLocation, *, columns: dict[str, Any] | None = None
) -> LogEvent:
    """The event of a record, by the mapper of its source.

    What shippers put around a record is taken off; their time and host stand in where the record has none. The choice
    of a mapper is remembered by the record's keys.

    Args:
        record: An object of a JSON log, a row of a table by its column names; it becomes the event's ``attributes``.
        raw: The record as it stands in the source.
        location: Where.
        columns: For a row of a table that leaves out empty cells: a record with all of its columns, to choose by.
    """
    wrappings: list[Wrapped] | None = None
    for _ in range(_DEEPEST_ENVELOPE):
        envelope, mapper = _choice(record if columns is None or wrappings else columns)
        wrapped = None if envelope is None else envelope.open(record)
        if wrapped is None:
            break
        content = wrapped.content
        wrappings = [wrapped] if wrappings is None else [*wrappings, wrapped]
        if isinstance(content, str):
            event = line_event(content, raw, location)
            if not is_plain(event):
                return _completed(event, wrappings)
            wrappings.append(Wrapped({}, timestamp=event.timestamp))
            break
        record = content
    else:
        mapper = _choice(record)[1]
    if wrappings is None:
        return mapper.to_event(record, raw, location)
    return _unwrapped(mapper, record, raw, location, wrappings)


def _choice(record: dict[str, Any]) -> _Choice:
    shape = hash(tuple(record))
    known = _memo.get(shape)
    if known is None:
        if len(_memo) >= _MEMO_SIZE:
            _memo.clear()
        may_hold_windows = not _WINDOWS_TEXTS.isdisjoint(record)
        if not may_hold_windows and _WINDOWS.matches(record):
            choice: _Choice = (None, _WINDOWS)
        else:
            choice = (envelope_of(record), next(mapper for mapper in MAPPERS[1:] if mapper.matches(record)))
        known = _memo[shape] = (choice, may_hold_windows)
    choice, may_hold_windows = known
    return (None, _WINDOWS) if may_hold_windows and _WINDOWS.matches(record) else choice


def _unwrapped(
    mapper: RecordMapper, record: dict[str, Any], raw: str, location: SourceLocation, wrappings: list[Wrapped]
) -> LogEvent:
    """The event of what envelopes held, outermost first, with what it lacks from them."""
    hint = next((wrapped.hint for wrapped in reversed(wrappings) if wrapped.hint), None)
    if isinstance(mapper, GenericMapper):
        event = mapper.to_event(record, raw, location, hint=hint)
    else:
        event = mapper.to_event(record, raw, location)
    return _completed(event, wrappings)


def _completed(event: LogEvent, wrappings: list[Wrapped]) -> LogEvent:
    """The event, with the time and the host that its envelopes say where it has none; the innermost counts first."""
    for wrapped in reversed(wrappings):
        if event.timestamp is None:
            event.timestamp = parse_timestamp(wrapped.timestamp)
        if event.host is None and wrapped.host.__class__ is str:
            event.host = wrapped.host
    return event


def line_event(line: str, raw: str, location: SourceLocation) -> LogEvent:
    """The event of a line of text inside a record; its log source is ``unknown/text`` where no format takes it."""
    event = _line_parser().parse(line.rstrip("\r\n"), location)
    event.raw = raw
    return event


def is_plain(event: LogEvent) -> bool:
    """Whether an event is of a line of text in no known format."""
    return event.log_source.product == "unknown" and event.log_source.service == "text"


@lru_cache(maxsize=1)
def _line_parser() -> LineParser:
    from loglm.events.lineformats import LineParser  # late: line formats map the records inside lines

    return LineParser()
