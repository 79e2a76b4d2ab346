"""Calibration of an ATT&CK head on recordings that its cross-fitted copies were not trained on.

Recordings are split into folds by environment; each fold is scored by a head that never saw it. From these scores
come the scale of the attack logit, the temperature of the technique logits, and a threshold per log channel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from loglm.detection.calibration import Calibration
from loglm.detection.head import AttackHead
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack_examples import RULE_FUSION, Scorer, background_windows, rule_hits

__all__ = ["OutOfFold", "calibrate", "environment_folds", "out_of_fold_metrics", "score_out_of_fold"]

_MIN_CHANNEL_WINDOWS = 20
_SURE_CHANNEL_WINDOWS = 200
_PER_CHANNEL = 500
_HIGHEST_THRESHOLD = 0.995


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Scores of windows by heads that were not trained on their recordings."""

    windows: np.ndarray
    """int64 (w,): indices into the table."""
    attack: np.ndarray
    """float32 (w,): uncalibrated attack probabilities."""
    technique: np.ndarray
    """float32 (w, C): technique probabilities at temperature 1."""


def environment_folds(table: WindowTable, recordings: set[int], *, count: int = 3) -> list[set[int]]:
    """Recordings split by environment (single recordings of collections), about equally many windows in each."""
    sizes: dict[str, int] = defaultdict(int)
    groups: dict[str, set[int]] = defaultdict(set)
    windows = np.bincount(table.recording, minlength=len(table.recordings))
    for index in sorted(recordings):
        recording = table.recordings[index]
        key = recording.environment if recording.kind == "benign" else recording.file
        groups[key].add(index)
        sizes[key] += int(windows[index])
    folds: list[set[int]] = [set() for _ in range(count)]
    loads = [0] * count
    for key in sorted(groups, key=lambda k: (-sizes[k], k)):
        lightest = loads.index(min(loads))
        folds[lightest] |= groups[key]
        loads[lightest] += sizes[key]
    return folds


