"""Words that must be one token each: merges put behind those that a BPE learned.

A BPE applies its merges in the order in which it learned them, so further ones at the end change nothing of what the
others do; they only join pieces that would have stayed apart. Dropping the last learned ones is the same as having
learned fewer. So words are made whole without touching the text they are trained on, and what it costs is known: where
the vocabulary is full, each further merge takes the place of one learned.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["keep_whole"]

Merge = tuple[str, str]


def keep_whole(tokenizer: Tokenizer, words: Sequence[str], *, vocab_size: int) -> Tokenizer:
    """The tokenizer with merges that make words whole, in place of the last learned ones where there is no room.

    Args:
        tokenizer: A byte-level BPE without added tokens other than those before the learned ones.
        words: Letters of ASCII; each becomes one token, and so does each with a blank before it.
        vocab_size: Tokens in all, at most. The learned merges have to outnumber those that the words need.
    """
    from tokenizers import Tokenizer

    state = json.loads(tokenizer.to_str())
    learned = [(left, right) for left, right in state["model"]["merges"]]
    forms = [form for word in words for form in (word, f"Ġ{word}")]  # Ġ stands for a blank in a byte-level BPE
    room = vocab_size - tokenizer.get_vocab_size()
    dropped, missing = 0, _missing_merges(learned, forms)
    while len(missing) > dropped + room:
        dropped = len(missing) - room
        missing = _missing_merges(learned[: len(learned) - dropped], forms)
    _replace_merges(state["model"], learned[: len(learned) - dropped] + missing)
    return Tokenizer.from_str(json.dumps(state))


def _missing_merges(merges: Sequence[Merge], words: Sequence[str]) -> list[Merge]:
    """Merges that make each word one token when applied after ``merges``, in order."""
    ranks = {merge: rank for rank, merge in enumerate(merges)}
    missing = []
    for word in words:
        pieces = _pieces(word, ranks)
        while len(pieces) > 1:
            merge = (pieces[0], pieces[1])
            ranks[merge] = len(ranks)
            missing.append(merge)
            pieces = _pieces(word, ranks)
    return missing


def _pieces(word: str, ranks: dict[Merge, int]) -> list[str]:
    """A word as a BPE of these merges cuts it."""
    pieces = list(word)
    while True:
        pairs = [(ranks[pair], at) for at, pair in enumerate(pairwise(pieces)) if pair in ranks]
        if not pairs:
            return pieces
        at = min(pairs)[1]
        pieces[at : at + 2] = [pieces[at] + pieces[at + 1]]


def _replace_merges(model: dict[str, Any], merges: Sequence[Merge]) -> None:
    """Set the merges of a BPE, and the vocabulary that follows: what no merge made, then what each makes."""
    made = {left + right for left, right in model["merges"]}
    vocabulary = [token for token, _ in sorted(model["vocab"].items(), key=lambda item: item[1]) if token not in made]
    vocabulary = list(dict.fromkeys([*vocabulary, *(left + right for left, right in merges)]))
    model["vocab"] = {token: token_id for token_id, token in enumerate(vocabulary)}
    model["merges"] = [list(merge) for merge in merges]
