"""System calls of processes: ADFA-LD (Creech and Hu 2013) and AWSCTD (Čeponis and Goranin 2018).

A trace has no time. Parts of ADFA-LD are by recording: attacks by the number of their recording (there are ten of each
kind), normal traces in the order of their numbers, training ones first. ``adfa-few`` learns from 42 normal traces
alone, those of Landauer et al. (2024), and measures on all attacks.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.anomaly.labelled_sequences import (
    LEARN,
    TEST,
    TUNE,
    LabelledSequences,
    RawSequence,
    build_set,
    parts_by_class,
)
from loglm.evaluation.anomaly.sets.files import need_file
from loglm.evaluation.anomaly.sets.openstack import number_sequences
from loglm.evaluation.plain_files import read_text

__all__ = ["read_adfa", "read_adfa_few", "read_awsctd"]

_TRACE = re.compile(
    r"(Training_Data|Validation_Data|Attack_Data)_Master/(?:([\w-]+)_(\d+)/)?U[TVA]D-[\w=-]*?(\d+)\.txt$"
)
_NORMAL = ("Training_Data", "Validation_Data")
_MOST_TRACE_BYTES = 1 << 20
_TUNED_SHARE = 5
"""One normal trace of so many of those not learned from sets the threshold of ``adfa-few``."""


@dataclass(frozen=True, slots=True)
class _Trace:
    order: tuple[int, int, int]
    """Normal or attack and where from, number of the recording, number of the trace."""
    group: str
    """Recording of an attack; of a normal trace its own name."""
    name: str
    calls: list[str]

    @property
    def is_attack(self) -> bool:
        return self.order[0] == len(_NORMAL)


def read_adfa(data: Path) -> LabelledSequences:
    """Attacks: recordings 1 to 6 of each kind to learn from, 7 and 8 to set thresholds by, 9 and 10 to measure on."""
    traces = _traces(data)
    is_attack = np.asarray([trace.is_attack for trace in traces], bool)
    part = parts_by_class(is_attack)
    recording = np.asarray([trace.order[1] for trace in traces])
    part[is_attack] = np.where(recording <= 6, LEARN, np.where(recording <= 8, TUNE, TEST))[is_attack]
    return _build("adfa", traces, part)


def read_adfa_few(data: Path) -> LabelledSequences:
    """Few normal traces to learn from, one of five others to set the threshold by, and all attacks in the test part."""
    learned = {name for name, _ in number_sequences(read_text(need_file(data, "adfa_train.txt")))}
    traces = _traces(data)
    part = np.full(len(traces), TEST)
    others = [i for i, trace in enumerate(traces) if not trace.is_attack and trace.name not in learned]
    part[others[::_TUNED_SHARE]] = TUNE
    part[[i for i, trace in enumerate(traces) if trace.name in learned]] = LEARN
    return _build("adfa-few", traces, part)


def read_awsctd(data: Path) -> LabelledSequences:
    """Traces of Windows malware and clean programs.

    Raises:
        EmptyInputError: There are only normal traces, as in the part of the set that is at hand.
    """
    raw = [
        RawSequence(False, name, calls)
        for name, calls in number_sequences(read_text(need_file(data, "awsctd_train.txt")))
    ]
    try:
        abnormal = read_text(need_file(data, "awsctd_test_abnormal.txt"))
    except EmptyInputError as error:
        raise EmptyInputError(f"only normal traces ({len(raw):,}), nothing to find: {error}") from error
    raw += [RawSequence(True, name, calls) for name, calls in number_sequences(abnormal)]
    return build_set("awsctd", raw, parts_by_class(np.asarray([s.is_anomaly for s in raw])), text_of=_call_text)


def _build(name: str, traces: list[_Trace], part: np.ndarray) -> LabelledSequences:
    raw = [RawSequence(trace.is_attack, trace.name, trace.calls) for trace in traces]
    return build_set(name, raw, part, text_of=_call_text)


def _call_text(call: str) -> str:
    return f"system call {call}"


def _traces(data: Path) -> list[_Trace]:
    path = need_file(data, "ADFA-LD.zip")
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(_members(archive), key=lambda trace: (*trace.order, trace.name))
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: cannot be read ({error}); get the file again") from error


def _members(archive: zipfile.ZipFile) -> Iterator[_Trace]:
    for member in archive.infolist():
        match = _TRACE.search(member.filename)
        if match is None or member.file_size > _MOST_TRACE_BYTES:
            continue
        source, kind, recording, number = match.groups()
        kind_of = _NORMAL.index(source) if source in _NORMAL else len(_NORMAL)
        calls = archive.read(member).decode("ascii", "replace").split()
        name = Path(member.filename).stem
        if calls:
            yield _Trace(
                (kind_of, int(recording or 0), int(number)), f"{kind}_{recording}" if kind else name, name, calls
            )
