"""BSD syslog as RFC 3164 describes it and as rsyslog, syslog-ng and journald write it to files."""

from __future__ import annotations

import re

from loglm.errors import SourceLocation
from loglm.events.event import LogEvent
from loglm.events.lineformats.leading_time import full_time
from loglm.events.lineformats.syslog_event import Header, priority_fields, syslog_event
from loglm.events.timestamps import parse_iso, parse_syslog_date

__all__ = ["SyslogRfc3164"]

_TIME = re.compile(
    r"""(?x) (?:<(?P<priority>\d{1,3})>)? \s?
        (?: (?P<date>[A-Z][a-z]{2}\ {1,2}\d{1,2}(?:\ \d{4})?\ \d\d:\d\d:\d\d(?:\.\d{1,9})?(?:\ \d{4})?)
          | (?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?) )
        (?:\ [A-Z]{3,4}(?=:))? (?=[\s:])"""
)
_TAG = re.compile(
    r"""(?x) :?\s{1,2} (?:<(?P<level>\w{1,10}\.\w{1,10})>\ )? (?:(?P<host>[^\s\[]{0,254}[^\s\[:])\ {1,2}(?::\ )?)?
        (?P<program>[^\s\[\]:=,"{]{1,128}(?:\ [A-Z][\w.()]{0,32}){0,3})
        (?:\[(?P<pid>[^\]\s]{0,64})\])? (?:\ \([^()]{1,128}\))?
        : (?=\s|$|[\[%{<(]) \ ?"""
)
_UNTIMED = re.compile(
    r"(?:<(?P<priority>\d{1,3})>)?(?:(?P<host>[\w.-]{1,255}) )?(?P<program>[\w./()-]{1,64})\[(?P<pid>\d{1,10})\]: ?"
)
_HOST = re.compile(r":?\s{1,2}([\w.:%-]{1,255}) {1,2}")
_LEVELS = frozenset(
    "TRACE DEBUG INFO NOTICE WARN WARNING ERROR ERR CRITICAL CRIT FATAL SEVERE FINE ALERT EMERG I W E D F V".split()
)


class SyslogRfc3164:
    """Lines such as ``<34>Oct 11 22:14:15 host su[230]: message``; priority, host and program may
    be missing, and the time before a program with a process id.

    A time in ISO 8601 counts only before a host and a program with a colon, since applications begin lines with
    such times, too. A full date and time at the start of the message stands in for a header's without a year.
    """

    name = "syslog_rfc3164"

    def parse(self, line: str, location: SourceLocation) -> LogEvent | None:
        found = _TIME.match(line)
        if found is None:
            return self._without_time(line, location)
        priority, date, iso = found.groups()
        timestamp = parse_syslog_date(date) if date else parse_iso(iso)
        tag = _TAG.match(line, found.end())
        if tag is None:
            return None if iso else self._without_program(line, location, found.end(), timestamp, priority)
        level, host, program, pid = tag.groups()
        if iso and (host is None or host.upper().strip("[]") in _LEVELS):
            return None
        fields = priority_fields(priority)
        if level:
            fields["level"] = level
        message = line[tag.end() :]
        if date and message[:1].isdecimal():
            timestamp = full_time(message) or timestamp
        return syslog_event(line, location, Header(timestamp, host, program, pid or "", fields), message)

    def _without_time(self, line: str, location: SourceLocation) -> LogEvent | None:
        """``host sshd[4867]: message``; only with the process id, by which such lines are told from others."""
        found = _UNTIMED.match(line)
        if found is None:
            return None
        priority, host, program, pid = found.groups()
        header = Header(None, host, program, pid, priority_fields(priority))
        return syslog_event(line, location, header, line[found.end() :])

    def _without_program(
        self, line: str, location: SourceLocation, at: int, timestamp: float | None, priority: str | None
    ) -> LogEvent:
        """``Oct 11 22:14:15 host last message repeated 2 times``."""
        found = _HOST.match(line, at)
        message = line[found.end() if found else at :].strip()
        header = Header(full_time(message) or timestamp, found[1] if found else None, fields=priority_fields(priority))
        return syslog_event(line, location, header, message)
