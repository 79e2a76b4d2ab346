"""AttackHead: which words a window of events holds, and what they say of an attack and of its technique.

A window is the set of words of its events. A word counts once however often it stands there, by its inverse document
frequency, and the set is brought to unit length; one linear function of it gives the attack logit, one more for each
technique theirs. A set does not grow with the repetition of an event, so one rare command weighs as much beside
fifteen repetitions of an ordinary event as beside one. What a word adds to a logit is shared evenly by the events that
hold it, so the share of each event follows from the weights themselves.

Source: term presence and inverse document frequency (Salton and Buckley 1988), multinomial logistic regression.
"""

from __future__ import annotations

import itertools
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.detection.words import word_columns
from loglm.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["AttackHead", "WindowScores", "word_presence"]

_FORMAT = 2


@dataclass(frozen=True, slots=True)
class WindowScores:
    """What windows say."""

    attack: np.ndarray
    """float32 (w,): probability that the window belongs to an attack. Higher is likelier."""
    technique: np.ndarray
    """float32 (w, C): probability of each technique, given that the window belongs to an attack; rows sum to 1."""


@dataclass(frozen=True, slots=True)
class AttackHead:
    """Weights of words."""

    labels: tuple[str, ...]
    """Technique ids, C of them."""
    words: tuple[str, ...]
    """K words that have weights."""
    idf: np.ndarray
    """float32 (K,): inverse document frequency of each word."""
    weights: np.ndarray
    """float32 (K, C + 1): columns attack, techniques; kept in a folder as float16."""
    bias: np.ndarray
    """float32 (C + 1,)."""
    attack_scale: tuple[float, float] = (1.0, 0.0)
    """Slope and intercept that calibrate the attack logit."""
    technique_temperature: float = 1.0
    """Divides technique logits before the softmax."""
    _column: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_column", {word: column for column, word in enumerate(self.words)})

    def columns(self, text: str) -> np.ndarray:
        """Columns of the words of a rendered event that have weights, int32 (k,), each once."""
        return word_columns(text, self._column)

    def score_windows(self, windows: Sequence[Sequence[np.ndarray]]) -> WindowScores:
        """Scores of windows, each given as the `columns` of its events."""
        return self.score_rows(word_presence(windows, len(self.words)))

    def score_rows(self, presence: csr_matrix) -> WindowScores:
        """Scores of windows given as the words that they hold, CSR (w, K), any positive value for a word held."""
        logits = np.asarray(self.weighted(presence) @ self.weights + self.bias, np.float32)
        slope, intercept = self.attack_scale
        technique = logits[:, 1:] / self.technique_temperature
        technique = np.exp(technique - technique.max(axis=1, keepdims=True, initial=-np.inf))
        technique /= technique.sum(axis=1, keepdims=True)
        return WindowScores(1 / (1 + np.exp(-(slope * logits[:, 0] + intercept))), technique)

    def contributions(self, window: Sequence[np.ndarray], technique: int) -> np.ndarray:
        """Share of each event in what speaks for an attack by a technique, float32 (events,), summing to 1.

        An event whose words speak against it has no share; where none speaks for it, all have the same.

        Args:
            window: `columns` of its events.
            technique: Column of the technique.
        """
        flat = np.concatenate([np.zeros(0, np.int32), *window])
        held, place = np.unique(flat, return_inverse=True)
        said = self._said(held, technique) / np.maximum(np.bincount(place, minlength=len(held)), 1)
        bounds = np.cumsum([0, *(len(columns) for columns in window)])
        sums = np.asarray([said[place[a:b]].sum() for a, b in itertools.pairwise(bounds)])
        sums = np.maximum(sums, 0.0)
        total = float(sums.sum())
        return (sums / total if total > 0 else np.full(len(sums), 1 / len(sums))).astype(np.float32)

    def word_scores(self, words: Sequence[str], technique: int) -> np.ndarray:
        """What each word adds, before a window is brought to unit length, float32 (n,); 0 where it has no weight."""
        columns = np.asarray([self._column.get(word, -1) for word in words], np.int64)
        return np.where(columns >= 0, self._said(np.maximum(columns, 0), technique), 0.0).astype(np.float32)

    def _said(self, columns: np.ndarray, technique: int) -> np.ndarray:
        """For an attack, and for this technique rather than the mean technique."""
        weights = self.weights[columns]
        said: np.ndarray = self.idf[columns] * (weights[:, 0] + weights[:, technique + 1] - weights[:, 1:].mean(axis=1))
        return said

    def weighted(self, presence: csr_matrix) -> csr_matrix:
        """Rows of inverse document frequencies, of unit length, of windows given as the words that they hold."""
        rows = presence.copy()
        rows.data = self.idf[rows.indices]
        sizes = np.diff(rows.indptr)
        squares = np.bincount(np.repeat(np.arange(len(sizes)), sizes), rows.data**2, minlength=len(sizes))
        rows.data /= np.repeat(np.sqrt(np.maximum(squares, 1e-12)), sizes).astype(np.float32)
        return rows

    def save(self, folder: Path) -> None:
        """Write ``head.npz``, ``words.txt`` and ``labels.json``."""
        arrays = {"weights": self.weights.astype(np.float16), "bias": self.bias, "idf": self.idf}
        np.savez_compressed(folder / "head.npz", allow_pickle=False, **arrays)
        (folder / "words.txt").write_text("\n".join(self.words) + "\n", encoding="ascii")
        labels = {
            "format": _FORMAT,
            "techniques": list(self.labels),
            "attack_scale": list(self.attack_scale),
            "technique_temperature": self.technique_temperature,
        }
        (folder / "labels.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> AttackHead:
        """Raises ModelError where the folder has no head, or one of another form."""
        if not (folder / "labels.json").is_file():
            raise ModelError(
                f"{folder}: this model has no ATT&CK head (labels.json), so it can embed logs but not detect in them; "
                "export it again without --no-head, or give no --model to use the shipped one"
            )
        try:
            labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            if labels.get("format") != _FORMAT:
                raise ModelError(f"{folder}: ATT&CK head of format {labels.get('format')}, expected {_FORMAT}")
            words = tuple((folder / "words.txt").read_text(encoding="ascii").split())
            with np.load(folder / "head.npz", allow_pickle=False) as arrays:
                data = dict(arrays)
            width, outputs = len(words), len(labels["techniques"]) + 1
            shapes = {"weights": (width, outputs), "bias": (outputs,), "idf": (width,)}
            if any(data[name].shape != shape for name, shape in shapes.items()):
                raise ModelError(f"{folder}: head.npz does not fit words.txt and labels.json")
            slope, intercept = labels["attack_scale"]
            return cls(
                labels=tuple(labels["techniques"]),
                words=words,
                idf=data["idf"],
                weights=data["weights"].astype(np.float32),
                bias=data["bias"],
                attack_scale=(float(slope), float(intercept)),
                technique_temperature=float(labels["technique_temperature"]),
            )
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise ModelError(f"{folder}: its ATT&CK head cannot be read ({error})") from error


def word_presence(windows: Sequence[Sequence[np.ndarray]], width: int) -> csr_matrix:
    """float32 CSR (w, width): 1 where an event of the window holds the word."""
    from scipy.sparse import csr_matrix

    sizes = [sum(len(columns) for columns in window) for window in windows]
    flat = np.concatenate([np.zeros(0, np.int32), *(columns for window in windows for columns in window)])
    keys = np.unique(np.repeat(np.arange(len(windows), dtype=np.int64), sizes) * width + flat)
    bounds = np.searchsorted(keys, np.arange(len(windows) + 1, dtype=np.int64) * width)
    return csr_matrix((np.ones(len(keys), np.float32), keys % width, bounds), shape=(len(windows), width))
