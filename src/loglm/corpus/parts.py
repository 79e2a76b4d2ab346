"""Parts of a step: each leaves a folder with its files, its facts and their checksums, and is not computed twice.

The folder appears whole, by one rename, so a run that was killed leaves finished parts and nothing in between; a
later run takes those whose key and checksums fit and computes the rest.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loglm.artifacts.files import file_sha256
from loglm.corpus.executors import Executor

__all__ = ["FinishedPart", "Part", "key_of", "run_parts"]

_MARKER = "done.json"
Compute = Callable[[Any, Path], dict[str, Any]]
"""Takes a job and an empty folder for its files; returns facts, which have to be JSON values."""
Progress = Callable[[str, int, int], None]
"""Is told the step, how many of its parts are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a step, before it is computed."""

    name: str
    """The step and a number, unique in a run: ``read-00012``."""
    key: str
    """Fixes the result: a hash over the inputs and options. A part of another key is computed again."""
    job: Any
    """What the step's function takes; can be pickled."""


@dataclass(frozen=True, slots=True)
class FinishedPart:
    """A part on disk."""

    folder: Path
    files: tuple[str, ...]
    facts: dict[str, Any]
    checksum: str
    """Over the facts and all files; goes into the keys of parts that read this one."""

    @property
    def paths(self) -> list[Path]:
        """The files, in order of name."""
        return [self.folder / name for name in self.files]


def key_of(*values: Any) -> str:
    """A hash of JSON values and dataclasses of them, the same on every machine."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def run_parts(
    step: str, compute: Compute, parts: Sequence[Part], *, work: Path, executor: Executor, progress: Progress
) -> list[FinishedPart]:
    """Compute the parts that are not there yet.

    Args:
        step: Name to show.
        compute: A function of a module, so that other processes can import it.
        parts: In the order in which the results are wanted.
        work: Folder of the run; the same disk for all workers.
        executor: Where.
        progress: Called once at the start and after each part.

    Returns:
        All parts, in order.
    """
    finished = {part.name: found for part in parts if (found := _finished(work / part.name, part.key)) is not None}
    progress(step, len(finished), len(parts))
    missing = [_Task(compute, part, work) for part in parts if part.name not in finished]
    if missing:
        for done in executor.run(_compute, missing):
            finished[done.folder.name] = done
            progress(step, len(finished), len(parts))
    return [finished[part.name] for part in parts]


@dataclass(frozen=True, slots=True)
class _Task:
    compute: Compute
    part: Part
    work: Path


def _compute(task: _Task) -> FinishedPart:
    name, folder = task.part.name, task.work / task.part.name
    partial = task.work / f".{name}.{os.getpid()}"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        facts = task.compute(task.part.job, partial)
        files = {path.name: file_sha256(path) for path in sorted(partial.iterdir())}
        marker = {"key": task.part.key, "files": files, "facts": facts}
        (partial / _MARKER).write_text(json.dumps(marker), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _part(folder, marker)


def _finished(folder: Path, key: str) -> FinishedPart | None:
    """The part of an earlier run; None where it is absent, of another key or damaged."""
    try:
        marker = json.loads((folder / _MARKER).read_text(encoding="utf-8"))
        if marker["key"] != key:
            return None
        if any(file_sha256(folder / name) != expected for name, expected in marker["files"].items()):
            return None
    except (OSError, ValueError, KeyError):
        return None
    return _part(folder, marker)


def _part(folder: Path, marker: dict[str, Any]) -> FinishedPart:
    facts = json.loads(json.dumps(marker["facts"]))  # as a resumed run reads them: keys of dictionaries are strings
    return FinishedPart(folder, tuple(marker["files"]), facts, key_of(facts, marker["files"]))
