"""Incidents made of the alerts of AIT-ADS (Landauer et al. 2024): Wazuh, Suricata and AMiner on simulated companies.

An incident is what one rule says of one host, until it is silent for ten minutes or an hour is over. Its first part is
the rule's name with the number of alerts; the others are the names of the rules that fired on the host from ten minutes
before it to ten minutes after it, when it is judged. It is a true positive where any of its alerts is tied to an attack
(column ``event_label``), else a false positive. Names of companies and hosts, and both label columns, stay out.
"""

from __future__ import annotations

import csv
import io
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.plain_files import read_text
from loglm.events.masking import mask_number, mask_text

__all__ = ["AlertIncidents", "alert_files", "read_alert_incidents"]

_SILENCE_S, _LONGEST_S = 600, 3_600
_NO_ATTACK = "-"
_COLUMNS = frozenset(("time", "name", "host", "event_label"))


@dataclass(frozen=True, slots=True)
class AlertIncidents:
    """In the order of their beginnings."""

    parts: Sequence[Sequence[str]]
    """Texts of each, what it is called first."""
    is_attack: np.ndarray
    """bool (n,)"""
    start: np.ndarray
    """float (n,): POSIX seconds of the first alert."""
    company: Sequence[str]
    alerts: int
    """In all of them."""


@dataclass(slots=True)
class _Group:
    company: str
    host: str
    rule: str
    start: int
    end: int
    alerts: int = 0
    is_attack: bool = False


def alert_files(data: Path) -> list[Path]:
    """The files ``*_alerts.txt`` anywhere below a folder, compressed or not, one of each name."""
    names = {path.name.removesuffix(".zst"): path for path in sorted(data.rglob("*_alerts.txt*")) if path.is_file()}
    return [path for name, path in sorted(names.items()) if name.endswith("_alerts.txt")]


def read_alert_incidents(files: Sequence[Path]) -> AlertIncidents:
    """The incidents of all files together.

    Raises:
        InputError: A file is no table of alerts.
        EmptyInputError: No alert was read.
    """
    groups = sorted((group for path in files for group in _groups(path)), key=lambda group: group.start)
    if not groups:
        raise EmptyInputError("no alert was read; expected files *_alerts.txt with the columns time, name and host")
    beside = _rules_beside(groups)
    return AlertIncidents(
        [[_head(group), *rules] for group, rules in zip(groups, beside, strict=True)],
        np.asarray([group.is_attack for group in groups]),
        np.asarray([group.start for group in groups], float),
        [group.company for group in groups],
        sum(group.alerts for group in groups),
    )


def _groups(path: Path) -> Iterator[_Group]:
    """Those of one file, in the order of their beginnings."""
    rows = csv.DictReader(io.StringIO(read_text(path)))
    if not _COLUMNS.issubset(rows.fieldnames or ()):
        raise InputError(f"{path}: no table of alerts; expected the columns {', '.join(sorted(_COLUMNS))}")
    company = path.name.partition("_alerts")[0]
    open_groups: dict[tuple[str, str], _Group] = {}
    for row in sorted(rows, key=lambda row: int(row["time"])):
        time, key = int(row["time"]), (row["host"], row["name"])
        group = open_groups.get(key)
        if group is None or time - group.end > _SILENCE_S or time - group.start > _LONGEST_S:
            if group is not None:
                yield group
            group = open_groups[key] = _Group(company, *key, start=time, end=time)
        group.end = time
        group.alerts += 1
        group.is_attack |= row["event_label"] != _NO_ATTACK
    yield from open_groups.values()


def _rules_beside(groups: Sequence[_Group]) -> list[list[str]]:
    """Of each group the texts of other rules of its host around it; groups in the order of their beginnings."""
    hosts: dict[tuple[str, str], list[_Group]] = defaultdict(list)
    for group in groups:
        hosts[group.company, group.host].append(group)
    starts = {host: [group.start for group in own] for host, own in hosts.items()}
    found = []
    for group in groups:
        host = (group.company, group.host)
        first = bisect_left(starts[host], group.start - _SILENCE_S - _LONGEST_S)
        last = bisect_right(starts[host], group.end + _SILENCE_S)
        near = [other for other in hosts[host][first:last] if other.end >= group.start - _SILENCE_S]
        found.append(sorted({mask_text(other.rule) for other in near} - {mask_text(group.rule)}))
    return found


def _head(group: _Group) -> str:
    return f"{mask_text(group.rule)}\nalerts={mask_number(group.alerts)}"
