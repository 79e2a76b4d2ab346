"""How much text a token stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from loglm.tokenizer.bpe import SPECIAL_TOKENS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["bytes_of_tokens"]


def bytes_of_tokens(tokenizer: Tokenizer) -> np.ndarray:
    """UTF-8 bytes of each token's text, int64 (V,); 0 for special tokens.

    In byte-level BPE a character of a token stands for a byte, and placeholders are plain ASCII.
    """
    lengths = [len(tokenizer.id_to_token(i) or "") for i in range(tokenizer.get_vocab_size())]
    lengths[: len(SPECIAL_TOKENS)] = [0] * len(SPECIAL_TOKENS)
    return np.asarray(lengths, np.int64)
