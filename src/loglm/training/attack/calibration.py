"""Calibration of an ATT&CK head on environments that its cross-fitted copies never met.

Datasets and clean machines are dealt into folds; each fold is scored by a head that learned from the others alone.
From these scores come the scale of the attack logit, the temperature of the technique logits, and a threshold per log
channel, so that they hold for an environment that is new to the head.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from loglm.detection.calibration import Calibration, ChannelBasis
from loglm.detection.head import AttackHead
from loglm.evaluation.attack_background import background_windows
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.attack_metrics import channel_thresholds, recording_ranking
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack.scoring import RULE_FUSION, rule_hits

__all__ = ["OutOfFold", "calibrate", "environment_folds", "out_of_fold_metrics", "score_out_of_fold"]

_MANY_WINDOWS = 100
_WORTH_NAMING = 0.1
"""Share of names that must be right for one to be given; of findings below, "unknown technique" is said."""
_NEAR_MISSES = frozenset({"open-xp-rules", "panther", "vxcontrol-xp-rules"})
"""Benign events that authors of rules wrote to resemble attacks: to learn from, no measure of false alarms."""


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Scores of windows by heads that did not learn from their environment."""

    windows: np.ndarray
    """int64 (w,): indices into the table."""
    attack: np.ndarray
    """float32 (w,): uncalibrated attack probabilities."""
    technique: np.ndarray
    """float32 (w, C): technique probabilities at temperature 1."""


def environment_folds(table: WindowTable, recordings: frozenset[int], *, count: int = 6) -> list[frozenset[int]]:
    """Recordings dealt into folds, whole datasets and whole clean machines, about equally many windows of each kind."""
    groups: dict[str, set[int]] = defaultdict(set)
    windows = np.bincount(table.recording, minlength=len(table.recordings))
    for index in recordings:
        recording = table.recordings[index]
        groups[recording.dataset if recording.kind in ("attack", "mixed") else recording.environment].add(index)
    sizes = {key: int(windows[list(group)].sum()) for key, group in groups.items()}
    clean = {key for key, group in groups.items() if all(table.recordings[i].kind == "benign" for i in group)}
    folds: list[frozenset[int]] = [frozenset()] * count
    loads = {True: [0] * count, False: [0] * count}
    for key in sorted(groups, key=lambda k: (-sizes[k], k)):
        load = loads[key in clean]
        lightest = load.index(min(load))
        folds[lightest] |= groups[key]
        load[lightest] += sizes[key]
    return [fold for fold in folds if fold]


def score_out_of_fold(
    table: WindowTable, recordings: frozenset[int], fit: Callable[[frozenset[int]], Scorer]
) -> OutOfFold:
    """Score every window of ``recordings`` with a head fitted on the other folds."""
    parts = []
    of = np.asarray(table.recording)
    for fold in environment_folds(table, recordings):
        windows = np.flatnonzero(np.isin(of, sorted(fold)))
        parts.append((windows, *fit(recordings - fold)(windows)))
    return OutOfFold(*(np.concatenate([part[i] for part in parts]) for i in range(3)))


def calibrate(
    table: WindowTable, head: AttackHead, scores: OutOfFold, *, false_positives: float
) -> tuple[AttackHead, Calibration]:
    """The head with its scales set, and thresholds per channel with what each rests on.

    Args:
        table: All windows.
        head: The head to calibrate.
        scores: Out-of-fold scores.
        false_positives: Share of the clean machines' windows that may alert (`channel_thresholds`).
    """
    channel = np.asarray(table.channel)[scores.windows]
    clean = _of_kind(table, scores.windows, "benign") & ~_near_misses(table, scores.windows)
    background = background_windows(table, scores.windows)
    attacked = _of_kind(table, scores.windows, "attack") & ~background
    slope, intercept = _platt(scores.attack, clean | background, attacked)
    probability = 1 / (1 + np.exp(-(slope * _logit(scores.attack) + intercept)))
    thresholds = channel_thresholds(probability, channel, clean, background, share=false_positives)
    calibrated = replace(
        head,
        attack_scale=(slope, intercept),
        technique_temperature=_temperature(table, head, scores, attacked),
    )
    limits = np.asarray([thresholds.of(name) for name in channel])
    calibration = replace(
        RULE_FUSION,
        threshold=_rounded_up(thresholds.unfamiliar),
        channel_thresholds={name: _rounded_up(value) for name, value in sorted(thresholds.by_channel.items())},
        name_threshold=_name_threshold(table, calibrated, scores, attacked & (probability >= limits)),
        channel_basis=dict(_basis(table, scores.windows, clean, background)),
    )
    return calibrated, calibration


