"""A 5-gram language model over token ids, as a baseline for encoders: interpolated Kneser-Ney smoothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError
from loglm.tokenizer.bpe import SPECIAL_TOKENS

__all__ = ["NgramModel"]

_PAD, _CLS = (SPECIAL_TOKENS.index(token) for token in ("[PAD]", "[CLS]"))


@dataclass(frozen=True, slots=True)
class _Order:
    """All n-grams of one length, sorted by context and token. The number of an n-gram is its place here."""

    keys: np.ndarray
    """int64 (g,): number of the context (an n-gram one shorter) times vocabulary size, plus the last token."""
    tokens: np.ndarray
    """int64 (g,): the last token."""
    counts: np.ndarray
    """float64 (g,): occurrences for the longest; for others, how many different tokens stand before them."""
    starts: np.ndarray
    """int64 (contexts + 1,): where the n-grams of each context begin."""
    totals: np.ndarray
    """float64 (contexts,): sum of the counts of a context."""
    kinds: np.ndarray
    """float64 (contexts,): different tokens that follow a context."""
    discount: float

    def find(self, context: int, token: int, vocab_size: int) -> int:
        """Number of an n-gram, -1 where it never occurred."""
        key = context * vocab_size + token
        place = int(self.keys.searchsorted(key))
        return place if place < len(self.keys) and self.keys[place] == key else -1


class NgramModel:
    """Chances of the next token given the ones before it.

    Source: Kneser and Ney 1995, interpolated as in Chen and Goodman 1999, with one discount n1 / (n1 + 2 n2) for each
    order. The shortest order is mixed with equal chances for all tokens, so that none is impossible.
    """

    def __init__(self, orders: Sequence[_Order], vocab_size: int) -> None:
        self.vocab_size = vocab_size
        self._orders = orders

    @property
    def order(self) -> int:
        """Tokens in the longest n-grams."""
        return len(self._orders)

    @classmethod
    def fit(cls, shard: TokenShard, *, vocab_size: int, order: int = 5) -> NgramModel:
        """Count the n-grams of token sequences; needs about 60 bytes of memory a token and order.

        Args:
            shard: Sequences that start with ``[CLS]``, which is given and never predicted.
            vocab_size: Ids of the tokenizer.
            order: Tokens in the longest n-grams, at least 2.

        Raises:
            EmptyInputError: There is no sequence.
        """
        if len(shard) == 0:
            raise EmptyInputError("no token sequence to count n-grams in")
        tokens = _padded(shard, order - 2)
        is_predicted = tokens > _CLS
        orders: list[_Order] = []
        numbers = np.zeros(len(tokens), np.int64)  # of the n-gram that ends at each position
        occurrences, shorter = [], []
        contexts = [1]
        for _ in range(order):
            keys, first, inverse = np.unique(
                np.roll(numbers, 1) * vocab_size + tokens, return_index=True, return_inverse=True
            )
            occurrences.append((keys, np.bincount(inverse[is_predicted], minlength=len(keys))))
            shorter.append(numbers[first])
            contexts.append(len(keys))
            numbers = inverse
        counts = occurrences[-1][1].astype(np.float64)
        for length in reversed(range(order)):
            keys, _ = occurrences[length]
            orders.insert(0, _make_order(keys, counts, contexts[length], vocab_size))
            counts = np.bincount(shorter[length][counts > 0], minlength=contexts[length]).astype(np.float64)
        return cls(orders, vocab_size)

    def distribution(self, history: Sequence[int] | np.ndarray) -> np.ndarray:
        """Chance of each token, float64 (V,), sum 1.

        Args:
            history: Tokens before it; from ``[CLS]`` on, all of them. Only the last ``order - 1`` count.
        """
        before = [int(token) for token in history[-(self.order - 1) :]]
        if before[:1] == [_CLS]:
            before = [_PAD] * (self.order - 1 - len(before)) + before
        chances = np.full(self.vocab_size, 1 / self.vocab_size)
        for length, order in enumerate(self._orders[: len(before) + 1]):
            context = self._number(before[len(before) - length :])
            if context < 0:
                break
            total = order.totals[context]
            if total:
                found = slice(order.starts[context], order.starts[context + 1])
                chances *= order.discount * order.kinds[context] / total
                chances[order.tokens[found]] += np.maximum(order.counts[found] - order.discount, 0) / total
        return chances

    def _number(self, ngram: Sequence[int]) -> int:
        number = 0
        for order, token in zip(self._orders, ngram, strict=False):
            number = order.find(number, token, self.vocab_size)
            if number < 0:
                break
        return number


def _padded(shard: TokenShard, before: int) -> np.ndarray:
    """All token ids, int64, with as many ``[PAD]`` before each sequence."""
    padded = np.full(len(shard.ids) + before * len(shard), _PAD, np.int64)
    places = np.arange(len(shard.ids)) + before * (1 + np.repeat(np.arange(len(shard)), shard.lengths))
    padded[places] = shard.ids
    return padded


def _make_order(keys: np.ndarray, counts: np.ndarray, contexts: int, vocab_size: int) -> _Order:
    context, tokens = np.divmod(keys, vocab_size)
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return _Order(
        keys=keys,
        tokens=tokens,
        counts=counts,
        starts=np.searchsorted(context, np.arange(contexts + 1)),
        totals=np.bincount(context, weights=counts, minlength=contexts),
        kinds=np.bincount(context, weights=counts > 0, minlength=contexts),
        discount=once / (once + 2 * twice) if once else 0.5,
    )
