"""Sets of events to hide tokens in, and all models scored on the same hidden tokens of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from tokenizers import Tokenizer

from loglm.corpus.folder import CorpusFolder
from loglm.corpus.shards import TokenShard
from loglm.corpus.sources import CorpusSource
from loglm.corpus.texts import collect_texts
from loglm.errors import EmptyInputError
from loglm.evaluation.intrinsic import (
    HiddenScorer,
    IntrinsicScore,
    draw_sequences,
    draw_weighted,
    hide_tokens,
    ngram_scorer,
    score_models,
)
from loglm.evaluation.ngram import NgramModel
from loglm.plurals import plural
from loglm.tokenizer.bpe import TokenRoles
from loglm.tokenizer.lengths import bytes_of_tokens

__all__ = ["MAX_TOKENS", "corpus_sets", "log_set", "ngram_scorers", "score_hidden"]

MAX_TOKENS = 512
"""Of an event, where no model says how many it reads."""
_NGRAM_TOKENS = 10_000_000


def corpus_sets(corpus: CorpusFolder) -> dict[str, TokenShard]:
    """``idts`` and ``odts`` of a corpus, those that are not empty."""
    return {split: corpus.load(split)[0] for split in ("idts", "odts") if corpus.sequences(split)}


def log_set(paths: Sequence[str], tokenizer: Tokenizer) -> TokenShard:
    """The different events of some logs, of each path the first 60,000; each path is a source.

    Raises:
        EmptyInputError: None was read.
    """
    texts = collect_texts([CorpusSource(path, (path,), licence="") for path in paths])
    shard = texts.tokenize(tokenizer, max_tokens=MAX_TOKENS)
    if not len(shard):
        raise EmptyInputError(f"no event was read from {', '.join(paths[:3])}, so there is nothing to measure on")
    return shard


def ngram_scorers(corpus: CorpusFolder, *, seed: int, say: Callable[[str], None]) -> dict[str, HiddenScorer]:
    """A 5-gram model of the training split: with nothing hidden from it, and after the last hidden token only."""
    shard, weights = corpus.load("train")
    drawn = draw_weighted(shard, weights, tokens=_NGRAM_TOKENS, seed=seed)
    say(f"5-gram: counting in {len(drawn.ids):,} of {plural(len(shard.ids), 'token')}")
    ngrams = NgramModel.fit(drawn, vocab_size=corpus.vocab_size)
    return {
        "5-gram": ngram_scorer(ngrams, sees_hidden=True),
        "5-gram, hidden unseen": ngram_scorer(ngrams, sees_hidden=False),
    }


def score_hidden(
    sets: Mapping[str, TokenShard],
    scorers: Mapping[str, HiddenScorer],
    tokenizer: Tokenizer,
    *,
    sequences: int,
    max_tokens: int,
    share: float,
    seed: int,
    say: Callable[[str], None],
) -> Iterator[IntrinsicScore]:
    """Draw events, hide tokens in them, and yield each model's scores on each set.

    Args:
        sets: Events by name.
        scorers: Models by name.
        tokenizer: What made the token ids.
        sequences: Events drawn from each set at most.
        max_tokens: Where events are cut.
        share: Of the content tokens that is hidden.
        seed: Fixes events and hidden tokens.
        say: Is told what is scored.
    """
    vocab_size, roles = tokenizer.get_vocab_size(), TokenRoles.of(tokenizer)
    hidden = {}
    for name, shard in sets.items():
        drawn = draw_sequences(shard, sequences, max_tokens=max_tokens, seed=seed)
        hidden[name] = hide_tokens(drawn, roles, vocab_size=vocab_size, share=share, seed=seed)
    yield from score_models(
        hidden, scorers, token_bytes=bytes_of_tokens(tokenizer), report=lambda model, data: say(f"{data}: {model}")
    )
