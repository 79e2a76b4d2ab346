"""OpenStack: the events of a virtual machine, as numbers of templates (sequences of Landauer et al. 2024).

``openstack`` is the log of Du et al. (2017), ``openstack-failures`` that of Kalaki et al. (2023), whose sequences hold
more kinds of failure. Without times: parts are in the order of the files, normal and anomalous sequences apart.
"""

from __future__ import annotations

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

__all__ = ["number_sequences", "read_openstack", "read_openstack_failures"]

_NORMAL = ("openstack_train.txt", "openstack_test_normal.txt")
_ANOMALOUS = "openstack_test_abnormal.txt"


def read_openstack(data: Path) -> LabelledSequences:
    """The log of Du et al."""
    return _read("openstack", data, "openstack_loghub")


def read_openstack_failures(data: Path) -> LabelledSequences:
    """The log of Kalaki et al."""
    return _read("openstack-failures", data, "openstack_parisakalaki")


def number_sequences(text: str) -> Iterator[tuple[str, list[str]]]:
    """Name and events of each line ``name,1 2 3``."""
    for line in text.splitlines():
        name, comma, events = line.partition(",")
        if comma and events.strip():
            yield name, events.split()


def _read(name: str, data: Path, folder: str) -> LabelledSequences:
    templates = read_text(need_file(data, "OpenStack_templates.csv")).splitlines()
    place = need_files(data, f"{folder}/*")[0].parent
    raw = []
    for file, is_anomaly in ((_NORMAL[0], False), (_NORMAL[1], False), (_ANOMALOUS, True)):
        for vm, numbers in number_sequences(read_text(need_file(place, file))):
            raw.append(RawSequence(is_anomaly, vm, [_template(templates, number) for number in numbers]))
    return build_set(name, raw, parts_by_class(np.asarray([s.is_anomaly for s in raw], bool)))


def _template(templates: list[str], number: str) -> str:
    """Templates are numbered from 1; a number without one stays a number."""
    place = int(number) - 1 if number.isdecimal() else -1
    return templates[place] if 0 <= place < len(templates) else f"event {number}"
