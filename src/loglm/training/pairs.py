"""Pairs of texts that belong together, such as an event and a text that describes it, for the contrastive stage.

A file of JSON lines: ``{"first": ..., "second": ..., "group": ...}``. Both texts are read as lines of a log are, with
``"rendered": true`` taken as they are (`loglm.corpus.event_pairs` writes such); pairs of one group, which may be left
out, are not told apart from each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache
from itertools import count, islice
from pathlib import Path

import numpy as np
import orjson
from tokenizers import Tokenizer

from loglm.corpus.shards import TokenShard
from loglm.errors import EmptyInputError, InputError
from loglm.events.reading import parse_line
from loglm.events.rendering import render

__all__ = ["check_pairs", "read_pairs"]

_SOURCE = "pairs"
_AT_ONCE = 1_024
"""Pairs that are tokenized together."""
_KEPT = 1_024
"""Rendered texts that are remembered."""


def read_pairs(path: Path, tokenizer: Tokenizer, *, max_tokens: int) -> tuple[TokenShard, np.ndarray]:
    """Both texts of each pair, one after the other, and the number of each one's group.

    Of texts, some thousands are held at a time; of all, token ids (2 bytes each), and names of groups.

    Args:
        path: The file.
        tokenizer: Of the corpus.
        max_tokens: Longer texts are cut.

    Returns:
        2 n sequences and their groups, int64 (2 n,).

    Raises:
        InputError: The file cannot be read, or a line is no pair; says which.
        EmptyInputError: It holds no pair.
    """
    counter = count()
    numbers: defaultdict[str, int] = defaultdict(counter.__next__)
    tokenizer.enable_truncation(max_tokens)
    parts: list[TokenShard] = []
    groups: list[np.ndarray] = []
    pairs = _pairs(path)
    while some := list(islice(pairs, _AT_ONCE)):
        texts = [text for pair, _ in some for text in pair]
        rows = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
        parts.append(TokenShard.from_sequences(rows, [0] * len(rows), (_SOURCE,)))
        own = [next(counter) if group is None else numbers[group] for _, group in some]
        groups.append(np.repeat(np.asarray(own, np.int64), 2))
    return TokenShard.concatenate(parts), np.concatenate(groups)


def _pairs(path: Path) -> Iterator[tuple[tuple[str, str], str | None]]:
    """Rendered texts of each pair, and the name of its group, if it has one."""
    rendered = lru_cache(_KEPT)(_rendered)  # the description of a technique is in many pairs
    for entry in _entries(path):
        first, second = str(entry["first"]), str(entry["second"])
        if entry.get("rendered") is not True:
            first, second = rendered(first), rendered(second)
        group = entry.get("group")
        yield (first, second), None if group is None else str(group)


def _entries(path: Path) -> Iterator[dict[str, object]]:
    number = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                place = f"{path}:{number}"
                try:
                    entry = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise InputError(f"{place}: no JSON object ({error})") from error
                if not isinstance(entry, dict) or not all(
                    isinstance(entry.get(key), str) and entry[key].strip() for key in ("first", "second")
                ):
                    raise InputError(f"{place}: expected a JSON object with the texts first and second")
                yield entry
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give a file of JSON lines") from error
    if not number:
        raise EmptyInputError(f'{path}: no pair in it; expected lines such as {{"first": "...", "second": "..."}}')


def _rendered(text: str) -> str:
    return render(parse_line(" ".join(text.split())))


def check_pairs(path: Path) -> None:
    """Read a file and keep nothing, before the work that a mistake in it would waste.

    Raises:
        InputError: As of `read_pairs`.
        EmptyInputError: Likewise.
    """
    for _ in _entries(path):
        pass
