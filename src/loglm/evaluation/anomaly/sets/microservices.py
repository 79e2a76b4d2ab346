"""TrainTicket, a shop of microservices with injected faults: Nezha (Yu et al. 2023) and DeepTraLog (Zhang et al. 2022).

``nezha``: what a pod logged in a minute is a sequence; anomalous are the three minutes from the injection into the pod.
The log is of such minutes only, so normal sequences are of the other pods at the same time. ``trainticket``: a trace is
a sequence, and the recording's name tells whether there was a fault. Normal and faulty traces come from other days, so
that a change of the environment tells them apart as well as the fault.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from loglm.errors import EmptyInputError
from loglm.evaluation.anomaly.labelled_sequences import (
    LEARN,
    TEST,
    TUNE,
    LabelledSequences,
    RawSequence,
    build_set,
    parts_in_order,
)
from loglm.evaluation.anomaly.sets.files import need_files
from loglm.evaluation.plain_files import read_text
from loglm.events.timestamps import parse_iso

__all__ = ["read_nezha", "read_trainticket"]

_FAULT_S = 180
_MINUTE_S = 60
_IDS = re.compile(r"TraceID: \w+ SpanID: \w+ ?")
_LOG_HEAD = re.compile(r"\d\d:\d\d:\d\d\.\d{3} [A-Z]+ +")
"""Time and level."""
_TRACE_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[SW_CTX:\[([^,\]]{1,100}),[^,\]]*,([^,\]]{1,200})[^\]]*\]\] "
    r"\[[^\]]{0,200}\] [A-Z]+ +(.*)"
)
"""Time, service, trace, and after thread and level the component and message."""
_SERVICE = re.compile(r"-[0-9a-f]{6,12}-\w{5}$")
_MOST_CHARS = 2_000


def read_nezha(data: Path) -> LabelledSequences:
    """Pod minutes in the order of time."""
    faults = list(_faults(data))
    found: dict[tuple[float, str], list[tuple[float, str]]] = {}
    for path in need_files(data, "[0-9][0-9]_[0-9][0-9]_log.csv*"):
        for row in csv.DictReader(io.StringIO(read_text(path))):
            nanoseconds = row.get("TimeUnixNano") or ""
            if nanoseconds.isdecimal():
                seconds = int(nanoseconds) / 1e9
                key = seconds // _MINUTE_S * _MINUTE_S, row["PodName"]
                found.setdefault(key, []).append((seconds, _message(row["Log"] or "")))
    raw = [_pod_minute(start, pod, found[start, pod], faults) for start, pod in sorted(found)]
    return build_set("nezha", raw, parts_in_order(len(raw)))


def read_trainticket(data: Path) -> LabelledSequences:
    """Traces; of each fault three recordings to learn from, one to set thresholds by, the last to measure on."""
    normal: dict[str, RawSequence] = {}
    for path in need_files(data, "*normal*.log*"):
        _read_traces(read_text(path), normal, is_anomaly=False)
    raw = sorted(normal.values(), key=lambda sequence: sequence.times[0])
    parts = parts_in_order(len(raw)).tolist()
    for fault in ("F05", "F06"):
        recordings = need_files(data, f"{fault}__*raw_log*.log*")
        for path, part in zip(recordings, (LEARN, LEARN, LEARN, TUNE, TEST), strict=False):
            faulty: dict[str, RawSequence] = {}
            _read_traces(read_text(path), faulty, is_anomaly=True)
            raw += faulty.values()
            parts += [part] * len(faulty)
    return build_set("trainticket", raw, np.asarray(parts))


def _faults(data: Path) -> Iterator[tuple[float, str]]:
    """Time and pod of each injection."""
    for path in need_files(data, "*fault_list.json*"):
        for hour in json.loads(read_text(path)).values():
            for fault in hour:
                seconds = parse_iso(fault["inject_time"])
                if seconds is not None:
                    yield seconds, fault["inject_pod"]


def _pod_minute(
    start: float, pod: str, events: list[tuple[float, str]], faults: list[tuple[float, str]]
) -> RawSequence:
    is_anomaly = any(
        pod == injected and start + _MINUTE_S > time and start < time + _FAULT_S for time, injected in faults
    )
    events.sort(key=lambda event: event[0])
    return RawSequence(is_anomaly, _SERVICE.sub("", pod), [text for _, text in events], [time for time, _ in events])


def _message(log: str) -> str:
    """The line inside the container's JSON, without time, level and ids."""
    try:
        line = str(json.loads(log)["log"])
    except (ValueError, KeyError, TypeError):
        line = log
    return _IDS.sub("", _LOG_HEAD.sub("", line.strip(), count=1))[:_MOST_CHARS]


def _read_traces(text: str, into: dict[str, RawSequence], *, is_anomaly: bool) -> None:
    """Events of each trace in the order of time."""
    events: dict[str, list[tuple[float, str]]] = {}
    for line in text.split("\n"):
        match = _TRACE_LINE.match(line[:_MOST_CHARS])
        if match is not None:
            time = datetime.fromisoformat(match[1]).replace(tzinfo=UTC).timestamp()
            events.setdefault(match[3], []).append((time, f"{match[2]} {match[4].strip()}"))
    if not events:
        raise EmptyInputError("a recording of TrainTicket holds no line of a trace; get the files again")
    for trace, found in events.items():
        found.sort(key=lambda event: event[0])
        into[trace] = RawSequence(is_anomaly, trace, [line for _, line in found], [time for time, _ in found])
