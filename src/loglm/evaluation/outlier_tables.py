"""Labelled tables of few anomalies: made of lines of Blue Gene/L and Thunderbird (Oliner and Stearley 2007).

Each table has 500 normal lines that follow each other, from a random place on, and five anomalous lines drawn from the
whole log and put among them in the order of time: of as many kinds of anomaly as there are. Label and severity are left
out, since they give the answer away, and so are the columns with the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.analysis.columns import read_columns
from loglm.analysis.outlier_scores import Method, event_features, isolation_scores, label_encoded
from loglm.errors import EmptyInputError, SourceLocation
from loglm.evaluation.attack_metrics import bootstrap_interval
from loglm.evaluation.embedders import Embedder, dense
from loglm.evaluation.plain_files import find_file, read_text
from loglm.evaluation.scores import Score
from loglm.events.event import LogEvent, LogSource
from loglm.events.reading import parse_line
from loglm.plurals import plural

__all__ = ["OutlierTable", "outlier_files", "outlier_scores_of_models", "read_outlier_tables"]

_NORMAL, _ANOMALOUS, _TOP = 500, 5, 5
_FILES = {"BGL": ("BGL_2k.log", "BGL_5000.log"), "Thunderbird": ("Thunderbird_19k.log", "Thunderbird_2k.log")}
_HEADER_COLUMNS = {"BGL": 9, "Thunderbird": 4}
"""Columns before the message of BGL: label, time, date, node, time, node, type, component, level; before the syslog
line of Thunderbird: label, time, date, node."""
_BGL_SOURCE = LogSource("bgl")


@dataclass(frozen=True, slots=True)
class OutlierTable:
    """Events in the order of time."""

    name: str
    """Of the log."""
    events: Sequence[LogEvent]
    is_anomaly: np.ndarray
    """bool (n,)"""


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    """``-`` for normal, else the kind of anomaly."""
    time: int
    event: LogEvent

    @property
    def said(self) -> tuple[int, str]:
        """Equal for lines that differ in their labels alone, or in their places."""
        return self.time, f"{self.event.host} {self.event.raw}"


def outlier_files(data: Path) -> list[Path]:
    """The files that `read_outlier_tables` reads; none where no log is there."""
    return [path for names in _FILES.values() for name in names if (path := find_file(data, name)) is not None]


def read_outlier_tables(data: Path, *, tables: int, note: Callable[[str], None] = lambda _: None) -> list[OutlierTable]:
    """So many tables of each log whose files lie anywhere below a folder; the same ones each time.

    Args:
        data: The folder.
        tables: Of each log.
        note: Is told of lines that are left out because they stand there as normal and as anomalous.

    Raises:
        EmptyInputError: No log has enough normal and anomalous lines.
    """
    found: list[OutlierTable] = []
    for name, files in _FILES.items():
        paths = [path for file in files if (path := find_file(data, file)) is not None]
        every = [line for path in paths for line in _lines(name, path)]
        lines = sorted(_without_contradictions(name, every, note), key=lambda line: line.time)
        normal = [line for line in lines if line.label == "-"]
        anomalous = [line for line in lines if line.label != "-"]
        if len(normal) >= _NORMAL and len(anomalous) >= _ANOMALOUS:
            found += [_table(name, normal, anomalous, seed) for seed in range(tables)]
    if not found:
        raise EmptyInputError(
            f"{data}: no table of outliers; expected BGL_2k.log or Thunderbird_19k.log anywhere below it, with "
            f"{_NORMAL} normal and {_ANOMALOUS} anomalous lines"
        )
    return found


def outlier_scores_of_models(
    tables: Sequence[OutlierTable], embedders: Iterable[Embedder], say: Callable[[str], None]
) -> Iterator[Score]:
    """Share of the five most unlike events of each table that are anomalies; bootstrap intervals over tables."""
    say("patterns: label encoding")
    yield from _score("label encoding", tables, lambda table: label_encoded(read_columns(table.events)))
    for embedder in embedders:
        if embedder.reads_raw:
            continue
        methods: tuple[Method, ...] = ("embeddings", "hybrid")
        for method in methods:
            say(f"patterns: {embedder.name}, {method}")
            yield from _score(f"{embedder.name}, {method}", tables, _features(embedder, method))


def _score(
    model: str, tables: Sequence[OutlierTable], features: Callable[[OutlierTable], np.ndarray]
) -> Iterator[Score]:
    right = [_share_right(table, isolation_scores(features(table))) for table in tables]
    for name in dict.fromkeys(table.name for table in tables):
        own = np.asarray([share for share, table in zip(right, tables, strict=True) if table.name == name])
        yield Score("patterns", name, model, "right of the top 5", bootstrap_interval(own[None]), len(own))


def _share_right(table: OutlierTable, scores: np.ndarray) -> float:
    top = np.argsort(-scores, kind="stable")[:_TOP]
    return float(table.is_anomaly[top].mean())


def _features(embedder: Embedder, method: Method) -> Callable[[OutlierTable], np.ndarray]:
    def embed(texts: Sequence[str]) -> np.ndarray:
        return dense(embedder.fit(texts)(texts))

    return lambda table: event_features(table.events, read_columns(table.events), embed, method)


def _table(name: str, normal: Sequence[_Line], anomalous: Sequence[_Line], seed: int) -> OutlierTable:
    rng = np.random.default_rng(seed)
    start = int(rng.integers(len(normal) - _NORMAL + 1))
    drawn = [anomalous[i] for i in rng.permutation(len(anomalous))]
    kinds = list(dict.fromkeys(line.label for line in drawn))
    turns = [(sum(other.label == line.label for other in drawn[:i]), line) for i, line in enumerate(drawn)]
    chosen = [line for _, line in sorted(turns, key=lambda turn: (turn[0], kinds.index(turn[1].label)))[:_ANOMALOUS]]
    lines = sorted([*normal[start : start + _NORMAL], *chosen], key=lambda line: line.time)
    return OutlierTable(name, [line.event for line in lines], np.asarray([line.label != "-" for line in lines]))


def _without_contradictions(name: str, lines: Sequence[_Line], note: Callable[[str], None]) -> list[_Line]:
    """Those that do not stand as normal in one place and as anomalous in another."""
    places: dict[tuple[int, str], dict[bool, SourceLocation]] = {}
    for line in lines:
        places.setdefault(line.said, {}).setdefault(line.label == "-", line.event.location)
    both = {said: place for said, place in places.items() if len(place) > 1}
    if both:
        place = next(iter(both.values()))
        note(
            f"{name}: {plural(len(both), 'line')} left out, whose labels contradict each other: the first is normal at "
            f"{place[True]} and anomalous at {place[False]}"
        )
    return [line for line in lines if line.said not in both]


def _lines(name: str, path: Path) -> Iterator[_Line]:
    header = _HEADER_COLUMNS[name]
    for number, text in enumerate(read_text(path).replace("\r\n", "\n").split("\n"), 1):
        columns = text.split(" ", header)
        if len(columns) == header + 1 and columns[1].isdecimal():
            event = _bgl_event(columns) if name == "BGL" else parse_line(columns[-1])
            event.location = SourceLocation(path.name, number)
            yield _Line(columns[0], int(columns[1]), event)


def _bgl_event(columns: Sequence[str]) -> LogEvent:
    *_, node, kind, component, _level, message = columns
    attributes = {"node": node, "type": kind, "component": component}
    return LogEvent(message, SourceLocation(""), _BGL_SOURCE, attributes, message, host=node)
