"""Records of a simulated log with their times and marks, put in order and labelled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple


class Mark(NamedTuple):
    """What an attack record is."""

    technique_id: str
    tactic: str
    what: str


@dataclass
class Story:
    """Collects records in any order; a seed fixes everything that is drawn."""

    seed: int
    start: datetime
    records: list[tuple[float, dict[str, Any], Mark | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    def at(self, minutes: float) -> float:
        """POSIX seconds, UTC, of a minute of the story."""
        return self.start.timestamp() + minutes * 60

    def add(self, time: float, record: dict[str, Any], mark: Mark | None = None) -> None:
        self.records.append((time, record, mark))

    def in_order(self) -> list[tuple[float, dict[str, Any], Mark | None]]:
        """Oldest first; records of the same time stay as they were added."""
        return sorted(self.records, key=lambda record: record[0])

    def labels(self, file: str, *, first: int = 1) -> Iterator[dict[str, str | int]]:
        """Rows of labels.csv for the unbroken stretches of one mark; ``first`` is the first record's number."""
        numbered = enumerate((mark for _, _, mark in self.in_order()), first)
        for mark, stretch in groupby(numbered, key=lambda item: item[1]):
            numbers = [number for number, _ in stretch]
            if mark:
                yield {"file": file, "first_line": numbers[0], "last_line": numbers[-1], **mark._asdict()}

    def hex(self, digits: int) -> str:
        """That many random hexadecimal digits, lower case."""
        return f"{self.rng.getrandbits(4 * digits):0{digits}x}"

    def uuid(self) -> str:
        return "-".join(self.hex(size) for size in (8, 4, 4, 4, 12))


def stamp(time: float, form: str) -> str:
    """A time in UTC as text."""
    return datetime.fromtimestamp(time, UTC).strftime(form)
