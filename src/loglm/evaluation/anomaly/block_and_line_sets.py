"""Labelled logs for anomaly detection: sequences of rendered events in the order of time.

- ``HDFS blocks``: all lines of a block of HDFS v1 (Xu et al. 2009), labelled normal or anomalous; the files
  ``hdfs_lines.log``, ``hdfs_line_block.txt`` and ``block_labels.csv``.
- ``BGL lines``: single lines of Blue Gene/L (Oliner and Stearley 2007), labelled in their first column; the files
  ``BGL_5000.log`` and ``BGL_2k.log``.

Of a line, component and message are rendered. Label and severity are left out, since they give the answer away; so are
time, thread and node, which have columns of their own and make every line another text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from loglm.evaluation.anomaly.sets.hdfs import hdfs_raw_blocks
from loglm.evaluation.anomaly.sets.supercomputers import bgl_lines
from loglm.evaluation.plain_files import find_file
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["AnomalySet", "anomaly_files", "read_anomaly_sets"]

_HDFS = ("hdfs_lines.log", "hdfs_line_block.txt", "block_labels.csv")
_BGL = ("BGL_5000.log", "BGL_2k.log")


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
    if _all_files(data, _HDFS) is None:
        return None
    blocks = hdfs_raw_blocks(data)[:most]
    return _set("HDFS blocks", [block.lines for block in blocks], [block.is_anomaly for block in blocks])


def _bgl(data: Path, most: int) -> AnomalySet | None:
    if _all_files(data, _BGL) is None:
        return None
    lines = bgl_lines(data)[:most]
    return _set("BGL lines", [[line.text] for line in lines], [line.is_anomaly for line in lines])


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
