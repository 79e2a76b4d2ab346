"""AuditdReader: the Linux audit log, whose events are several lines each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from loglm.events.event import LogEvent
from loglm.events.filetypes import is_text
from loglm.events.lineformats import LineParser
from loglm.events.lineformats.audit_record import AuditRecord, event_of_records, parse_record
from loglm.events.lines import head_lines, iter_lines
from loglm.events.parts import LineLayout
from loglm.events.problems import Problems
from loglm.events.source import Source
from loglm.events.years import LogYears

__all__ = ["AuditdReader"]

_SAMPLE = 60
_HEAD_CHARS = 512
_MOST_OPEN = 64
"""Events whose records may be interleaved."""
_MOST_RECORDS = 256
"""Records of one event; more make another event."""
_SINGLE_PREFIXES = (
    "USER_",
    "CRED_",
    "SERVICE_",
    "SYSTEM_",
    "CRYPTO_",
    "DAEMON_",
    "ADD_",
    "DEL_",
    "GRP_",
    "ACCT_",
    "ROLE_",
    "VIRT_",
)
_SEPARATORS = ("----", "time->")


@dataclass(slots=True)
class _Open:
    """An event whose records are still being collected."""

    line: int
    raw: list[str] = field(default_factory=list)
    records: list[AuditRecord] = field(default_factory=list)
    complete: bool = False


class AuditdReader:
    """Reads audit.log, the output of ``ausearch`` and audit records inside syslog lines.

    One event is all the records of one serial number, joined wherever they stand among the last 64 open events; its
    ``raw`` is their lines, its location the first of them. An ``EOE`` record, or a record that programs send by
    themselves (``USER_LOGIN``, ``SERVICE_START``, ...), completes it. ``ausearch``'s separator lines are no events; a
    line without an audit record is read as `loglm.events.lineformats.LineParser` does.
    """

    name = "auditd"

    def sniff(self, source: Source) -> float:
        """.95 where at least half of the lines are audit records."""
        if b"audit(" not in source.head or not is_text(source.head):
            return 0.0
        lines = [line for line in head_lines(source.head, _SAMPLE) if not line.startswith(_SEPARATORS)]
        records = sum(1 for line in lines if "msg=audit(" in line[:_HEAD_CHARS])
        return 0.95 if lines and records >= 0.5 * len(lines) else 0.0

    def read(self, source: Source, problems: Problems) -> Iterator[LogEvent]:
        collector = _Collector(source)
        parser = LineParser(LogYears(source).midnight)
        try:
            for number, line in iter_lines(source, problems):
                record = parse_record(line) if "audit(" in line[:_HEAD_CHARS] else None
                if record is not None:
                    yield from collector.add(record, line, number)
                elif not line.startswith(_SEPARATORS):
                    yield parser.parse(line, source.at(number))
        except OSError:
            yield from collector.rest()
            raise
        yield from collector.rest()

    def layout(self, _: Source) -> LineLayout:
        return LineLayout()


class _Collector:
    """Puts records together by node, time and serial number."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: dict[tuple[str | None, str, str], _Open] = {}

    def add(self, record: AuditRecord, line: str, number: int) -> Iterator[LogEvent]:
        """Take a record; yield the oldest events, as long as they are complete or too many are open."""
        key = (record.node, record.time, record.serial)
        event = self._open.get(key)
        if event is None:
            event = self._open[key] = _Open(number)
        event.raw.append(line)
        event.records.append(record)
        event.complete = (
            record.type == "EOE" or record.type.startswith(_SINGLE_PREFIXES) or len(event.records) >= _MOST_RECORDS
        )
        while self._open:
            oldest = next(iter(self._open))
            if not self._open[oldest].complete and len(self._open) <= _MOST_OPEN:
                return
            yield self._event(self._open.pop(oldest))

    def rest(self) -> Iterator[LogEvent]:
        """The events that are still open, at the end."""
        for event in self._open.values():
            yield self._event(event)

    def _event(self, event: _Open) -> LogEvent:
        return event_of_records(event.records, "\n".join(event.raw), self._source.at(event.line))
