"""Records of the files that incidents come in; a file that can hold none is refused, not read as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePath
from typing import Final

from loglm.events.discovery import unwanted
from loglm.events.event import LogEvent
from loglm.events.filetypes import file_type, is_web_page
from loglm.events.opening import open_inputs
from loglm.events.problems import Problems
from loglm.events.readers import best_reader
from loglm.events.reading import read_source
from loglm.events.source import Source
from loglm.triage.other_documents import written_by

__all__ = ["IncidentFiles", "leave_out", "nothing_read", "refuses"]

_EXPECTED: Final = (
    "findings (of loglm detect, beacons, anomalies or sequences with --json or --jsonl), alerts as JSON, JSON lines, "
    "CSV, OCSF or STIX, or logs; of verdicts an id and a verdict each"
)
_REFUSED: Final = "not-incidents"
"""Kind of problem by which files and records are counted that can be no incident."""
_NO_FINDING: Final = "is what `loglm {}` writes, which is no finding"
_SETTINGS: Final = frozenset((".toml", ".yaml", ".yml", ".ini", ".cfg"))


def leave_out(name: str) -> tuple[str, str] | None:
    """(kind, message) of the note on a file of a folder or archive that holds no incidents by its name."""
    suffix = PurePath(name).suffix.lower()
    return ("not-a-log", f"{suffix} files are not read") if suffix in _SETTINGS else unwanted(name)


class IncidentFiles:
    """The records of files, folders, patterns, archives and stdin (``-``), in order; read once.

    Args:
        paths: See `loglm.events.discovery.discover`.
        problems: Takes what could not be read, and the files that can hold no incident.
    """

    def __init__(self, paths: Sequence[str | Path], problems: Problems) -> None:
        self._paths, self._problems = paths, problems
        self._taken = 0

    def __iter__(self) -> Iterator[LogEvent]:
        for source in open_inputs(self._paths, self._problems, leave_out=leave_out):
            if not refuses(source, self._problems):
                self._taken += 1
                for event in read_source(source, self._problems):
                    command = written_by(event.attributes)
                    if command:
                        self._problems.reject(_REFUSED, _NO_FINDING.format(command), event.location)
                    else:
                        yield event

    @property
    def may_hold_none(self) -> bool:
        """Whether what was read could have held incidents, and nothing of it was lost: then there were none."""
        notes = self._problems.notes
        is_empty = notes["empty"] or (notes["empty-folder"] and not notes["not-a-log"])
        return bool(self._taken or is_empty) and not self._problems.has_losses


def nothing_read(paths: Sequence[str | Path], purpose: str, problems: Problems) -> str:
    """That nothing was read that could be used, what stood there instead, and what was expected; one line."""
    refused = [*problems.examples.get(_REFUSED, []), *problems.examples.get("not-a-log", [])]
    named = f"{refused[0]};" if refused else f"{', '.join(map(str, paths))}:"
    return f"{named} nothing to {purpose} was read, expected {_EXPECTED}"


def refuses(source: Source, problems: Problems) -> bool:
    """Whether a stream can hold neither incidents nor verdicts; that is said."""
    what = _what_is_wrong(source) or _of_another_kind(source)
    if what:
        problems.reject(_REFUSED, f"is {what}", source.at())
    return bool(what)


def _what_is_wrong(source: Source) -> str:
    if is_web_page(source.head):
        return "an HTML page (of a report by loglm give what --json or --jsonl writes of the same logs)"
    if not source.head.strip():
        return ""
    return "" if best_reader(source) else file_type(source.head) or "binary data"


def _of_another_kind(source: Source) -> str:
    """A text, a program's source or settings by its name; their lines would else be read as alerts."""
    kind, _ = leave_out(source.path) or ("", "")
    suffix = PurePath(source.path).suffix.lower()
    return f"a {suffix} file, no log and no findings" if kind == "not-a-log" and source.head.strip() else ""
