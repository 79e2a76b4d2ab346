"""How surprising labelled windows are at their time, by what the second level knows of their entity until then.

Each recording is read again from its beginning, as an environment of its own of which nothing is known before: what is
usual in it is counted as it goes on, always from events that came before. No label is read.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from loglm.context.encoder import ContextEncoder
from loglm.context.running import RunningScorer
from loglm.context.usual import Usual
from loglm.context.windows import Window, WindowAssembler
from loglm.errors import InputError
from loglm.evaluation.attack_data import Recording
from loglm.evaluation.window_table import WindowTable
from loglm.events.entities import primary_entity
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render

__all__ = ["beyond_usual", "load_bits", "past_windows", "save_bits", "window_surprise"]


def window_surprise(
    data: Path,
    table: WindowTable,
    encoder: ContextEncoder | None,
    *,
    report: Callable[[int, Recording], None] | None = None,
) -> np.ndarray:
    """Read the recordings of a table again, and say how surprising its windows are.

    Args:
        data: Folder that the recordings' names are relative to.
        table: Some of the windows of these files, in order.
        encoder: Weighs what is expected; None for fixed weights.
        report: Called after each recording with its index and itself.

    Returns:
        float32 (windows,): mean over a window's events of `loglm.context.surprise.Surprise.bits`. Higher is more
        unusual; the first events of an entity are always surprising.

    Raises:
        InputError: The files do not hold the table's windows.
    """
    bits = np.zeros(len(table), np.float32)
    asked: list[list[int]] = [[] for _ in table.recordings]
    for window, number in enumerate(table.recording):
        asked[number].append(window)
    for number, (recording, windows) in enumerate(zip(table.recordings, asked, strict=True)):
        waiting = iter(windows)
        expected = next(waiting, None)
        for found, surprise in _windows(data, recording, encoder):
            if expected is not None and _is_same(table, expected, found):
                bits[expected] = surprise
                expected = next(waiting, None)
        if expected is not None:
            raise InputError(f"{data / recording.file}: does not hold the windows of the table; make the table again")
        if report is not None:
            report(number, recording)
    return bits


def save_bits(path: Path, bits: np.ndarray, about: Mapping[str, str]) -> None:
    """Keep what `window_surprise` gave, with what it is of."""
    with path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, bits=bits, about=np.asarray(json.dumps(dict(about))))


def load_bits(path: Path, about: Mapping[str, str]) -> np.ndarray:
    """Read what `save_bits` wrote.

    Raises:
        InputError: It cannot be read, or is of something else than ``about``, which may say less than what was kept.
    """
    try:
        with np.load(path, allow_pickle=False) as kept:
            bits: np.ndarray = kept["bits"]
            of = json.loads(str(kept["about"]))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: no surprise of windows ({error}); remove it to have it made again") from error
    if not isinstance(of, dict) or any(of.get(key) != value for key, value in about.items()):
        raise InputError(f"{path}: of other windows or another context encoder; name another file, or remove this one")
    return bits


def past_windows(table: WindowTable) -> np.ndarray:
    """How many earlier windows of the same recording, entity and channel each window has, int64 (windows,)."""
    past = np.zeros(len(table), np.int64)
    for windows in _streams(table):
        past[windows] = np.arange(len(windows))
    return past


def beyond_usual(table: WindowTable, bits: np.ndarray) -> np.ndarray:
    """How much more surprising each window is than earlier ones of its entity and channel, to be added to a logit.

    Args:
        table: All windows; an entity's in a channel count in the order of the table, within its recording.
        bits: float (windows,): see `window_surprise`.

    Returns:
        float64 (windows,): see `loglm.context.usual.Usual.beyond`. Higher is more unusual.
    """
    moved = np.zeros(len(table))
    for windows in _streams(table):
        usual = Usual()
        for window in windows:
            own = float(bits[window])
            moved[window] = usual.beyond(own)
            usual.add(own)
    return moved


def _streams(table: WindowTable) -> Iterator[list[int]]:
    """Windows of each entity in each channel of each recording, in order."""
    streams: dict[tuple[int, str, str], list[int]] = {}
    for window, key in enumerate(zip(table.recording, table.entity, table.channel, strict=True)):
        streams.setdefault(key, []).append(window)
    yield from streams.values()


def _windows(data: Path, recording: Recording, encoder: ContextEncoder | None) -> Iterator[tuple[Window, float]]:
    """All windows of a recording, in order, each with the mean surprise of its events."""
    assembler, scorer = WindowAssembler(), RunningScorer(encoder)
    for event in read_events([str(data / recording.file)], problems=Problems()):
        text = render(event)
        bits = scorer.bits(primary_entity(event), event, text)
        yield from ((window, window.mean_bits) for window in assembler.add(event, text, bits=bits))
    yield from ((window, window.mean_bits) for window in assembler.flush())


def _is_same(table: WindowTable, number: int, window: Window) -> bool:
    start = window.start
    return (
        len(table.rows[number]) == len(window.events)
        and table.channel[number] == window.channel
        and table.entity[number] == f"{window.entity_kind}:{window.entity}"
        and (np.isnan(table.start[number]) if start is None else table.start[number] == start)
        and [table.texts[row] for row in table.rows[number]] == [event.text for event in window.events]
    )
