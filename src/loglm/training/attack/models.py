"""LogLM's rows of `loglm.evaluation.attack_benchmark`: the head, with rule hits, and with a fine-tuned encoder."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from loglm.corpus.folder import TOKENIZER_JSON
from loglm.detection.head import AttackHead
from loglm.evaluation.attack_baselines import Scorer
from loglm.evaluation.attack_benchmark import BenchmarkModel
from loglm.evaluation.window_table import WindowTable
from loglm.tokenizer.bpe import load_tokenizer
from loglm.training.attack.examples import make_examples, table_words
from loglm.training.attack.named_texts import NamedTexts
from loglm.training.attack.scoring import fit_head, table_scorer
from loglm.training.attack.technique_finetuning import FinetunePlan, finetune, finetune_examples, window_names
from loglm.training.hardware import choose_hardware
from loglm.training.run_models import load_trained

__all__ = ["FittedHeads", "encoder_models", "head_models"]

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
        BenchmarkModel("LogLM head", lambda r, c, s: heads.scorer(r, c, s, rules=False)),
        BenchmarkModel("LogLM head + rule hits", lambda r, c, s: heads.scorer(r, c, s, rules=True)),
    ]


def encoder_models(
    heads: FittedHeads,
    trained: Path,
    *,
    plan: FinetunePlan,
    report: Callable[[int, float], None] | None = None,
) -> list[BenchmarkModel]:
    """Names by an encoder fine-tuned end to end, alone and together with the head; alarms by the head.

    Args:
        heads: What the head's rows use too, so that none is fitted twice; the encoder learns from the same.
        trained: Run folder, or model folder with weights.
        plan: How to fine-tune; the seed is the benchmark's.
        report: Called after each step with the tokens read so far and the loss in nats.

    Raises:
        ModelError: ``trained`` holds no weights.
    """
    encoders = _Encoders(heads, trained, plan, report)

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


class _Encoders:
    """The fine-tuned encoder of the fold and seed at work, trained once for all rows."""

    def __init__(
        self,
        heads: FittedHeads,
        trained: Path,
        plan: FinetunePlan,
        report: Callable[[int, float], None] | None,
    ) -> None:
        self._heads, self._plan, self._report = heads, plan, report
        self._hardware = choose_hardware()
        self._pretrained = load_trained(trained).model
        self._tokenizer = load_tokenizer(trained / TOKENIZER_JSON)
        self._fitted: dict[tuple[frozenset[int], int], Callable[[np.ndarray], np.ndarray]] = {}

    def names(
        self, recordings: frozenset[int], labels: tuple[str, ...], seed: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        key = recordings, seed
        if key not in self._fitted:
            self._fitted = {key: self._fit(recordings, labels, seed)}
        return self._fitted[key]

    def _fit(
        self, recordings: frozenset[int], labels: tuple[str, ...], seed: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        heads, tokenizer, plan = self._heads, self._tokenizer, replace(self._plan, seed=seed)
        chosen = make_examples(heads.table, heads.words, recordings, labels)
        examples = finetune_examples(heads.table, heads.named, chosen, recordings, tokenizer, plan)
        encoder = copy.deepcopy(self._pretrained)
        model = finetune(encoder, examples, plan, hardware=self._hardware, report=self._report)
        return lambda windows: window_names(model, heads.table, windows, tokenizer, plan)