def out_of_fold_metrics(
    table: WindowTable, head: AttackHead, scores: OutOfFold, calibration: Calibration
) -> dict[str, dict[str, float]]:
    """Shares over attack recordings of environments left out: right first, right among three, alerted, both.

    ``model`` without and ``model+rules`` with rule hits; the share of each clean machine's windows that alert; and of
    the background windows of the largest channels, which are no clean data. Thresholds were set on the same scores;
    `loglm evaluate attack` sets them on others.
    """
    slope, intercept = head.attack_scale
    attack = 1 / (1 + np.exp(-(slope * _logit(scores.attack) + intercept)))
    technique = _at_temperature(scores, head)
    limits = np.asarray([calibration.threshold_for(table.channel[w]) for w in scores.windows])
    results = {}
    for name in ("model", "model+rules"):
        hits = [rule_hits(table.rules[w]) if name == "model+rules" else [] for w in scores.windows]
        fused = [calibration.fuse(float(a), t, h, head.labels) for a, t, h in zip(attack, technique, hits, strict=True)]
        probability = np.asarray([p for p, _ in fused])
        alerts = probability >= limits
        results[name] = _recording_shares(table, scores.windows, probability, [t for _, t in fused], alerts, head)
        results[name] |= _alerting(table, scores.windows, alerts)
    return results


def _recording_shares(
    table: WindowTable,
    windows: np.ndarray,
    attack: np.ndarray,
    technique: list[np.ndarray],
    alerts: np.ndarray,
    head: AttackHead,
) -> dict[str, float]:
    members: dict[int, list[int]] = defaultdict(list)
    for row, window in enumerate(windows):
        members[table.recording[window]].append(row)
    outcomes = []
    for index, rows in members.items():
        recording = table.recordings[index]
        if recording.kind == "attack" and recording.base_techniques:
            ranking = np.argsort(-recording_ranking(attack[rows], np.asarray([technique[row] for row in rows])))[:3]
            right = [head.labels[i] in recording.base_techniques for i in ranking]
            alerted = bool(alerts[rows].any())
            outcomes.append((right[0], any(right), alerted, right[0] and alerted))
    shares = np.asarray(outcomes, float).mean(axis=0).round(3).tolist()
    named = dict(zip(("top_1", "top_3", "alerted", "right_and_alerted"), shares, strict=True))
    return named | {"recordings": len(outcomes)}


def _alerting(table: WindowTable, windows: np.ndarray, alerts: np.ndarray) -> dict[str, float]:
    said: dict[str, list[bool]] = defaultdict(list)
    background = background_windows(table, windows)
    for alert, window, is_background in zip(alerts, windows, background, strict=True):
        recording = table.recordings[table.recording[window]]
        if recording.kind == "benign":
            what = "near misses" if recording.dataset in _NEAR_MISSES else "clean windows"
            said[f"{what} alerting, {recording.environment}"].append(bool(alert))
        elif recording.kind == "ordinary":
            said[f"ordinary windows alerting, {recording.dataset}"].append(bool(alert))
        elif is_background:
            said[f"background windows alerting, {table.channel[window]}"].append(bool(alert))
    return {
        f"{name} ({len(values)})": round(float(np.mean(values)), 4)
        for name, values in sorted(said.items())
        if not name.startswith("background") or len(values) >= _MANY_WINDOWS
    }


def _basis(
    table: WindowTable, windows: np.ndarray, clean: np.ndarray, background: np.ndarray
) -> Iterator[tuple[str, ChannelBasis]]:
    channel = np.asarray(table.channel)[windows]
    machine = np.asarray([table.recordings[table.recording[w]].environment for w in windows])
    for name in np.unique(channel[clean | background]):
        here = channel == name
        machines = len(np.unique(machine[here & clean]))
        yield str(name), ChannelBasis(int((here & clean).sum()), machines, int((here & background).sum()))


def _near_misses(table: WindowTable, windows: np.ndarray) -> np.ndarray:
    return np.asarray([table.recordings[table.recording[w]].dataset in _NEAR_MISSES for w in windows], bool)


def _of_kind(table: WindowTable, windows: np.ndarray, kind: str) -> np.ndarray:
    return np.asarray([table.recordings[table.recording[w]].kind == kind for w in windows], bool)


def _rounded_up(threshold: float) -> float:
    return math.ceil(threshold * 10_000) / 10_000


def _name_threshold(table: WindowTable, head: AttackHead, scores: OutOfFold, alerting: np.ndarray) -> float:
    """The highest probability of the first technique below which fewer than `_WORTH_NAMING` of the names are right.

    Each recording weighs the same, however many of its windows alert.
    """
    technique = _at_temperature(scores, head)[alerting]
    recording = np.asarray(table.recording)[scores.windows[alerting]]
    if len(recording) < _MANY_WINDOWS:
        return 0.0
    names = [head.labels[column] for column in technique.argmax(axis=1)]
    right = np.asarray([n in table.recordings[r].base_techniques for n, r in zip(names, recording, strict=True)])
    weight = 1 / np.bincount(recording)[recording]
    order = np.argsort(technique.max(axis=1))
    share = np.cumsum((right * weight)[order]) / np.cumsum(weight[order])
    poor = np.flatnonzero(share[_MANY_WINDOWS:] < _WORTH_NAMING)
    return round(float(technique.max(axis=1)[order][_MANY_WINDOWS + poor[-1]]), 4) if len(poor) else 0.0


def _at_temperature(scores: OutOfFold, head: AttackHead) -> np.ndarray:
    """Technique probabilities of out-of-fold scores at the temperature of a calibrated head, (w, C)."""
    technique: np.ndarray = np.exp(np.log(np.maximum(scores.technique, 1e-12)) / head.technique_temperature)
    technique /= technique.sum(axis=1, keepdims=True)
    return technique


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
