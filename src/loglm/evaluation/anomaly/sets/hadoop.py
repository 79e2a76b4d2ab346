"""Hadoop (Lin et al. 2016): containers of applications that ran normally, or while a machine, network or disk failed.

The label is the application's, so its containers stay in one part. A line that does not begin with a time (a stack
trace) belongs to the event before it and is left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from loglm.evaluation.anomaly.labelled_sequences import (
    LabelledSequences,
    RawSequence,
    build_set,
    parts_by_class,
)
from loglm.evaluation.anomaly.sets.files import need_file, need_files
from loglm.evaluation.plain_files import read_text
from loglm.events.timestamps import parse_iso

__all__ = ["read_hadoop"]

_CONTAINER = "==> "
_EVENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) [A-Z]+ \[.{0,200}?\] (.*)")
"""Time, level, thread in brackets, component and message."""


def read_hadoop(data: Path) -> LabelledSequences:
    """Containers; applications in the order of time, normal and failed ones split apart."""
    files = [(path.name.partition(".")[0], path) for path in need_files(data, "application_*.log*")]
    # Other data have files of that name too, elsewhere below the folder.
    labels = csv.DictReader(io.StringIO(read_text(need_file(files[0][1].parent, "labels.csv"))))
    failed = {row["application"]: row["label"] != "Normal" for row in labels if "application" in row}
    found = [(name, list(_containers(read_text(path), failed[name]))) for name, path in files if name in failed]
    found.sort(key=lambda pair: min((sequence.times[0] for sequence in pair[1]), default=0.0))
    raw = [sequence for _, sequences in found for sequence in sequences]
    groups = [name for name, sequences in found for _ in sequences]
    return build_set("hadoop", raw, parts_by_class(np.asarray([s.is_anomaly for s in raw], bool), groups))


def _containers(text: str, is_anomaly: bool) -> Iterator[RawSequence]:
    for part in text.split(_CONTAINER)[1:]:
        name, _, lines = part.partition("\n")
        sequence = RawSequence(is_anomaly, name)
        for line in lines.split("\n"):
            event = _EVENT.match(line)
            seconds = event and parse_iso(event[1].replace(",", "."))
            if event and seconds is not None:
                sequence.lines.append(event[2])
                sequence.times.append(float(seconds))
        if sequence.lines:
            yield sequence
