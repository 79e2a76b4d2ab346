"""The data sets of the benchmark, in the order of the tables; a new one is a function and a line here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loglm.errors import InputError
from loglm.evaluation.anomaly.labelled_sequences import LabelledSequences
from loglm.evaluation.anomaly.sets import hadoop, hdfs, logins, microservices, openstack, supercomputers, system_calls

__all__ = ["SETS", "SetSource", "choose_sets"]


@dataclass(frozen=True, slots=True)
class SetSource:
    """Where a data set comes from."""

    name: str
    about: str
    """What a sequence is, and in which order the parts are."""
    read: Callable[[Path], LabelledSequences]
    """Reads it from a folder; raises `loglm.errors.InputError` where it cannot be measured."""
    is_altered: bool = False
    """Whether it is measured with altered events and sequences too."""


SETS: tuple[SetSource, ...] = (
    SetSource("hdfs", "HDFS blocks, in the order of time", hdfs.read_hdfs_blocks, is_altered=True),
    SetSource("hdfs-lines", "HDFS blocks of the first raw lines, in the order of time", hdfs.read_hdfs_lines),
    SetSource("hdfs-templates", "HDFS blocks as templates of a parser, as in the file", hdfs.read_hdfs_templates),
    SetSource("hadoop", "containers; applications in the order of time, by class", hadoop.read_hadoop),
    SetSource("bgl", "single lines, in the order of time", supercomputers.read_bgl_lines),
    SetSource("bgl-windows", "windows of 20 lines, in the order of time", supercomputers.read_bgl_windows),
    SetSource(
        "thunderbird",
        "windows of 20 lines, in the order of time",
        supercomputers.read_thunderbird_windows,
        is_altered=True,
    ),
    SetSource("openstack", "virtual machines, as in the file, by class", openstack.read_openstack),
    SetSource("openstack-failures", "virtual machines, as in the file, by class", openstack.read_openstack_failures),
    SetSource("adfa", "processes; attacks by recording", system_calls.read_adfa),
    SetSource("adfa-few", "processes; 42 normal ones to learn from, all attacks to find", system_calls.read_adfa_few),
    SetSource("awsctd", "processes", system_calls.read_awsctd),
    SetSource("lanl", "days of users; the second day is measured on", logins.read_lanl),
    SetSource("nezha", "minutes of pods, in the order of time", microservices.read_nezha),
    SetSource("trainticket", "traces; normal ones by time, faulty ones by recording", microservices.read_trainticket),
)


def choose_sets(names: Sequence[str]) -> list[SetSource]:
    """Sets by name, in the order of `SETS`; all of them for no name.

    Raises:
        InputError: There is no such set; says which may have been meant.
    """
    known = [source.name for source in SETS]
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise InputError(f"no data set {name!r}. {hint}There are {', '.join(known)}")
    return [source for source in SETS if not names or source.name in names]
