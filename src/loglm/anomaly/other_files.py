"""The files to score beside a baseline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from loglm.errors import InputError, SourceLocation
from loglm.events.discovery import discover
from loglm.events.problems import Problems

__all__ = ["other_files"]


def other_files(paths: Sequence[str | Path], usual: Sequence[str], problems: Problems) -> list[str]:
    """Files that are not in the baseline: what was learned from is not unusual.

    Args:
        paths: Files, folders, patterns, archives.
        usual: Files of the baseline.
        problems: Takes the notes: ``in-baseline`` on each file that is left out.

    Raises:
        InputError: A path does not exist, or all files are in the baseline.
    """
    known = {Path(path).resolve() for path in usual}
    files = [str(path) for path in discover(paths, problems)]
    others = [path for path in files if Path(path).resolve() not in known]
    if files and not others:
        raise InputError("all that is to be scored is the baseline; give other logs, or no --baseline")
    for path in sorted(set(files) - set(others)):
        problems.note("in-baseline", "is learned from and not scored", SourceLocation(path))
    return others
