"""Formats of single-line text records, and `LineParser`, which finds the format of each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.access_log import AccessLog
from loglm.events.lineformats.aws_text import AwsText
from loglm.events.lineformats.cef import Cef
from loglm.events.lineformats.error_log import ErrorLog
from loglm.events.lineformats.key_value import KeyValue
from loglm.events.lineformats.leef import Leef
from loglm.events.lineformats.nested import AuditLine, JsonLine
from loglm.events.lineformats.panos import Panos
from loglm.events.lineformats.plain import Plain
from loglm.events.lineformats.syslog_rfc3164 import SyslogRfc3164
from loglm.events.lineformats.syslog_rfc5424 import SyslogRfc5424
from loglm.events.protocols import LineFormat
from loglm.events.timestamps import days_without_year

__all__ = ["LineParser"]


class LineParser:
    """Turns every line into an event: by the formats in order, and as plain text where none of them takes it."""

    def __init__(self, midnight: Callable[[int, int], float | None] | None = None) -> None:
        """
        Args:
            midnight: Gives dates without a year theirs, in the order of the lines that are parsed (see
                `loglm.events.years.LogYears`); None: each by itself, as `loglm.events.timestamps` says.
        """
        self._midnight = midnight
        self._formats: list[LineFormat] = [
            SyslogRfc3164(),
            SyslogRfc5424(),
            AccessLog(),
            ErrorLog(),
            AwsText(),
            JsonLine(),
            AuditLine(),
            Panos(),
            Cef(),
            Leef(),
            KeyValue(),
        ]
        self._plain = Plain()

    def prefer(self, lines: Iterable[str]) -> None:
        """Try the formats from now on in the order of how many of these lines are in each."""
        counts = self.count_formats(lines)
        self._formats.sort(key=lambda form: -counts[form.name])

    def count_formats(self, lines: Iterable[str]) -> Counter[str]:
        """How many of the lines are in each format, by its name; ``plain`` for those in none."""
        location = SourceLocation("")
        return Counter(self._name_of(line, location) for line in lines)

    def parse(self, line: str, location: SourceLocation) -> LogEvent:
        """The event of a line without its line end."""
        if self._midnight is None:
            return self._parse(line, location)
        token = days_without_year.set(self._midnight)
        try:
            return self._parse(line, location)
        finally:
            days_without_year.reset(token)

    def _parse(self, line: str, location: SourceLocation) -> LogEvent:
        for form in self._formats:
            event = form.parse(line, location)
            if event is not None:
                return event
        return self._plain.parse(line, location)

    def _name_of(self, line: str, location: SourceLocation) -> str:
        for form in self._formats:
            if form.parse(line, location) is not None:
                return form.name
        return self._plain.name