def score_out_of_fold(
    table: WindowTable, recordings: set[int], fit: Callable[[set[int]], Scorer], *, folds: int = 3
) -> OutOfFold:
    """Score every window of ``recordings`` with a head fitted on the other folds."""
    parts = []
    of = np.asarray(table.recording)
    for fold in environment_folds(table, recordings, count=folds):
        windows = np.flatnonzero(np.isin(of, sorted(fold)))
        parts.append((windows, *fit(recordings - fold)(windows)))
    return OutOfFold(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def calibrate(
    table: WindowTable, head: AttackHead, scores: OutOfFold, *, false_positives: float
) -> tuple[AttackHead, Calibration]:
    """The head with its scales set, and thresholds per channel.

    Args:
        table: All windows.
        head: The head to calibrate.
        scores: Out-of-fold scores.
        false_positives: Share of a channel's benign windows that may be at or above its threshold. Background
            windows of attack recordings count as benign where a channel has no benign recording.
    """
    kinds = np.asarray([table.recordings[table.recording[w]].kind for w in scores.windows])
    background = background_windows(table, scores.windows)
    benign, attacked = (kinds == "benign") | background, (kinds == "attack") & ~background
    slope, intercept = _platt(scores.attack, benign, attacked)
    logits = slope * _logit(scores.attack) + intercept
    probability = 1 / (1 + np.exp(-logits))
    thresholds: dict[str, float] = {}
    by_channel: dict[str, list[float]] = defaultdict(list)
    for window, value, is_benign in zip(scores.windows, probability, benign, strict=True):
        if is_benign:
            by_channel[table.channel[window]].append(float(value))
    everywhere = _threshold(np.concatenate([_spread(values) for values in by_channel.values()]), false_positives)
    for channel, values in by_channel.items():
        if len(values) >= _MIN_CHANNEL_WINDOWS:
            own = _threshold(np.asarray(values), false_positives)
            thresholds[channel] = own if len(values) >= _SURE_CHANNEL_WINDOWS else max(own, everywhere)
    calibrated = replace(
        head,
        attack_scale=(slope, intercept),
        technique_temperature=_temperature(table, head, scores, attacked),
    )
    return calibrated, replace(RULE_FUSION, threshold=everywhere, channel_thresholds=dict(sorted(thresholds.items())))


def out_of_fold_metrics(
    table: WindowTable, head: AttackHead, scores: OutOfFold, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """Shares over attack recordings, split by recording: right first, right among three, alerted, right and alerted.

    ``model`` without and ``model+rules`` with rule hits; and the share of each clean machine's windows that alert.
    Recordings of one dataset are on both sides of the split, so these figures hold for data like that learned from;
    leaving whole datasets out (`loglm evaluate attack`) gives lower ones.
    """
    slope, intercept = head.attack_scale
    attack = 1 / (1 + np.exp(-(slope * _logit(scores.attack) + intercept)))
    technique = np.exp(np.log(np.maximum(scores.technique, 1e-12)) / head.technique_temperature)
    technique /= technique.sum(axis=1, keepdims=True)
    by_recording: dict[int, list[int]] = defaultdict(list)
    for row, window in enumerate(scores.windows):
        by_recording[table.recording[window]].append(row)
    results = {}
    for name in ("model", "model+rules"):
        hits = [rule_hits(table.rules[w]) if name == "model+rules" else [] for w in scores.windows]
        fused = [calibration.fuse(float(a), t, h, head.labels) for a, t, h in zip(attack, technique, hits, strict=True)]
        alerts = [
            p >= calibration.threshold_for(table.channel[w]) for (p, _), w in zip(fused, scores.windows, strict=True)
        ]
        rows = []
        for index, members in by_recording.items():
            recording = table.recordings[index]
            if recording.kind == "attack" and recording.base_techniques:
                best = sorted(members, key=lambda row: -fused[row][0])[:8]
                ranking = np.argsort(-np.mean([fused[row][0] * fused[row][1] for row in best], axis=0))[:3]
                right = [head.labels[i] in recording.base_techniques for i in ranking]
                alerted = any(alerts[row] for row in members)
                rows.append((right[0], any(right), alerted, right[0] and alerted))
        shares = np.asarray(rows, float).mean(axis=0).round(3).tolist()
        results[name] = dict(zip(("top_1", "top_3", "alerted", "right_and_alerted"), shares, strict=True))
        results[name]["recordings"] = len(rows)
        clean: dict[str, list[bool]] = defaultdict(list)
        for alert, window in zip(alerts, scores.windows, strict=True):
            recording = table.recordings[table.recording[window]]
            if recording.kind == "benign":
                clean[recording.environment].append(bool(alert))
        for machine, said in sorted(clean.items()):
            results[name][f"clean windows alerting, {machine} ({len(said)})"] = round(float(np.mean(said)), 4)
    return results


def _spread(values: list[float]) -> np.ndarray:
    """At most `_PER_CHANNEL` of a channel's values, evenly over their order, so that no channel swamps the rest."""
    ordered = np.sort(np.asarray(values, np.float64))
    picked: np.ndarray = ordered[np.linspace(0, len(ordered) - 1, min(len(ordered), _PER_CHANNEL)).astype(int)]
    return picked


def _threshold(benign: np.ndarray, share: float) -> float:
    return float(min(_HIGHEST_THRESHOLD, max(0.5, round(float(np.quantile(benign, 1 - share)) + 1e-4, 4))))


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(clipped / (1 - clipped))


def _platt(attack: np.ndarray, benign: np.ndarray, attacked: np.ndarray) -> tuple[float, float]:
    """Slope and intercept of the logit, fitted with both classes weighing the same (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    known = benign | attacked
    fitted = LogisticRegression(class_weight="balanced").fit(_logit(attack[known])[:, None], attacked[known])
    return max(0.05, float(fitted.coef_[0, 0])), float(fitted.intercept_[0])


def _temperature(table: WindowTable, head: AttackHead, scores: OutOfFold, attacked: np.ndarray) -> float:
    """What the technique logits are divided by for the best likelihood of the recordings' labels."""
    column = {label: index for index, label in enumerate(head.labels)}
    rows, targets = [], []
    for row in np.flatnonzero(attacked):
        recording = table.recordings[table.recording[scores.windows[row]]]
        names = [column[name] for name in recording.base_techniques if name in column]
        if names:
            rows.append(row)
            targets.append(names)
    if not rows:
        return 1.0
    logits = np.log(np.maximum(scores.technique[rows], 1e-12))
    best, best_loss = 1.0, np.inf
    for temperature in (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6):
        scaled = np.exp(logits / temperature)
        scaled /= scaled.sum(axis=1, keepdims=True)
        loss = -float(np.mean([np.log(scaled[i, t].sum() + 1e-12) for i, t in enumerate(targets)]))
        if loss < best_loss:
            best, best_loss = temperature, loss
    return best
