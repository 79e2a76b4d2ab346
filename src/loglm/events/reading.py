"""From paths to events: the best reader for each stream, guarded against files that break off."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

from loglm.errors import SourceLocation
from loglm.events.decompression import IO_ERRORS
from loglm.events.event import LogEvent
from loglm.events.filetypes import file_type, is_blank
from loglm.events.lineformats import LineParser
from loglm.events.opening import open_inputs
from loglm.events.problems import Problems
from loglm.events.readers import best_reader
from loglm.events.source import WHOLE, Source

__all__ = ["parse_line", "read_events", "read_source"]

_NOWHERE = SourceLocation("-")


def read_events(paths: Sequence[str | Path], *, problems: Problems | None = None) -> Iterator[LogEvent]:
    """Yield the events of files, folders, patterns, archives and stdin (``-``), in order.

    Args:
        paths: See `loglm.events.discovery.discover`.
        problems: Takes what could not be read; without it, that is not to be learnt.

    Raises:
        InputError: A path does not exist.
    """
    problems = Problems() if problems is None else problems
    for source in open_inputs(paths, problems):
        yield from read_source(source, problems)


def read_source(source: Source, problems: Problems) -> Iterator[LogEvent]:
    """Yield the events of one stream, by the reader that its beginning fits best.

    A stream that no reader accepts is noted as ``not-a-log``; one that cannot be read to its end as
    ``unreadable``, and the events before that point are kept; one of blank lines alone as ``empty``.
    """
    reader = best_reader(source)
    if reader is None:
        problems.note("not-a-log", f"is not read: {file_type(source.head) or 'binary data'}", source.at())
        return
    record = None
    try:
        for event in reader.read(source, problems):
            record = event.location.record
            yield event
    except IO_ERRORS as error:
        problems.note("unreadable", f"reading stopped after this record: {error}", source.at(record))
    else:
        if record is None and source.part == WHOLE and is_blank(source.head):
            problems.note("empty", "holds blank lines only", source.at())


def parse_line(line: str, location: SourceLocation = _NOWHERE) -> LogEvent:
    """The event of one line of any text log: syslog, access log, JSON, CEF, key=value, ...; else plain text.

    A date without a year is put in the latest year that does not take it two days into the future. A surrogate
    without its other half becomes U+FFFD, as undecodable bytes in files do.
    """
    if not line.isascii():
        line = line.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _parser().parse(line, location)


@lru_cache(maxsize=1)
def _parser() -> LineParser:
    return LineParser()
