"""Counting what could not be read, so that nothing is lost in silence."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from loglm.errors import RecordError, SourceLocation

__all__ = ["Problems", "quoted"]

_EXAMPLES_PER_KIND = 5
_QUOTED_CHARS = 80
_BROKEN = frozenset(
    ("unreadable", "truncated", "damaged", "encrypted", "unsupported-archive", "decompression-bomb", "nested-too-deep")
)
"""Kinds of notes that tell of records that are lost; the others are about files without any."""


@dataclass(slots=True)
class Problems:
    """Rejected records and notes on files, counted by kind, with the first examples of each.

    A *rejected record* is one that could not become an event; a *note* is about a file as a whole (empty,
    not a log, archive cut short) and rejects no record by itself.
    """

    stop_on_error: bool = False
    """Raise the first rejected record or broken file instead of counting it (``--on-error stop``)."""
    rejected: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def reject(self, kind: str, message: str, location: SourceLocation, *, records: int = 1) -> None:
        """Count records that could not be read.

        Args:
            kind: Stable word to count by: ``malformed-json``, ``too-long``, ``corrupt-record``, ...
            message: What was got and what was expected; log text in it as `quoted` gives it.
            location: Where.
            records: How many records this stands for.

        Raises:
            RecordError: ``stop_on_error`` is set.
        """
        self.rejected[kind] += records
        self._keep(kind, message, location)

    def note(self, kind: str, message: str, location: SourceLocation) -> None:
        """Say something about a whole file that a person should know.

        Raises:
            RecordError: ``stop_on_error`` is set and the file is broken, so that records of it are lost.
        """
        self.notes[kind] += 1
        self._keep(kind, message, location, stops=kind in _BROKEN)

    @property
    def total_rejected(self) -> int:
        return self.rejected.total()

    @property
    def has_losses(self) -> bool:
        """Whether a record could not be read, or a file was broken, so that records of it are lost."""
        return bool(self.rejected) or not _BROKEN.isdisjoint(self.notes)

    def merge(self, other: Problems) -> None:
        """Add another collector's counts and examples, as after reading files in parallel."""
        self.rejected.update(other.rejected)
        self.notes.update(other.notes)
        for kind, lines in other.examples.items():
            kept = self.examples.setdefault(kind, [])
            kept.extend(lines[: _EXAMPLES_PER_KIND - len(kept)])

    def _keep(self, kind: str, message: str, location: SourceLocation, *, stops: bool = True) -> None:
        if self.stop_on_error and stops:
            raise RecordError(kind, message, location)
        kept = self.examples.setdefault(kind, [])
        if len(kept) < _EXAMPLES_PER_KIND:
            kept.append(f"{location}: {message}")


def quoted(text: str, start: int = 0) -> str:
    """Log text for a message: one line of at most 80 characters from ``start`` on, unprintable ones as escapes."""
    piece = text[start : start + _QUOTED_CHARS + 1].rstrip()
    cut = "…" if len(piece) > _QUOTED_CHARS else ""
    line = " ".join(piece[:_QUOTED_CHARS].split())
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in line) + cut
