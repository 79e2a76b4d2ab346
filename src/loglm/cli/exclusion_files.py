"""Exclusions as commands take them: what has expired is said, and how much each has hidden."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from loglm.detection.exclusions import Exclusions

__all__ = ["load_exclusions", "say_hidden"]


def load_exclusions(path: Path | None, *, quiet: bool) -> Exclusions | None:
    """The exclusions of a file, with a word on stderr for each that has expired; None for None."""
    from loglm.detection.exclusions import Exclusions
    from loglm.reports.sanitize import one_line

    if path is None:
        return None
    found = Exclusions.load(path)
    for item in found.expired if not quiet else ():
        typer.echo(f"exclusion {one_line(item.exclusion_id)} expired on {item.expires} and hides nothing", err=True)
    return found


def say_hidden(hidden: Counter[str], what: str) -> None:
    """Say on stderr how many ``what``, in the plural, each exclusion has hidden."""
    from loglm.reports.sanitize import one_line

    for name, number in hidden.most_common():
        typer.echo(f"{number:,} {what} hidden by exclusion {one_line(name)}", err=True)
