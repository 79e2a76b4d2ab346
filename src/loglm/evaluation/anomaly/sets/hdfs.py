"""HDFS v1 (Xu et al. 2009): the lines of a block are a sequence; 200 machines wrote, deleted and lost blocks."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np

from loglm.evaluation.anomaly.labelled_sequences import (
    LabelledSequences,
    RawSequence,
    build_set,
    parts_in_order,
)
from loglm.evaluation.anomaly.sets.files import need_file
from loglm.evaluation.plain_files import read_text

__all__ = ["hdfs_raw_blocks", "read_hdfs_blocks", "read_hdfs_lines", "read_hdfs_templates"]

_BLOCK = re.compile(r"blk_-?\d{1,20}")
_MESSAGE_COLUMN = 4
"""After date, time, thread and level."""


def read_hdfs_blocks(data: Path) -> LabelledSequences:
    """All blocks of a sample of 2 %, in the order of their first lines."""
    raw = list(hdfs_raw_blocks(data))
    return build_set("hdfs", raw, parts_in_order(len(raw)))


def hdfs_raw_blocks(data: Path) -> list[RawSequence]:
    """The blocks of ``hdfs_lines.log``, in the order of their first lines.

    Raises:
        EmptyInputError: A file is absent.
    """
    lines, blocks, labels = (
        read_text(need_file(data, name)) for name in ("hdfs_lines.log", "hdfs_line_block.txt", "block_labels.csv")
    )
    bad = {row["block_id"] for row in csv.DictReader(io.StringIO(labels)) if row["label"] == "Anomaly"}
    found: dict[str, RawSequence] = {}
    for line, block in zip(lines.split("\n"), blocks.split(), strict=False):
        _add(found, line, block, is_anomaly=block in bad)
    return list(found.values())


def read_hdfs_lines(data: Path) -> LabelledSequences:
    """The blocks that the first lines of the log are of; those that go on later are cut there."""
    lines = read_text(need_file(data, "HDFS_20000.log")).split("\n")
    labels = read_text(need_file(data, "line_labels.txt")).split()
    found: dict[str, RawSequence] = {}
    for line, label in zip(lines, labels, strict=False):
        block = _BLOCK.search(line)
        if block is not None:
            _add(found, line, block[0], is_anomaly=label != "Normal")
    return build_set("hdfs-lines", list(found.values()), parts_in_order(len(found)))


def read_hdfs_templates(data: Path) -> LabelledSequences:
    """Blocks of the first 100,000 lines as templates of a parser, in the order of the file; no time."""
    raw = []
    for line in read_text(need_file(data, "blocks_train.jsonl")).splitlines():
        block = json.loads(line)
        raw.append(RawSequence(block["label"] == 1, block["block"], block["templates"]))
    return build_set("hdfs-templates", raw, parts_in_order(len(raw)))


def _add(found: dict[str, RawSequence], line: str, block: str, *, is_anomaly: bool) -> None:
    columns = line.split(" ", _MESSAGE_COLUMN)
    if len(columns) <= _MESSAGE_COLUMN:
        return
    sequence = found.setdefault(block, RawSequence(is_anomaly, block))
    sequence.lines.append(columns[-1])
    sequence.times.append(_seconds(columns[0], columns[1]))


@lru_cache(maxsize=1)
def _seconds(date: str, time: str) -> float:
    try:
        return datetime.strptime(date + time, "%y%m%d%H%M%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return float(np.nan)
