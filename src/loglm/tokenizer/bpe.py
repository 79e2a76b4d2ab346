"""The log tokenizer: byte-level BPE whose words never cross a field, octet, path or camel-case boundary.

A Hugging Face ``tokenizers`` file that loads in ``AutoTokenizer`` too. Lossless on every string that UTF-8 can hold:
text in, the same text out, since the pre-tokenizer only splits and the BPE works on bytes. A lone surrogate is no
text; readers put U+FFFD in its place, and encoding one raises `TypeError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from loglm.errors import InputError
from loglm.events.masking import PLACEHOLDERS
from loglm.tokenizer.command_words import COMMAND_WORDS
from loglm.tokenizer.whole_words import keep_whole

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["SPECIAL_TOKENS", "TokenRoles", "load_tokenizer", "train_tokenizer"]

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Ids 0 to 4, in this order."""

# A word is a camel-case part, a digit group of at most five, or one other character; a single space before a word
# belongs to it. Line ends stand alone.
_WORDS = r" ?\p{Lu}+(?!\p{Ll})| ?\p{Lu}?\p{Ll}+| ?\p{Lo}+| ?\p{N}{1,5}|\r?\n|[^\S\r\n]+|[^\s\p{L}\p{N}]|[\s\S]"

_TOKENS_PER_WHOLE_WORD = 16
"""Learned tokens for each word kept whole: a small vocabulary has to leave room for what its texts are full of."""


def train_tokenizer(
    texts: Iterable[str],
    *,
    vocab_size: int = 16_384,
    min_frequency: int = 3,
    whole_words: Sequence[str] = COMMAND_WORDS,
) -> Tokenizer:
    """Learn a vocabulary from rendered events.

    Args:
        texts: Rendered events (`loglm.events.rendering.render`), read once.
        vocab_size: Tokens in all, special tokens and placeholders included.
        min_frequency: A pair must occur this often to be merged.
        whole_words: Words to be one token each, with and without a blank before them, the most wanted first; a small
            vocabulary takes only the first of them. ASCII letters of one case.

    Raises:
        InputError: ``vocab_size`` leaves no room beside bytes, special tokens and placeholders.

    Source: byte-level BPE (Radford et al. 2019); word boundaries are ours.
    """
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

    fixed = 256 + len(SPECIAL_TOKENS) + len(PLACEHOLDERS)
    if vocab_size <= fixed:
        raise InputError(f"vocab_size {vocab_size} is too small: {fixed} ids are fixed; give at least {fixed + 256}")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(PLACEHOLDERS),
        min_frequency=min_frequency,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
        max_token_length=24,
    )
    tokenizer.train_from_iterator(texts, trainer=trainer)
    kept = whole_words[: (vocab_size - fixed) // _TOKENS_PER_WHOLE_WORD]
    tokenizer = keep_whole(tokenizer, kept, vocab_size=vocab_size - len(PLACEHOLDERS))
    tokenizer.add_tokens([AddedToken(token, normalized=False, special=False) for token in PLACEHOLDERS])
    cls_id, sep_id = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", cls_id), ("[SEP]", sep_id)]
    )
    tokenizer.encode_special_tokens = True
    return tokenizer


def load_tokenizer(path: Path | str) -> Tokenizer:
    """The tokenizer of a ``tokenizer.json``; a log that says ``[MASK]`` or ``[PAD]`` has them as plain text.

    Raises:
        InputError: There is no such file, or it is no tokenizer of this kind.
    """
    from tokenizers import Tokenizer

    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no tokenizer here; expected a tokenizer.json written by train_tokenizer")
    try:
        tokenizer: Tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:
        raise InputError(f"{path}: not a tokenizer file ({str(error)[:200]})") from error
    if [tokenizer.id_to_token(i) for i in range(len(SPECIAL_TOKENS))] != list(SPECIAL_TOKENS):
        raise InputError(f"{path}: a tokenizer of another kind; expected ids 0 to 4 to be {', '.join(SPECIAL_TOKENS)}")
    tokenizer.encode_special_tokens = True
    return tokenizer


@dataclass(frozen=True, slots=True)
class TokenRoles:
    """What kinds of tokens there are, as far as training has to know."""

    delimiters: list[int]
    """Special tokens and those without a letter or digit (punctuation, blanks, line ends), ascending."""
    line_end_id: int
    equals_id: int
    """Stands between the key and the value of a field."""

    @classmethod
    def of(cls, tokenizer: Tokenizer) -> TokenRoles:
        """Look at each token's text once."""
        ids = set(range(len(SPECIAL_TOKENS)))
        for token_id in range(len(SPECIAL_TOKENS), tokenizer.get_vocab_size()):
            text = tokenizer.decode([token_id], skip_special_tokens=False)
            if not any(char.isalnum() or char == "\ufffd" for char in text):
                ids.add(token_id)
        line_end, equals = (tokenizer.encode(text, add_special_tokens=False).ids[0] for text in ("\n", "="))
        return cls(sorted(ids), line_end, equals)
