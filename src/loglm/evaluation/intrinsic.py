"""How well models of log text predict hidden tokens: perplexity, bits per byte, accuracy; the same tokens for all.

A share of the content tokens is hidden, the same ones for every model, and each model gives its chances for them. All
models are told that what is hidden is content: chances are among tokens with a letter or digit.

- An encoder sees the rest of the event on both sides, with ``[MASK]`` for everything hidden (pseudo-likelihood, Salazar
  et al. 2020, arXiv:1910.14659; ours hides a share at once instead of one token at a time).
- A 5-gram model sees the four tokens before a hidden one, with nothing hidden in them, and nothing of what follows; or,
  as the encoder does not see them either, only those after the last hidden one.

So neither has all that the other has, and figures of the two kinds of model orient rather than decide. Bits per byte
are the nats of all hidden tokens, by ln 2 and by the bytes of their text: comparable between tokenizers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from loglm.corpus.cutting import cut
from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.attack_metrics import Interval
from loglm.evaluation.ngram import NgramModel
from loglm.tokenizer.bpe import TokenRoles

__all__ = [
    "ALL_SOURCES",
    "HiddenScorer",
    "HiddenTokens",
    "IntrinsicScore",
    "TokenScores",
    "draw_sequences",
    "draw_weighted",
    "hide_tokens",
    "ngram_scorer",
    "score_models",
]

ALL_SOURCES = "all"
_REPLICATES = 1_000


@dataclass(frozen=True, slots=True)
class HiddenTokens:
    """Token sequences, and which of their tokens a model has to predict."""

    shard: TokenShard
    is_hidden: np.ndarray
    """bool (n_tokens,): True for at least one."""
    is_content: np.ndarray
    """bool (V,): tokens that can be hidden, among which chances are given."""


@dataclass(frozen=True, slots=True)
class TokenScores:
    """What a model makes of the hidden tokens, in their order."""

    nats: np.ndarray
    """float64 (n_hidden,): minus the log chance of the right token; lower is better."""
    is_right: np.ndarray
    """bool (n_hidden,): whether the likeliest content token is the right one."""


HiddenScorer = Callable[[HiddenTokens], TokenScores]


@dataclass(frozen=True, slots=True)
class IntrinsicScore:
    """One model on one set, with 95 % bootstrap intervals over sequences."""

    model: str
    data: str
    source: str
    """`ALL_SOURCES` for the whole set."""
    sequences: int
    """Those with a hidden token."""
    hidden_tokens: int
    perplexity: Interval
    """Per hidden token: the exponential of its mean loss; lower is better."""
    bits_per_byte: Interval
    """Lower is better."""
    accuracy: Interval
    """Share of hidden tokens predicted right."""


def draw_sequences(shard: TokenShard, most: int, *, max_tokens: int, seed: int) -> TokenShard:
    """A random sample of sequences, in their order, each cut to ``max_tokens`` (`loglm.corpus.cutting`)."""
    return cut(_subset(shard, np.random.default_rng(seed).permutation(len(shard))[:most]), max_tokens)


def draw_weighted(shard: TokenShard, weights: np.ndarray, *, tokens: int, seed: int) -> TokenShard:
    """Sequences of at most so many tokens in all, each at most once, the likelier the higher their weight, (n,)."""
    drawn = np.random.default_rng(seed).choice(len(shard), len(shard), replace=False, p=weights / weights.sum())
    return _subset(shard, drawn[np.cumsum(shard.lengths[drawn]) <= tokens])


def hide_tokens(shard: TokenShard, roles: TokenRoles, *, vocab_size: int, share: float, seed: int) -> HiddenTokens:
    """Hide each content token with the same chance.

    Raises:
        EmptyInputError: The shard is empty, or nothing in it came to be hidden.
        InputError: The token ids are not of this vocabulary.
    """
    if len(shard.ids) and int(shard.ids.max()) >= vocab_size:
        raise InputError(f"token id {int(shard.ids.max())} in a corpus whose tokenizer has {vocab_size} tokens")
    is_content = np.ones(vocab_size, bool)
    is_content[roles.delimiters] = False
    is_hidden = (np.random.default_rng(seed).random(len(shard.ids)) < share) & is_content[shard.ids]
    if not is_hidden.any():
        raise EmptyInputError(f"nothing to predict: of {len(shard.ids):,} tokens no content token is hidden")
    return HiddenTokens(shard, is_hidden, is_content)


def ngram_scorer(model: NgramModel, *, sees_hidden: bool) -> HiddenScorer:
    """Scores by what stands before each hidden token.

    Args:
        model: Learned from other sequences.
        sees_hidden: Whether it may look at the hidden tokens before the one to predict; otherwise only what stands
            after the last of them counts.
    """

    def score(hidden: HiddenTokens) -> TokenScores:
        shard = hidden.shard
        places = np.flatnonzero(hidden.is_hidden)
        starts = shard.offsets[np.searchsorted(shard.offsets, places, side="right") - 1]
        if not sees_hidden:
            starts = np.maximum(starts, np.concatenate([np.zeros(1, np.int64), places[:-1] + 1]))
        nats, is_right = np.empty(len(places)), np.empty(len(places), bool)
        for number, (start, place) in enumerate(zip(starts, places, strict=True)):
            chances = model.distribution(shard.ids[max(start, place - model.order + 1) : place]) * hidden.is_content
            token = int(shard.ids[place])
            nats[number] = math.log(chances.sum()) - math.log(chances[token])
            is_right[number] = int(chances.argmax()) == token
        return TokenScores(nats, is_right)

    return score


def score_models(
    hidden: Mapping[str, HiddenTokens],
    scorers: Mapping[str, HiddenScorer],
    *,
    token_bytes: np.ndarray,
    groups: Mapping[str, Collection[str]] | None = None,
    report: Callable[[str, str], None] | None = None,
) -> Iterator[IntrinsicScore]:
    """Yield the scores of each model on each set: of the whole, of each source where there are several, of each group.

    Args:
        hidden: Sets by name.
        scorers: Models by name.
        token_bytes: int64 (V,): bytes of each token's text.
        groups: Names of sources that are scored together too, by the name that they have as one source.
        report: Is told model and set before each is scored.
    """
    for data, tokens in hidden.items():
        shard = tokens.shard
        places = np.flatnonzero(tokens.is_hidden)
        sequence = np.searchsorted(shard.offsets, places, side="right") - 1
        size = token_bytes[shard.ids[places]]
        for model, scorer in scorers.items():
            if report is not None:
                report(model, data)
            scores = scorer(tokens)
            columns = np.stack([np.ones(len(places)), scores.nats, size, scores.is_right], axis=1)
            sums = np.zeros((len(shard), 4))
            np.add.at(sums, sequence, columns)
            for source, chosen in _sources(shard, groups or {}):
                own = sums[chosen & (sums[:, 0] > 0)]
                if len(own):
                    yield _summarise(model, data, source, own)


def _subset(shard: TokenShard, picked: np.ndarray) -> TokenShard:
    picked = np.sort(picked)
    lengths = shard.lengths[picked]
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    places = np.repeat(shard.offsets[picked] - offsets[:-1], lengths) + np.arange(offsets[-1])
    return TokenShard(shard.ids[places], offsets, shard.source[picked], shard.source_names)


def _sources(shard: TokenShard, groups: Mapping[str, Collection[str]]) -> Iterator[tuple[str, np.ndarray]]:
    """(name, which sequences): all, then each source where there are several, then each group of sources."""
    yield ALL_SOURCES, np.ones(len(shard), bool)
    present = np.unique(shard.source)
    if len(present) > 1:
        for number in present:
            yield shard.source_names[number], shard.source == number
    for name, members in groups.items():
        yield name, np.isin(shard.source, [n for n, source in enumerate(shard.source_names) if source in members])


def _summarise(model: str, data: str, source: str, sums: np.ndarray) -> IntrinsicScore:
    """From (n_sequences, 4): hidden tokens, their nats, their bytes and how many were right."""
    random = np.random.default_rng(0)
    draws = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=_REPLICATES) @ sums
    hidden, nats, size, right = sums.sum(axis=0)
    return IntrinsicScore(
        model,
        data,
        source,
        len(sums),
        int(hidden),
        _interval(math.exp(nats / hidden), np.exp(draws[:, 1] / draws[:, 0])),
        _interval(nats / math.log(2) / size, draws[:, 1] / math.log(2) / draws[:, 2]),
        _interval(right / hidden, draws[:, 3] / draws[:, 0]),
    )


def _interval(value: float, replicates: np.ndarray) -> Interval:
    low, high = np.percentile(replicates, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))
