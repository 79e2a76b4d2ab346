"""The data sets: sequences of log text with labels, thinned so that every detector ends in bounded time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.anomaly.labelled_sequences import LabelledSequences, sample_evenly
from loglm.evaluation.anomaly.sets.registry import SETS

__all__ = ["FROZEN_SETS", "MOST_EVENTS", "frozen_files", "read_frozen_sets", "thin"]

MOST_EVENTS = 32
"""Of a sequence."""
_ANY_LENGTH = 1 << 31


FROZEN_SETS: dict[str, tuple[str, ...]] = {
    "hdfs": ("hdfs_lines.log*", "hdfs_line_block.txt*", "block_labels.csv*"),
    "hadoop": ("application_*.log*", "labels.csv*"),
    "bgl-windows": ("BGL_5000.log*", "BGL_2k.log*"),
    "thunderbird": ("Thunderbird_19k.log*",),
    "openstack-failures": ("openstack_parisakalaki/*", "OpenStack_templates.csv*"),
    "nezha": ("[0-9][0-9]_[0-9][0-9]_log.csv*", "*fault_list.json*"),
    "trainticket": ("*normal*.log*", "F05__*raw_log*.log*", "F06__*raw_log*.log*"),
}
"""Those of `loglm.evaluation.anomaly.sets.registry` whose events are text: not system calls, which are numbers, and not
single lines or logins, which are no sequences of text, and not `openstack`, whose anomalous sequences hold the same
events as normal ones. Each with the patterns of its files (`pathlib.Path.rglob`)."""


def frozen_files(data: Path) -> list[Path]:
    """The files of all sets below a folder.

    Raises:
        EmptyInputError: There is none.
    """
    patterns = [pattern for own in FROZEN_SETS.values() for pattern in own]
    found = sorted({path for pattern in patterns for path in data.rglob(pattern) if path.is_file()})
    if not found:
        raise EmptyInputError(
            f"{data}: no labelled sequences; expected files of one of {', '.join(FROZEN_SETS)} (docs/suite.md)"
        )
    return found


def read_frozen_sets(data: Path, *, most: int, note: Callable[[str], None]) -> Iterator[LabelledSequences]:
    """The sets below a folder, one after the other, each of about so many sequences at most; those absent are noted."""
    for source in SETS:
        if source.name not in FROZEN_SETS:
            continue
        try:
            labelled = source.read(data)
        except InputError as error:
            note(f"{source.name}: not measured: {error}")
            continue
        yield thin(sample_evenly(labelled, most, events=_ANY_LENGTH), MOST_EVENTS)


def thin(data: LabelledSequences, most: int) -> LabelledSequences:
    """At most so many events of each sequence, evenly over it, its first and last among them."""
    sequences = data.sequences
    kept = [
        np.arange(len(row)) if len(row) <= most else np.linspace(0, len(row) - 1, most).round().astype(np.int64)
        for row in sequences.rows
    ]
    rows = [row[places] for row, places in zip(sequences.rows, kept, strict=True)]
    times = sequences.times
    if times is not None:
        times = [own[places] for own, places in zip(times, kept, strict=True)]
    return replace(data, sequences=replace(sequences, rows=rows, times=times))
