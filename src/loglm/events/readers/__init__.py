"""Readers: one for each way of laying records out. The best one for a stream is found by its content."""

from __future__ import annotations

from functools import lru_cache

from loglm.events.protocols import Reader
from loglm.events.source import Source

__all__ = ["best_reader", "readers"]


@lru_cache(maxsize=1)
def readers() -> tuple[Reader, ...]:
    """All readers; of two that are equally sure the first one is taken."""
    from loglm.events.readers.auditd import AuditdReader
    from loglm.events.readers.delimited import DelimitedReader
    from loglm.events.readers.evtx import EvtxReader
    from loglm.events.readers.json_records import JsonReader
    from loglm.events.readers.splunk_text import SplunkTextReader
    from loglm.events.readers.text_lines import TextLinesReader
    from loglm.events.readers.w3c import W3cReader
    from loglm.events.readers.windows_xml import WindowsXmlReader
    from loglm.events.readers.zeek_tsv import ZeekTsvReader

    return (
        EvtxReader(),
        WindowsXmlReader(),
        SplunkTextReader(),
        JsonReader(),
        ZeekTsvReader(),
        W3cReader(),
        AuditdReader(),
        DelimitedReader(),
        TextLinesReader(),
    )


def best_reader(source: Source) -> Reader | None:
    """The reader that is surest about a stream; None where none accepts it."""
    best, best_score = None, 0.0
    for reader in readers():
        score = reader.sniff(source)
        if score > best_score:
            best, best_score = reader, score
    return best
