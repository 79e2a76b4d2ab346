"""AttackHead: what each event says about being an attack and about which technique, pooled over a window.

The head is additive over a window's events (additive multiple-instance learning, Javed et al. 2022,
arXiv:2206.01794): an event has an attention score, an attack logit and a logit for each technique; a window's logits
are the attention-weighted means of its events'. So the share that each event had in a verdict is exact, and since
every part depends on one event's text alone, it is computed once per distinct text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from loglm.detection.features import FEATURE_BITS, hash_features, hash_names
from loglm.errors import ModelError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

__all__ = ["AttackHead", "EventScores", "WindowScores"]


@dataclass(frozen=True, slots=True)
class EventScores:
    """What single events say. Rows are distinct texts."""

    attention: np.ndarray
    """float32 (n,): weight in the window before the softmax."""
    attack: np.ndarray
    """float32 (n,): logit that the event belongs to an attack."""
    technique: np.ndarray
    """float32 (n, C): logits over techniques."""


@dataclass(frozen=True, slots=True)
class WindowScores:
    """What windows say."""

    attack: np.ndarray
    """float32 (w,): probability that the window belongs to an attack. Higher is likelier."""
    technique: np.ndarray
    """float32 (w, C): probability of each technique, given that the window belongs to an attack; rows sum to 1."""
    weights: list[np.ndarray]
    """Per window, float32 (events,): attention of each event, summing to 1."""


@dataclass(frozen=True, slots=True)
class AttackHead:
    """Weights over hashed features and, where it has them, over event vectors."""

    labels: tuple[str, ...]
    """Technique ids, C of them."""
    feature_index: np.ndarray
    """int32 (K,), ascending: hashed features that have weights."""
    feature_weights: np.ndarray
    """float32 (K, C + 2): columns attention, attack, techniques; kept in a folder as float16."""
    bias: np.ndarray
    """float32 (C + 2,)."""
    idf: np.ndarray
    """float32 (K,): weight of each feature before the row is brought to unit length."""
    vector_weights: np.ndarray | None
    """float32 (D, C + 2): weights of the event vector; None for a head on sparse features alone."""
    attack_scale: tuple[float, float]
    """Slope and intercept that calibrate the attack logit."""
    technique_temperature: float
    """Divides technique logits before the softmax."""

    def score_events(self, texts: Sequence[str], vectors: np.ndarray | None = None) -> EventScores:
        """Scores of rendered events; ``vectors`` float32 (n, D) where the head uses them."""
        return self.score_features(hash_features(texts), vectors)

    def score_features(self, hashed: csr_matrix, vectors: np.ndarray | None = None) -> EventScores:
        """Scores of events from their `hash_features`, CSR (n, 2**FEATURE_BITS)."""
        rows = hashed[:, self.feature_index]
        rows = rows.multiply(self.idf[None, :]).tocsr()
        norms = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1))).ravel()
        rows = rows.multiply(1.0 / np.maximum(norms, 1e-6)[:, None]).tocsr()
        scores = rows @ self.feature_weights + self.bias
        if self.vector_weights is not None:
            if vectors is None:
                raise ModelError("this head needs event vectors; give the encoder's")
            scores = scores + vectors @ self.vector_weights
        scores = np.asarray(scores, np.float32)
        return EventScores(scores[:, 0], scores[:, 1], scores[:, 2:])

    def score_windows(self, events: EventScores, windows: Sequence[Sequence[int]]) -> WindowScores:
        """Pool events into windows; each window is the list of its rows in ``events``, repeats allowed."""
        attack = np.zeros(len(windows), np.float32)
        technique = np.zeros((len(windows), len(self.labels)), np.float32)
        weights = []
        for index, rows in enumerate(windows):
            attention = events.attention[rows]
            weight = np.exp(attention - attention.max())
            weight /= weight.sum()
            weights.append(weight)
            attack[index] = weight @ events.attack[rows]
            technique[index] = weight @ events.technique[rows]
        slope, intercept = self.attack_scale
        technique /= self.technique_temperature
        technique = np.exp(technique - technique.max(axis=1, keepdims=True))
        technique /= technique.sum(axis=1, keepdims=True)
        return WindowScores(1 / (1 + np.exp(-(slope * attack + intercept))), technique, weights)

    def feature_scores(self, names: Sequence[str], technique: int) -> np.ndarray:
        """What each named feature adds to the attack logit and the technique's, float32 (n,); 0 where unknown."""
        wanted = hash_names(names)
        at = np.minimum(np.searchsorted(self.feature_index, wanted), len(self.feature_index) - 1)
        known = self.feature_index[at] == wanted
        weights = self.feature_weights[at][:, [1, technique + 2]].sum(axis=1) * self.idf[at]
        return np.where(known, weights, 0.0).astype(np.float32)

    def save(self, folder: Path) -> None:
        """Write ``head.npz`` and ``labels.json``."""
        weights = self.feature_weights.astype(np.float16)
        arrays = {"feature_index": self.feature_index, "feature_weights": weights, "bias": self.bias, "idf": self.idf}
        if self.vector_weights is not None:
            arrays["vector_weights"] = self.vector_weights
        np.savez_compressed(folder / "head.npz", allow_pickle=False, **arrays)
        labels = {
            "techniques": list(self.labels),
            "feature_bits": FEATURE_BITS,
            "attack_scale": list(self.attack_scale),
            "technique_temperature": self.technique_temperature,
        }
        (folder / "labels.json").write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> AttackHead:
        """Raises ModelError where the folder has no head, or one of another feature space."""
        try:
            labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            with np.load(folder / "head.npz", allow_pickle=False) as arrays:
                data = dict(arrays)
            if labels["feature_bits"] != FEATURE_BITS:
                raise ModelError(f"{folder}: head over {labels['feature_bits']} feature bits, expected {FEATURE_BITS}")
            slope, intercept = labels["attack_scale"]
            return cls(
                labels=tuple(labels["techniques"]),
                feature_index=data["feature_index"],
                feature_weights=data["feature_weights"].astype(np.float32),
                bias=data["bias"],
                idf=data["idf"],
                vector_weights=data.get("vector_weights"),
                attack_scale=(float(slope), float(intercept)),
                technique_temperature=float(labels["technique_temperature"]),
            )
        except (OSError, KeyError, ValueError) as error:
            raise ModelError(f"{folder}: its ATT&CK head cannot be read ({error})") from error
