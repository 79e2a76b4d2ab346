"""WindowScorer: windows to verdicts, with every distinct text scored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from loglm.artifacts.folder import open_model_dir
from loglm.context.usual import moved_probability
from loglm.context.windows import Window
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.findings import BeyondUsual

__all__ = ["Verdict", "WindowScorer"]

_CACHE_SIZE = 60_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a window is taken for."""

    window: Window
    attack: float
    """Calibrated probability in 0..1 that the window belongs to an attack."""
    technique: np.ndarray
    """float32 (C,): probability of each technique, given an attack."""
    columns: list[np.ndarray]
    """The words of each event (`AttackHead.columns`)."""
    model_attack: float
    """The attack probability before rule hits."""
    beyond: BeyondUsual | None = None
    """How unusual the window is for its entity, which ``attack`` and ``model_attack`` were moved by."""


class WindowScorer:
    """A model ready to score windows.

    The words of an event depend on its rendered text alone, so they are kept by text; the cache is emptied when it is
    full.
    """

    def __init__(self, head: AttackHead, calibration: Calibration, *, name: str, version: str) -> None:
        self.head = head
        self.name = name
        self.version = version
        self.calibration = calibration
        self.hits = 0
        """Events whose text was met before."""
        self._columns: dict[str, np.ndarray] = {}

    @classmethod
    def from_pretrained(cls, path: Path | str | None = None) -> WindowScorer:
        """Load a model folder (the shipped one for None).

        Raises:
            ModelError: The folder is missing, incomplete, altered or of another version.
        """
        folder, manifest = open_model_dir(path)
        name, version = (str(manifest.get(key, "")) for key in ("name", "version"))
        return cls(AttackHead.load(folder), Calibration.load(folder), name=name, version=version)

    def score(self, windows: Sequence[Window]) -> list[Verdict]:
        """One verdict per window, in the order given."""
        if not windows:
            return []
        columns = [[self._columns_of(event.text) for event in window.events] for window in windows]
        scores = self.head.score_windows(columns)
        verdicts = []
        for index, window in enumerate(windows):
            alone = float(scores.attack[index])
            hits = [rule for event in window.events for rule in event.rules]
            attack, technique = self.calibration.fuse(alone, scores.technique[index], hits, self.head.labels)
            verdicts.append(Verdict(window, attack, technique, columns[index], alone))
        return verdicts

    def score_in_context(self, windows: Sequence[Window], beyond: Sequence[BeyondUsual | None]) -> list[Verdict]:
        """`score`, with the attack logit of each window moved by how unusual it is; without a past as it was."""
        verdicts = self.score(windows)
        return [v if by is None else self._moved(v, by) for v, by in zip(verdicts, beyond, strict=True)]

    def _moved(self, verdict: Verdict, by: BeyondUsual) -> Verdict:
        """After rule hits as before them; techniques are named as without."""
        before = np.asarray([verdict.attack, verdict.model_attack])
        moved = np.asarray(by.moved + self.calibration.context_intercept)
        attack, model_attack = moved_probability(before, moved).tolist()
        by = replace(by, score=attack, score_without=verdict.attack)
        return replace(verdict, attack=attack, model_attack=model_attack, beyond=by)

    def contributions(self, verdict: Verdict, technique: int) -> np.ndarray:
        """Share of each event in a verdict, float32 (events,), from 0 to 1 and summing to 1."""
        return self.head.contributions(verdict.columns, technique)

    def _columns_of(self, text: str) -> np.ndarray:
        columns = self._columns.get(text)
        if columns is not None:
            self.hits += 1
            return columns
        if len(self._columns) >= _CACHE_SIZE:
            self._columns.clear()
        columns = self._columns[text] = self.head.columns(text)
        return columns
