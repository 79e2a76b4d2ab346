"""What was left out of a corpus: counted by source and reason, with the first few examples of each.

Examples are whole texts until they are shown, since a name is known, and hidden, by the words around it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from loglm.corpus.near_duplicates import shingles
from loglm.events.problems import quoted
from loglm.events.rendering import View

__all__ = ["NEAR", "REPEATED", "Drops", "duplicate"]

REPEATED = "repeated text"
NEAR = "near duplicate"

_EXAMPLES = 3


def duplicate(what: str, view: View, *, of: str | None = None) -> str:
    """Reason for a duplicate, by the view in which it is one, and whose it is where that is another source.

    >>> duplicate(REPEATED, "masked", of="another source")
    'repeated text of another source (masked view)'
    """
    return f"{what} ({view} view)" if of is None else f"{what} of {of} ({view} view)"


@dataclass(slots=True)
class Drops:
    """Counts by (source, reason). In reading and exact deduplication events are counted, after that texts."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[tuple[str, str], list[tuple[str, ...]]] = field(default_factory=dict)
    """Each a dropped text and, where that is another, the one that stands for it."""

    def add(self, source: str, reason: str, text: str, *, kept: str | None = None) -> None:
        """Count one that is dropped, in favour of a kept one where there is such."""
        self.counts[source, reason] += 1
        examples = self.examples.setdefault((source, reason), [])
        if len(examples) < _EXAMPLES:
            examples.append((text,) if kept in (None, text) else (text, kept))

    def merge(self, other: Drops) -> None:
        """Add another part's counts and examples; in the same order, the same result."""
        self.counts.update(other.counts)
        for key, texts in other.examples.items():
            kept = self.examples.setdefault(key, [])
            kept.extend(texts[: _EXAMPLES - len(kept)])

    def by_reason(self) -> dict[str, int]:
        """Number per reason over all sources, the largest first."""
        totals: Counter[str] = Counter()
        for (_, reason), number in self.counts.items():
            totals[reason] += number
        return dict(sorted(totals.items(), key=lambda item: (-item[1], item[0])))

    def to_json(self) -> list[dict[str, Any]]:
        """One entry for each source and reason."""
        return [
            {"source": source, "reason": reason, "count": number, "examples": self.examples.get((source, reason), [])}
            for (source, reason), number in sorted(self.counts.items())
        ]

    @classmethod
    def from_json(cls, entries: list[dict[str, Any]]) -> Drops:
        """The drops of `to_json`."""
        drops = cls()
        for entry in entries:
            key = entry["source"], entry["reason"]
            drops.counts[key] = entry["count"]
            drops.examples[key] = [tuple(texts) for texts in entry["examples"]]
        return drops

    def for_report(self, shown: Callable[[str], str]) -> list[dict[str, Any]]:
        """As `to_json`, each example as one line without control characters, after ``shown`` on its texts."""
        return [
            entry | {"examples": [quoted(_difference(*map(shown, texts))) for texts in entry["examples"]]}
            for entry in self.to_json()
        ]


def _difference(dropped: str, kept: str | None = None) -> str:
    """A dropped text; where another stands for it, its first line and the words in which they differ."""
    if kept in (None, dropped):
        return dropped
    one, other = shingles(dropped), shingles(kept)
    words = (" ".join(sorted(only)) or "nothing" for only in (one - other, other - one))
    return f"{dropped.partition(chr(10))[0]}: {' for '.join(words)}"
