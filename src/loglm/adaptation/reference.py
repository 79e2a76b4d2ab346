"""What a model knew before: reference windows with labels, and the gate that asks whether it still knows it.

They ship with the package as sets of words (``data/reference``, made by ``scripts/build_reference_windows.py`` from
recordings whose licence allows it) and are the same for each model. The shipped head learned from most of them, so
that its figures on them are no measure of how good it is, only of what an adaptation takes away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from loglm.artifacts.folder import open_model_dir
from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead, word_presence
from loglm.errors import ModelError

__all__ = ["KnownScores", "ReferenceWindows", "known_scores", "losses_in_words", "reference_dir"]

_ASKED = ("ranking", "recall", "named", "alerting")
_CLEAN_SHARE = 0.01
"""Of the benign reference windows that alert where recall is taken."""


@dataclass(frozen=True, slots=True)
class ReferenceWindows:
    """Labelled windows as sets of words."""

    words: tuple[str, ...]
    rows: tuple[np.ndarray, ...]
    """Per window, int32: its words, as places in ``words``."""
    attack: np.ndarray
    """bool (w,)."""
    channel: tuple[str, ...]
    """``product/service`` of each window."""
    techniques: tuple[frozenset[str], ...]
    """Base techniques of each attack window; empty where none is known."""
    asked: np.ndarray
    """bool (w,): windows that the gate asks about; the others are for adaptations to learn from again. No recording is
    on both sides."""

    def side(self, *, asked: bool) -> ReferenceWindows:
        """The windows of one side."""
        index = np.flatnonzero(self.asked == asked)
        return ReferenceWindows(
            words=self.words,
            rows=tuple(self.rows[i] for i in index),
            attack=self.attack[index],
            channel=tuple(self.channel[i] for i in index),
            techniques=tuple(self.techniques[i] for i in index),
            asked=self.asked[index],
        )

    @classmethod
    def load(cls, folder: Path | None = None) -> ReferenceWindows:
        """Read those that ship, or those of another folder.

        Raises:
            ModelError: The folder is not there, altered, or of another form.
        """
        folder, _ = open_model_dir(reference_dir() if folder is None else folder)
        try:
            words = tuple((folder / "words.txt").read_text(encoding="ascii").split())
            about = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
            with np.load(folder / "windows.npz", allow_pickle=False) as arrays:
                data = dict(arrays)
            rows = np.split(data["words"].astype(np.int32), data["ends"][:-1])
            channel = tuple(about["channels"][i] for i in data["channel"])
            techniques = tuple(frozenset(about["technique_sets"][i]) for i in data["techniques"])
            attack, asked = (data[name].astype(bool) for name in ("attack", "asked"))
            return cls(words, tuple(rows), attack, channel, techniques, asked)
        except (OSError, KeyError, IndexError, TypeError, ValueError) as error:
            raise ModelError(f"{folder}: reference windows cannot be read ({error})") from error

    def save(self, folder: Path) -> None:
        """Write ``words.txt``, ``labels.json`` and ``windows.npz``."""
        channels, sets = sorted(set(self.channel)), sorted({tuple(sorted(names)) for names in self.techniques})
        (folder / "words.txt").write_text("\n".join(self.words) + "\n", encoding="ascii")
        (folder / "labels.json").write_text(
            json.dumps({"channels": channels, "technique_sets": sets}) + "\n", encoding="utf-8"
        )
        np.savez_compressed(
            folder / "windows.npz",
            allow_pickle=False,
            words=np.concatenate(self.rows).astype(np.uint16 if len(self.words) < 1 << 16 else np.int32),
            ends=np.cumsum([len(row) for row in self.rows]).astype(np.int32),
            attack=self.attack,
            asked=self.asked,
            channel=np.asarray([channels.index(name) for name in self.channel], np.int16),
            techniques=np.asarray([sets.index(tuple(sorted(names))) for names in self.techniques], np.int16),
        )

    def columns(self, head: AttackHead) -> list[np.ndarray]:
        """The windows as columns of a head, without the words that it does not know."""
        place = {word: column for column, word in enumerate(head.words)}
        of = np.asarray([place.get(word, -1) for word in self.words], np.int32)
        return [np.sort(found[found >= 0]) for row in self.rows for found in (of[row],)]


@dataclass(frozen=True, slots=True)
class KnownScores:
    """How a model does on the reference windows, each share in 0..1; higher is better but for the last."""

    ranking: float
    """Average precision of attack windows against benign ones, by p(attack)."""
    recall: float
    """Share of attack windows above all but 1 % of the benign ones."""
    named: float
    """Share of attack windows whose likeliest technique is among the labels, of those that have some."""
    alerting: float
    """Share of attack windows at or above the model's own thresholds."""
    benign_alerting: float
    """Share of benign windows at or above them; lower is better."""

    def losses(self, after: KnownScores) -> dict[str, float]:
        """By how much each share fell, and ``benign_alerting`` rose; negative where it is better than before."""
        falls = {name: getattr(self, name) - getattr(after, name) for name in _ASKED}
        return falls | {"benign_alerting": after.benign_alerting - self.benign_alerting}

    def lost(self, after: KnownScores, margin: float) -> dict[str, float]:
        """What is worse than before by more than a margin, in 0..1: the reasons for which the gate refuses."""
        return {name: round(loss, 4) for name, loss in self.losses(after).items() if round(loss, 4) > margin}


def losses_in_words(lost: dict[str, float]) -> str:
    """What `KnownScores.lost` says, for messages: ``ranking down by 0.061``, joined by commas."""
    words = "share of benign windows that alert"
    return ", ".join(
        f"{words} up by {loss:.3f}" if name == "benign_alerting" else f"{name} down by {loss:.3f}"
        for name, loss in lost.items()
    )


def known_scores(reference: ReferenceWindows, head: AttackHead, calibration: Calibration) -> KnownScores:
    """What a model says of the reference windows that are asked about."""
    from sklearn.metrics import average_precision_score

    reference = reference.side(asked=True)
    scores = head.score_rows(word_presence([[row] for row in reference.columns(head)], len(head.words)))
    attack = reference.attack
    limit = np.asarray([calibration.threshold_for(name) for name in reference.channel])
    alerts = scores.attack >= limit
    named = np.asarray([bool(names) for names in reference.techniques]) & attack
    best = [head.labels[i] for i in scores.technique.argmax(axis=1)]
    right = np.asarray([name in names for name, names in zip(best, reference.techniques, strict=True)])
    line = float(np.quantile(scores.attack[~attack], 1 - _CLEAN_SHARE))
    return KnownScores(
        ranking=round(float(average_precision_score(attack, scores.attack)), 4),
        recall=round(float((scores.attack[attack] > line).mean()), 4),
        named=round(float(right[named].mean()), 4),
        alerting=round(float(alerts[attack].mean()), 4),
        benign_alerting=round(float(alerts[~attack].mean()), 4),
    )


def reference_dir() -> Path:
    """The folder of the reference windows inside the package."""
    return Path(__file__).resolve().parents[1] / "data" / "reference"
