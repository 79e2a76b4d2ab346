"""Labelled logs for anomaly detection: sequences of rendered events in the order of time.

- ``HDFS blocks``: all lines of a block of HDFS v1 (Xu et al. 2009), labelled normal or anomalous; the files
  ``hdfs_lines.log``, ``hdfs_line_block.txt`` and ``block_labels.csv``.
- ``BGL lines``: single lines of Blue Gene/L (Oliner and Stearley 2007), labelled in their first column; the files
  ``BGL_5000.log`` and ``BGL_2k.log``.

Of a line, component and message are rendered. Label and severity are left out, since they give the answer away; so are
time, thread and node, which have columns of their own and make every line another text.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from loglm.evaluation.plain_files import find_file, read_text
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["AnomalySet", "anomaly_files", "read_anomaly_sets"]

_HDFS = ("hdfs_lines.log", "hdfs_line_block.txt", "block_labels.csv")
_BGL = ("BGL_5000.log", "BGL_2k.log")
_BGL_COMPONENT, _BGL_MESSAGE = 7, 9
"""Columns: label, time, date, node, time, node, type, component, level, message."""


@dataclass(frozen=True, slots=True)
class AnomalySet:
    """Sequences over one list of distinct texts."""

    name: str
    texts: tuple[str, ...]
    """Rendered in the masked view."""
    counts: csr_matrix
    """float32 (sequences, texts): how often each text is in each, oldest sequence first."""
    is_anomaly: np.ndarray
    """bool (sequences,)"""


def anomaly_files(data: Path) -> list[Path]:
    """The files that `read_anomaly_sets` reads; none where no set is whole."""
    return [file for names in (_HDFS, _BGL) for file in _all_files(data, names) or ()]


def read_anomaly_sets(data: Path, *, most: int) -> list[AnomalySet]:
    """The sets whose files lie anywhere below a folder, each of so many sequences at most, the oldest."""
    found = (read(data, most) for read in (_hdfs, _bgl))
    return [anomalies for anomalies in found if anomalies is not None]


def _hdfs(data: Path, most: int) -> AnomalySet | None:
    files = _all_files(data, _HDFS)
    if files is None:
        return None
    lines, blocks, labels = (read_text(file) for file in files)
    bad = {row["block_id"] for row in csv.DictReader(io.StringIO(labels)) if row["label"] == "Anomaly"}
    sequences: dict[str, list[str]] = {}
    for line, block in zip(lines.split("\n"), blocks.split(), strict=False):
        if block in sequences or len(sequences) < most:  # the lines are in the order of time
            sequences.setdefault(block, []).append(_from_column(line, 4))  # date, time, thread, level
    return _set("HDFS blocks", list(sequences.values()), [block in bad for block in sequences])


def _bgl(data: Path, most: int) -> AnomalySet | None:
    files = _all_files(data, _BGL)
    if files is None:
        return None
    lines = [line for file in files for line in read_text(file).split("\n")]
    lines = [line for line in lines if line.count(" ") > _BGL_MESSAGE]
    lines.sort(key=lambda line: int(line.split(" ", 2)[1]))
    kept = lines[:most]
    texts = [[f"{line.split()[_BGL_COMPONENT]} {_from_column(line, _BGL_MESSAGE)}"] for line in kept]
    return _set("BGL lines", texts, [line[:2] != "- " for line in kept])


def _from_column(line: str, column: int) -> str:
    return line.split(" ", column)[-1]


def _all_files(data: Path, names: Sequence[str]) -> list[Path] | None:
    found = [path for name in names if (path := find_file(data, name)) is not None]
    return found if len(found) == len(names) else None


def _set(name: str, sequences: list[list[str]], is_anomaly: list[bool]) -> AnomalySet:
    numbers: dict[str, int] = {}
    number_of = _numbering(numbers)
    rows = [[number_of(line) for line in lines] for lines in sequences]
    return AnomalySet(name, tuple(numbers), _count_matrix(rows, len(numbers)), np.asarray(is_anomaly, bool))


def _numbering(numbers: dict[str, int]) -> Callable[[str], int]:
    return lambda line: numbers.setdefault(render(parse_line(line)), len(numbers))


def _count_matrix(rows: Iterable[list[int]], columns: int) -> csr_matrix:
    rows = list(rows)
    bounds = np.cumsum([0, *map(len, rows)])
    flat = np.asarray([number for row in rows for number in row], np.int64)
    counts = csr_matrix((np.ones(len(flat), np.float32), flat, bounds), shape=(len(rows), columns))
    counts.sum_duplicates()
    return counts
