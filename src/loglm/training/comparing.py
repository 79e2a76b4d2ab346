"""What a model lost or gained between two trainings, on the corpus it had learned from and on a new one: the gate."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from loglm.corpus.folder import CorpusFolder
from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.intrinsic import ALL_SOURCES, HiddenTokens, draw_sequences, hide_tokens, score_models
from loglm.tokenizer.bpe import TokenRoles, load_tokenizer
from loglm.tokenizer.lengths import bytes_of_tokens
from loglm.training.hidden_tokens import encoder_scorer
from loglm.training.run_data import held_out_shards
from loglm.training.run_models import RunModel, load_trained

__all__ = ["SplitChange", "compare_models"]

_SHARE = 0.15


@dataclass(frozen=True, slots=True)
class SplitChange:
    """Scores of two models on the same hidden tokens of one held-out split; NaN where none came to be hidden."""

    corpus: Literal["old", "new"]
    split: str
    hidden_tokens: int
    bits_per_byte_before: float
    """Lower is better."""
    bits_per_byte_after: float
    accuracy_before: float
    accuracy_after: float

    @property
    def loss(self) -> float:
        """The larger of two shares: by which bits per byte rose, and by which accuracy fell; negative for a gain.

        Of 0 bits before, where there is no share, the bits after count. NaN where a model gives no numbers.
        """
        before, after = self.bits_per_byte_before, self.bits_per_byte_after
        rise = after / before - 1 if before else after
        fall = 1 - self.accuracy_after / self.accuracy_before if self.accuracy_before else 0.0
        return max(rise, fall)

    def is_lost(self, max_loss: float) -> bool:
        """Whether the model forgot: only what it knew before, and was asked for, can be forgotten."""
        return self.corpus == "old" and self.hidden_tokens > 0 and not self.loss <= max_loss


def compare_models(
    before: Path, after: Path, *, old: Path, new: Path | None = None, sequences: int = 1_000, seed: int = 0
) -> list[SplitChange]:
    """Score two models on the test splits of the old corpus, and of the new one where it is given.

    Args:
        before: Run folder, or model folder with weights.
        after: Likewise, of the model that learned more.
        old: Corpus that ``before`` learned from.
        new: Corpus that ``after`` learned from besides.
        sequences: Events drawn from each split.
        seed: Fixes the events and the tokens hidden in them.

    Raises:
        ModelError: A model has no weights.
        InputError: A corpus cannot be used, or not all read tokens of one tokenizer.
        EmptyInputError: The old corpus has no test split, or no token of any came to be hidden.
    """
    models = {"before": load_trained(before), "after": load_trained(after)}
    corpora: dict[Literal["old", "new"], Path] = {"old": old} if new is None else {"old": old, "new": new}
    changes: list[SplitChange] = []
    for which, path in corpora.items():
        changes += _changes(which, CorpusFolder.open(path), models, sequences=sequences, seed=seed)
    if all(change.corpus != "old" for change in changes):
        raise EmptyInputError(f"{old}: has neither idts nor odts, so nothing tells what was forgotten; build it anew")
    if not any(change.hidden_tokens for change in changes if change.corpus == "old"):
        raise EmptyInputError(
            f"{old}: its test splits have too few events for any token to be hidden, so nothing tells what was "
            "forgotten; give a larger --events or another --seed, or build it anew with a larger --test-share"
        )
    return changes


def _changes(
    which: Literal["old", "new"], corpus: CorpusFolder, models: dict[str, RunModel], *, sequences: int, seed: int
) -> Iterator[SplitChange]:
    for model in models.values():
        if model.tokenizer_sha256 != corpus.facts["tokenizer"]["sha256"]:
            raise InputError(
                f"{corpus.path}: made with another tokenizer than that of {model.name!r}; both models have to read the "
                "tokens of the corpus that they are compared on"
            )
    tokenizer = load_tokenizer(corpus.tokenizer_path)
    roles, vocab_size = TokenRoles.of(tokenizer), tokenizer.get_vocab_size()
    max_tokens = min(model.model.config.max_tokens for model in models.values())

    def hidden(shard: TokenShard) -> HiddenTokens | None:
        drawn = draw_sequences(shard, sequences, max_tokens=max_tokens, seed=seed)
        with suppress(EmptyInputError):
            return hide_tokens(drawn, roles, vocab_size=vocab_size, share=_SHARE, seed=seed)
        return None

    splits = {name: hidden(shard) for name, shard in held_out_shards(corpus, max_tokens)}
    asked = {name: tokens for name, tokens in splits.items() if tokens is not None}
    scorers = {name: encoder_scorer(model.model) for name, model in models.items()}
    scores = {
        (score.data, score.model): score
        for score in score_models(asked, scorers, token_bytes=bytes_of_tokens(tokenizer))
        if score.source == ALL_SOURCES
    }
    for name in splits:
        if name not in asked:
            yield SplitChange(which, name, 0, *[math.nan] * 4)
            continue
        first, second = scores[name, "before"], scores[name, "after"]
        yield SplitChange(
            which,
            name,
            first.hidden_tokens,
            first.bits_per_byte.mean,
            second.bits_per_byte.mean,
            first.accuracy.mean,
            second.accuracy.mean,
        )
