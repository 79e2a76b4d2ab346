"""Scores on hidden tokens: what is hidden, the arithmetic of the figures, and the 5-gram on the same tokens."""

from __future__ import annotations

import math

import numpy as np
import pytest

from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError, InputError
from loglm.evaluation.intrinsic import (
    ALL_SOURCES,
    HiddenTokens,
    TokenScores,
    draw_sequences,
    draw_weighted,
    hide_tokens,
    ngram_scorer,
    score_models,
)
from loglm.evaluation.ngram import NgramModel
from loglm.tokenizer.bpe import TokenRoles, train_tokenizer

VOCAB, LINE_END = 16, 5
TOKENIZER = train_tokenizer(["a\n=1"], vocab_size=400)
ROLES = TokenRoles.of(TOKENIZER)
ROWS = [[2, 6, 7, LINE_END, 8, 3], [2, 9, LINE_END, 10, 11, 12, 3], [2, 6, 3]]


def shard() -> TokenShard:
    return TokenShard.from_sequences(ROWS, [0, 1, 1], ("ssh", "web"))


def hidden(places: list[int]) -> HiddenTokens:
    is_hidden, is_content = np.zeros(16, bool), np.ones(VOCAB, bool)
    is_hidden[places] = True
    is_content[:6] = False
    return HiddenTokens(shard(), is_hidden, is_content)


def even_scorer(tokens: HiddenTokens) -> TokenScores:
    """Half a chance for each token; right at even ids."""
    ids = tokens.shard.ids[tokens.is_hidden]
    return TokenScores(np.full(len(ids), math.log(2)), ids % 2 == 0)


def test_hide_tokens_hides_about_the_share_of_content_and_no_delimiter() -> None:
    text = "linux/sshd sshd\nmessage=Failed password for <user> from <ip4:public>\n" * 60
    many = TokenShard.from_sequences([TOKENIZER.encode(text).ids], [0], ("made",))
    vocab_size = TOKENIZER.get_vocab_size()
    tokens = hide_tokens(many, ROLES, vocab_size=vocab_size, share=0.3, seed=0)
    assert not np.isin(many.ids[tokens.is_hidden], ROLES.delimiters).any()
    assert tokens.is_hidden.sum() / tokens.is_content[many.ids].sum() == pytest.approx(0.3, abs=0.03)
    again = hide_tokens(many, ROLES, vocab_size=vocab_size, share=0.3, seed=0)
    assert np.array_equal(again.is_hidden, tokens.is_hidden)


def test_hide_tokens_refuses_ids_of_another_tokenizer() -> None:
    with pytest.raises(InputError, match="whose tokenizer has 8 tokens"):
        hide_tokens(shard(), ROLES, vocab_size=8, share=0.5, seed=0)


def test_hide_tokens_refuses_where_nothing_can_be_hidden() -> None:
    blank = TokenShard.from_sequences([TOKENIZER.encode("\n\n").ids], [0], ("made",))
    with pytest.raises(EmptyInputError, match="nothing to predict"):
        hide_tokens(blank, ROLES, vocab_size=TOKENIZER.get_vocab_size(), share=0.5, seed=0)


def test_figures_follow_from_nats_bytes_and_hits() -> None:
    sizes = np.full(VOCAB, 4)
    scores = list(score_models({"idts": hidden([1, 4, 7])}, {"even": even_scorer}, token_bytes=sizes))
    assert [(score.source, score.sequences, score.hidden_tokens) for score in scores] == [
        (ALL_SOURCES, 2, 3),
        ("ssh", 1, 2),
        ("web", 1, 1),
    ]
    assert scores[0].perplexity.mean == pytest.approx(2)
    assert scores[0].bits_per_byte.mean == pytest.approx(1 / 4)
    assert scores[0].accuracy.mean == pytest.approx(2 / 3)
    assert (scores[0].accuracy.low, scores[0].accuracy.high) == (0, 1)


def test_groups_of_sources_are_scored_as_one() -> None:
    groups = {"both": {"ssh", "web", "mail"}, "one": {"web"}, "none": {"mail"}}
    sets = {"idts": hidden([1, 4, 7])}
    scores = {
        score.source: (score.hidden_tokens, score.bits_per_byte, score.accuracy)
        for score in score_models(sets, {"even": even_scorer}, token_bytes=np.full(VOCAB, 4), groups=groups)
    }
    assert scores.keys() == {ALL_SOURCES, "ssh", "web", "both", "one"}
    assert (scores["both"], scores["one"]) == (scores[ALL_SOURCES], scores["web"])


def test_sets_and_models_come_in_the_order_given() -> None:
    told: list[tuple[str, str]] = []
    sets, models = {"idts": hidden([1]), "odts": hidden([7])}, {"a": even_scorer, "b": even_scorer}
    list(score_models(sets, models, token_bytes=np.ones(VOCAB), report=lambda m, d: told.append((m, d))))
    assert told == [("a", "idts"), ("b", "idts"), ("a", "odts"), ("b", "odts")]


def test_ngram_sees_what_stands_before_and_nothing_behind() -> None:
    model = NgramModel.fit(shard(), vocab_size=VOCAB)
    tokens = hidden([10, 11])
    chances = model.distribution([2, 9, LINE_END, 10]) * tokens.is_content
    assert ngram_scorer(model, sees_hidden=True)(tokens).nats[1] == pytest.approx(
        -math.log(chances[11] / chances.sum())
    )


def test_ngram_that_sees_nothing_hidden_starts_after_the_last_hidden_token() -> None:
    model = NgramModel.fit(shard(), vocab_size=VOCAB)
    tokens = hidden([9, 11, 14])
    chances = [model.distribution(history) * tokens.is_content for history in ([2, 9, LINE_END], [11], [2])]
    expected = [-math.log(c[token] / c.sum()) for c, token in zip(chances, (10, 12, 6), strict=True)]
    assert ngram_scorer(model, sees_hidden=False)(tokens).nats.tolist() == pytest.approx(expected)


def test_draws_are_bounded() -> None:
    drawn = draw_sequences(shard(), 2, max_tokens=4, seed=0)
    assert len(drawn) == 2
    cut = [row if len(row) <= 4 else [*row[:3], row[-1]] for row in ROWS]  # each still ends with [SEP]
    assert all(drawn[i].tolist() in cut for i in range(2))
    weighted = draw_weighted(shard(), np.array([1.0, 1e-9, 1.0]), tokens=10, seed=0)
    assert [weighted[i].tolist() for i in range(len(weighted))] == [ROWS[0], ROWS[2]]
    assert weighted.source.tolist() == [0, 1]
