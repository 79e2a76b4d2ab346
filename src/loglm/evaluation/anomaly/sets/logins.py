"""LANL authentication (Kent 2015), as features a user and day by Tuor et al. (2017): counts of kinds of login.

An event of a sequence is a feature with its magnitude; they have no order. The first day is learned from and sets the
threshold, user by user; the second is measured on. It holds three user days with red-team events: figures of so few say
little.
"""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from loglm.evaluation.anomaly.labelled_sequences import (
    LEARN,
    TEST,
    TUNE,
    LabelledSequences,
    RawSequence,
    build_set,
)
from loglm.evaluation.anomaly.sets.files import need_file
from loglm.evaluation.plain_files import read_text

__all__ = ["read_lanl"]

_ABOUT_ROW = ("day", "user", "red")
_DAY_S = 86_400


def read_lanl(data: Path) -> LabelledSequences:
    """User days; of the first day three users of four to learn from."""
    raw, parts = [], []
    for row in csv.DictReader(io.StringIO(read_text(need_file(data, "lanl_agg_head.txt")))):
        day = int(row["day"])
        events = [
            _event(name, int(n)) for name, n in row.items() if name not in _ABOUT_ROW and n not in ("0", "", None)
        ]
        if events:
            times = [float(day * _DAY_S)] * len(events)
            raw.append(RawSequence(int(row["red"]) > 0, f"user {row['user']}", events, times))
            parts.append(TEST if day else TUNE if int(row["user"]) % 4 == 0 else LEARN)
    return build_set("lanl", raw, np.asarray(parts), text_of=str)


def _event(name: str, number: int) -> str:
    return f"{name} 2^{number.bit_length() - 1}"
