"""The labelled attack recordings as windows: what heads are trained and measured on.

Reads a folder laid out like the project's evaluation data: ``labels.csv`` (file, technique_id, tactic, kind, source,
notes) beside the recordings it names.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from loglm.attack.catalog import current_id
from loglm.context.windows import Window, WindowAssembler
from loglm.errors import InputError
from loglm.events.event import LogEvent
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render
from loglm.findings import RuleHit

__all__ = ["Recording", "load_recordings", "ordinary_recordings", "read_labels", "recording_windows"]

Matcher = Callable[[LogEvent], tuple[RuleHit, ...]]


@dataclass(slots=True)
class Recording:
    """One labelled file."""

    file: str
    """Relative to the data folder."""
    dataset: str
    """Its first folder: evtx-attack-samples, security-datasets, ..."""
    environment: str
    """What is left out together: the dataset, or for whole machines the machine's folder."""
    kind: str
    """attack, benign, mixed, or ordinary: without a label, and taken for harmless in the main."""
    techniques: set[str] = field(default_factory=set)
    tactics: set[str] = field(default_factory=set)

    @property
    def base_techniques(self) -> frozenset[str]:
        """Techniques without their sub-technique number."""
        return frozenset(technique.partition(".")[0] for technique in self.techniques)


def read_labels(data: Path) -> list[Recording]:
    """The recordings of ``data/labels.csv``, sorted by file.

    Raises:
        InputError: There is no such file, or it lacks a column.
    """
    table = data / "labels.csv"
    if not table.is_file():
        raise InputError(f"{table}: not there; expected a folder with labels.csv and the recordings that it names")
    recordings: dict[str, Recording] = {}
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            try:
                recording = recordings.setdefault(row["file"], _recording(row["file"], row["kind"]))
                if row["technique_id"]:
                    recording.techniques.add(current_id(row["technique_id"]) or row["technique_id"])
                recording.tactics.update(t.strip() for t in row["tactic"].split(";") if t.strip())
            except KeyError as missing:
                raise InputError(f"{table}: no column {missing}; expected file, technique_id, tactic, kind") from None
    return [recordings[name] for name in sorted(recordings)]


def ordinary_recordings(data: Path, folders: Sequence[str]) -> list[Recording]:
    """Every file below some folders as a recording without a label, sorted; the folder is the dataset."""
    return [
        Recording(file.relative_to(data).as_posix(), folder, folder, "ordinary")
        for folder in folders
        for file in sorted((data / folder).rglob("*"))
        if file.is_file()
    ]


def load_recordings(data: Path) -> list[Recording]:
    """Labelled recordings that exist on disk."""
    return [recording for recording in read_labels(data) if (data / recording.file).is_file()]


def recording_windows(data: Path, recording: Recording, *, match: Matcher | None = None) -> Iterator[Window]:
    """The windows of a recording, in order, as ``loglm detect`` would form them."""
    assembler = WindowAssembler()
    for event in read_events([str(data / recording.file)], problems=Problems()):
        yield from assembler.add(event, render(event), match(event) if match else ())
    yield from assembler.flush()


def _recording(file: str, kind: str) -> Recording:
    parts = file.split("/")
    by_machine = parts[0] in ("benign-windows", "dfir-museum") and len(parts) > 2
    return Recording(file, parts[0], "/".join(parts[:2]) if by_machine else parts[0], kind)
