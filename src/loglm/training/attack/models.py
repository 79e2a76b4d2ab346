"""LogLM's rows of `loglm.evaluation.attack_benchmark`: the head, with rule hits, context, and a fine-tuned encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

from loglm.detection.head import AttackHead
from loglm.evaluation.attack_baselines import Fit, Scorer
from loglm.evaluation.attack_benchmark import BenchmarkModel
from loglm.evaluation.usual_words import LEAST_PAST, past_windows, unusual_words
from loglm.evaluation.window_table import WindowTable
from loglm.training.attack.examples import table_words
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.scoring import fit_head, table_scorer
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
        self._unusual: csr_matrix | None = None
        self._fitted: dict[tuple[frozenset[int], int], AttackHead] = {}

    def scorer(
        self, recordings: frozenset[int], labels: tuple[str, ...], seed: int, *, rules: bool, context: bool = False
    ) -> Scorer:
        """A scorer by the head that learned from some recordings.

        Args:
            recordings: What it learned from.
            labels: Base techniques that it knows.
            seed: Of its training.
            rules: Fuse rule hits in.
            context: Weigh words for the alarm by how usual they are for the entity (`loglm.evaluation.usual_words`).
        """
        key = recordings, seed
        if key not in self._fitted:
            self._fitted = {key: fit_head(self.table, self.words, recordings, labels, seed=seed)}
        unusual = self._unusual_words() if context else None
        return table_scorer(self.table, self.words, self._fitted[key], rules=rules, unusual=unusual)

    def _unusual_words(self) -> csr_matrix:
        if self._unusual is None:
            self._unusual = unusual_words(self.table, self.words.windows)
        return self._unusual


def head_models(heads: FittedHeads) -> list[BenchmarkModel]:
    """The head alone and with the hits of rules."""
    return [
        BenchmarkModel("LogLM head", _head_fit(heads, rules=False)),
        BenchmarkModel("LogLM head + rule hits", _head_fit(heads, rules=True), reads_rules=True),
    ]


def context_models(heads: FittedHeads) -> list[BenchmarkModel]:
    """The same with the entity's past, each after the row that it is compared with.

    A window without past is no different with context. That more of the clean windows than of the attacks have a past
    would still move the one threshold of all, so those with and without have thresholds of their own, in the row to
    compare with too.
    """
    has_past = past_windows(heads.table) >= LEAST_PAST
    models = []
    for name, rules in (("LogLM head", False), ("LogLM head + rule hits", True)):
        alone, against = _head_fit(heads, rules=rules), f"{name}, by past"
        models += [
            BenchmarkModel(against, alone, has_past=has_past, reads_rules=rules),
            BenchmarkModel(
                f"{name} + context",
                alone,
                alarm=_head_fit(heads, rules=rules, context=True),
                has_past=has_past,
                reads_rules=rules,
                against=against,
            ),
        ]
    return models


def _head_fit(heads: FittedHeads, *, rules: bool, context: bool = False) -> Fit:
    return lambda recordings, labels, seed: heads.scorer(recordings, labels, seed, rules=rules, context=context)


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
