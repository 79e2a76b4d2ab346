"""Figures as CSV, as the commands that measure write them; refused before hours of work where it cannot be written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

__all__ = ["check_csv", "write_csv"]


def check_csv(path: Path | None, *, force: bool) -> None:
    """Find out, before anything is measured, whether the table can be written; None for no table.

    Raises:
        InputError: The folder is not there, the path is a folder, or it is a file and ``force`` is false.
    """
    from loglm.reports.output import check_report

    if path is not None:
        check_report(path, overwrite=force)


def write_csv(path: Path | None, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table whole or not at all; None for none.

    Raises:
        InputError: It cannot be written.
    """
    import csv

    from loglm.reports.output import open_report

    if path is None:
        return
    with open_report(path) as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
