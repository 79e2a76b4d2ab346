"""Labelled windows as arrays: built once from raw recordings, then shared by every model that is compared."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import orjson

from loglm.context.windows import Window
from loglm.errors import InputError
from loglm.evaluation.attack_data import Matcher, Recording, recording_windows

__all__ = ["WindowTable", "build_window_table", "join_tables"]

FULL_WINDOW_LIMIT = 400


@dataclass(slots=True)
class WindowTable:
    """Windows of many recordings over one list of distinct texts."""

    recordings: list[Recording]
    texts: list[str] = field(default_factory=list)
    rows: list[np.ndarray] = field(default_factory=list)
    """Per window, int32 (events,): indices into ``texts``."""
    recording: list[int] = field(default_factory=list)
    """Per window: index into ``recordings``."""
    channel: list[str] = field(default_factory=list)
    """Per window: ``product/service``."""
    entity: list[str] = field(default_factory=list)
    start: list[float] = field(default_factory=list)
    """Per window: POSIX seconds, NaN where unknown."""
    rules: list[tuple[tuple[int, str, str], ...]] = field(default_factory=list)
    """Per window: (level, technique or empty, rule id) of each distinct Sigma hit."""
    events: list[int] = field(default_factory=list)
    """Per recording: events read (all of them, also beyond the windows kept)."""

    def __len__(self) -> int:
        return len(self.rows)

    def save(self, path: Path) -> None:
        """Write as one JSON document, compressed."""
        import zstandard

        path.write_bytes(zstandard.ZstdCompressor(level=6).compress(self._document()))

    def digest(self) -> str:
        """SHA-256 of all that is in it, in hexadecimal."""
        return hashlib.sha256(self._document()).hexdigest()

    @classmethod
    def load(cls, path: Path) -> WindowTable:
        """Read what `save` wrote.

        Raises:
            InputError: The file cannot be read, or is no such table.
        """
        import zstandard

        try:
            data = orjson.loads(zstandard.ZstdDecompressor().decompress(path.read_bytes()))
            recordings = [Recording(f, d, e, k, set(t), set(a)) for f, d, e, k, t, a in data.pop("recordings")]
            rows = [np.asarray(row, np.int32) for row in data.pop("rows")]
            start = [float("nan") if value is None else value for value in data.pop("start")]
            rules = [tuple((level, technique, rule) for level, technique, rule in hits) for hits in data.pop("rules")]
            return cls(recordings, rows=rows, start=start, rules=rules, **data)
        except (OSError, zstandard.ZstdError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: no table of windows ({error}); make it with `loglm evaluate attack --data DIR --windows FILE`"
            ) from error

    def _document(self) -> bytes:
        data = {
            "recordings": [
                [r.file, r.dataset, r.environment, r.kind, sorted(r.techniques), sorted(r.tactics)]
                for r in self.recordings
            ],
            "texts": self.texts,
            "rows": [row.tolist() for row in self.rows],
            **{name: getattr(self, name) for name in ("recording", "channel", "entity", "start", "rules", "events")},
        }
        return orjson.dumps(data)


def build_window_table(
    data: Path,
    recordings: Sequence[Recording],
    *,
    match: Matcher | None = None,
    max_windows: int = FULL_WINDOW_LIMIT,
    report: Callable[[int, Recording, int], None] | None = None,
) -> WindowTable:
    """Read recordings and keep their windows.

    Args:
        data: Folder that the recordings' names are relative to.
        recordings: What to read.
        match: Sigma matcher, whose hits are kept per window.
        max_windows: Windows kept of an attack or ordinary recording, evenly spread over it; others are kept whole.
        report: Called after each recording with its index, itself and its number of windows.
    """
    table = WindowTable(list(recordings))
    index: dict[str, int] = {}
    for number, recording in enumerate(table.recordings):
        windows = list(recording_windows(data, recording, match=match))
        table.events.append(sum(len(w.events) for w in windows))
        if recording.kind in ("attack", "ordinary") and len(windows) > max_windows:
            kept = set(np.linspace(0, len(windows) - 1, max_windows).astype(int).tolist())
            kept |= {i for i, w in enumerate(windows) if any(e.rules for e in w.events)}
            windows = [w for i, w in enumerate(windows) if i in kept]
        for window in windows:
            _add(table, index, number, window)
        if report is not None:
            report(number, recording, len(windows))
    return table


def join_tables(first: WindowTable, second: WindowTable) -> WindowTable:
    """All windows of two tables, with one list of texts."""
    index = {text: row for row, text in enumerate(first.texts)}
    place = np.asarray([index.setdefault(text, len(index)) for text in second.texts], np.int32)
    return WindowTable(
        first.recordings + second.recordings,
        list(index),
        first.rows + [place[row] for row in second.rows],
        first.recording + [len(first.recordings) + recording for recording in second.recording],
        *(getattr(first, name) + getattr(second, name) for name in ("channel", "entity", "start", "rules", "events")),
    )


def _add(table: WindowTable, index: dict[str, int], number: int, window: Window) -> None:
    rows = []
    for event in window.events:
        row = index.setdefault(event.text, len(index))
        if row == len(table.texts):
            table.texts.append(event.text)
        rows.append(row)
    table.rows.append(np.asarray(rows, np.int32))
    table.recording.append(number)
    table.channel.append(f"{window.log_source.product}/{window.log_source.service}")
    table.entity.append(f"{window.entity_kind}:{window.entity}")
    start = window.start
    table.start.append(float("nan") if start is None else start)
    hits = {
        (int(rule.level), technique, rule.rule_id)
        for event in window.events
        for rule in event.rules
        for technique in (rule.techniques or ("",))
    }
    table.rules.append(tuple(sorted(hits)))
