"""labels.csv: rows of some files are replaced, those of the others stay."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

FIELDS = ("file", "first_line", "last_line", "technique_id", "tactic", "what")


def merge(path: Path, rows: Iterable[Mapping[str, str | int]], of: str) -> None:
    """Write ``rows`` into ``path`` in place of all rows there whose file matches the folder names in ``of``."""
    kept: list[Mapping[str, str | int]] = []
    if path.exists():
        with path.open(newline="", encoding="utf-8") as text:
            kept = [row for row in csv.DictReader(text) if row["file"].split("/")[1] not in of.split()]
    ordered = sorted([*kept, *rows], key=lambda row: (row["file"], int(row["first_line"])))
    with path.open("w", newline="", encoding="utf-8") as text:
        writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(ordered)


if __name__ == "__main__":
    with Path(sys.argv[1]).open(newline="", encoding="utf-8") as new:
        merge(Path(sys.argv[2]), list(csv.DictReader(new)), of="ssh web linux audit")
