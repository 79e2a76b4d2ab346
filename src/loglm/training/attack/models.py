"""LogLM's rows of `loglm.evaluation.attack_benchmark`: the head, with rule hits, context, and a fine-tuned encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglm.context.usual import LEAST_PAST, moved_probability
from loglm.detection.head import AttackHead
from loglm.evaluation.attack_baselines import Fit, Scorer
from loglm.evaluation.attack_benchmark import BenchmarkModel
from loglm.evaluation.window_surprise import beyond_usual, past_windows
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack.examples import table_words
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.scoring import RULE_FUSION, fit_head, table_scorer
from loglm.training.attack.technique_encoders import TechniqueEncoders
from loglm.training.attack.technique_finetuning import FinetunePlan

__all__ = ["FittedHeads", "context_models", "encoder_models", "head_models"]

_ENCODER_SHARE = 0.25
"""Of the log-probability of a name, where head and encoder say it together."""


class FittedHeads:
    """The head of the fold and seed at work, fitted once for all rows."""

    def __init__(self, table: WindowTable, named: Sequence[NamedTexts]) -> None:
        """Take all windows, and texts to learn names from beside the recordings."""
        self.table = table
        self.named = named
        self.words = table_words(table, named)
        self._fitted: dict[tuple[frozenset[int], int], AttackHead] = {}

    def scorer(self, recordings: frozenset[int], labels: tuple[str, ...], seed: int, *, rules: bool) -> Scorer:
        """A scorer by the head that learned from some recordings, with rule hits fused in where ``rules`` is set."""
        key = recordings, seed
        if key not in self._fitted:
            self._fitted = {key: fit_head(self.table, self.words, recordings, labels, seed=seed)}
        return table_scorer(self.table, self.words, self._fitted[key], rules=rules)


def head_models(heads: FittedHeads) -> list[BenchmarkModel]:
    """The head alone and with the hits of rules."""
    return [
        BenchmarkModel("LogLM head", _head_fit(heads, rules=False)),
        BenchmarkModel("LogLM head + rule hits", _head_fit(heads, rules=True), reads_rules=True),
    ]


def context_models(
    heads: FittedHeads, bits: np.ndarray, *, intercept: float = RULE_FUSION.context_intercept
) -> list[BenchmarkModel]:
    """The same with the surprise of windows beyond their entity's usual added to the attack logit.

    Techniques are named as without, and a window without past is no different. Each twice: with thresholds set on the
    moved scores, and as detection has it, with those of the head alone and an intercept.

    Args:
        heads: What the head's rows use too.
        bits: float (windows,): `loglm.evaluation.window_surprise.window_surprise`.
        intercept: See `loglm.detection.calibration.Calibration.context_intercept`.
    """
    moved = beyond_usual(heads.table, bits)
    detected = np.where(past_windows(heads.table) >= LEAST_PAST, moved + intercept, 0.0)
    own = [
        replace(row, name=f"{row.name} + context", alarm=_moved_fit(row.fit, moved), against=row.name)
        for row in head_models(heads)
    ]
    as_detected = [
        replace(
            row, name=f"{row.name} as detected", alarm=_moved_fit(row.fit, detected), against="", limits_of_fit=True
        )
        for row in own
    ]
    return own + as_detected


def _head_fit(heads: FittedHeads, *, rules: bool) -> Fit:
    return lambda recordings, labels, seed: heads.scorer(recordings, labels, seed, rules=rules)


def _moved_fit(alone: Fit, moved: np.ndarray) -> Fit:
    """A fit whose attack logits are moved, by float (windows,)."""

    def fit(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        scorer = alone(recordings, labels, seed)

        def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            attack, technique = scorer(windows)
            return moved_probability(attack, moved[windows]), technique

        return score

    return fit


def encoder_models(
    heads: FittedHeads,
    trained: Path,
    *,
    plan: FinetunePlan,
    kept: Path | None = None,
    report: Callable[[int, float], None] | None = None,
) -> list[BenchmarkModel]:
    """Names by an encoder fine-tuned end to end, alone and together with the head; alarms by the head.

    Args:
        heads: What the head's rows use too, so that none is fitted twice; the encoder learns from the same.
        trained: Run folder, or model folder with weights.
        plan: How to fine-tune; the seed is the benchmark's.
        kept: Folder for what encoders said, so that they need not be trained again.
        report: Called after each step with the tokens read so far and the loss in nats.

    Raises:
        ModelError: ``trained`` holds no weights.
    """
    encoders = TechniqueEncoders(heads.table, heads.words, heads.named, trained, plan, kept=kept, report=report)

    def alone(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        head, names = heads.scorer(recordings, labels, seed, rules=False), encoders.names(recordings, labels, seed)
        return lambda windows: (head(windows)[0], names(windows))

    def together(recordings: frozenset[int], labels: tuple[str, ...], seed: int) -> Scorer:
        head, names = heads.scorer(recordings, labels, seed, rules=False), encoders.names(recordings, labels, seed)

        def score(windows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            attack, technique = head(windows)
            joined = technique ** (1 - _ENCODER_SHARE) * np.maximum(names(windows), 1e-6) ** _ENCODER_SHARE
            return attack, joined / joined.sum(axis=1, keepdims=True)

        return score

    return [BenchmarkModel("fine-tuned encoder", alone), BenchmarkModel("LogLM head + fine-tuned encoder", together)]
