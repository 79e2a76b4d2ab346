"""WindowScorer: windows to verdicts, with every distinct text scored once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.artifacts.folder import open_model_dir
from loglm.context.windows import Window
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead, EventScores
from loglm.runtime.encoder import LogEncoder

__all__ = ["Verdict", "WindowScorer"]

_CACHE_SIZE = 60_000
_MAX_BATCH_TEXTS = 16_384


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a window is taken for."""

    window: Window
    attack: float
    """Calibrated probability in 0..1 that the window belongs to an attack."""
    technique: np.ndarray
    """float32 (C,): probability of each technique, given an attack."""
    weights: np.ndarray
    """float32 (events,): attention of each event, summing to 1."""
    rows: list[int]
    """Rows of the events in the scorer's cache, valid until the next call of `WindowScorer.score`."""
    model_attack: float
    """The attack probability before rule hits."""


class WindowScorer:
    """A model ready to score windows.

    Scores depend on a rendered text alone, so they are kept by text; the cache is emptied when it is full.
    """

    def __init__(
        self, head: AttackHead, encoder: LogEncoder | None, calibration: Calibration, *, name: str, version: str
    ) -> None:
        self.head = head
        self.name = name
        self.version = version
        self.encoder = encoder
        self.calibration = calibration
        self.hits = 0
        """Events whose text was scored before."""
        self.misses = 0
        self._row_of: dict[str, int] = {}
        self._scores = EventScores(
            np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros((0, len(head.labels)), np.float32)
        )

    @classmethod
    def from_pretrained(cls, path: Path | str | None = None, *, threads: int | None = None) -> WindowScorer:
        """Load a model folder (the shipped one for None).

        Raises:
            ModelError: The folder is missing, incomplete, altered or of another version.
        """
        folder, manifest = open_model_dir(path)
        head = AttackHead.load(folder)
        encoder = LogEncoder.load(folder, threads=threads) if head.vector_weights is not None else None
        name, version = (str(manifest.get(key, "")) for key in ("name", "version"))
        return cls(head, encoder, Calibration.load(folder), name=name, version=version)

    def score(self, windows: Sequence[Window]) -> list[Verdict]:
        """One verdict per window, in the order given."""
        if not windows:
            return []
        texts = [event.text for window in windows for event in window.events]
        self._learn(texts)
        rows = [[self._row_of[event.text] for event in window.events] for window in windows]
        scores = self.head.score_windows(self._scores, rows)
        verdicts = []
        for index, window in enumerate(windows):
            hits = [rule for event in window.events for rule in event.rules]
            attack, technique = self.calibration.fuse(
                float(scores.attack[index]), scores.technique[index], hits, self.head.labels
            )
            alone = float(scores.attack[index])
            verdicts.append(Verdict(window, attack, technique, scores.weights[index], rows[index], alone))
        return verdicts

    def contributions(self, verdict: Verdict, technique: int) -> np.ndarray:
        """Share of each event in a verdict, float32 (events,), from 0 to 1 and summing to at most 1."""
        said = self._scores.attack[verdict.rows] + self._scores.technique[verdict.rows, technique]
        pull = verdict.weights * np.exp(np.minimum(said - said.max(), 0.0))
        return np.asarray(pull / pull.sum() if pull.sum() > 0 else verdict.weights, np.float32)

    def _learn(self, texts: list[str]) -> None:
        """Score the texts that are not in the cache."""
        distinct = dict.fromkeys(texts)
        unknown = [text for text in distinct if text not in self._row_of]
        self.misses += len(unknown)
        self.hits += len(texts) - len(unknown)
        if len(self._row_of) + len(unknown) > _CACHE_SIZE:
            self._row_of.clear()
            unknown = list(distinct)
        start = len(self._row_of)
        parts = [self._kept(start)] if start else []
        for at in range(0, len(unknown), _MAX_BATCH_TEXTS):
            batch = unknown[at : at + _MAX_BATCH_TEXTS]
            vectors = self.encoder.embed_texts(batch) if self.encoder is not None else None
            parts.append(self.head.score_events(batch, vectors))
        self._row_of.update(zip(unknown, range(start, start + len(unknown)), strict=True))
        if unknown:
            self._scores = EventScores(
                np.concatenate([p.attention for p in parts]),
                np.concatenate([p.attack for p in parts]),
                np.concatenate([p.technique for p in parts]),
            )

    def _kept(self, count: int) -> EventScores:
        kept = self._scores
        return EventScores(kept.attention[:count], kept.attack[:count], kept.technique[:count])
