"""Rendered texts of a few logs, held in memory, for measuring and for learning a tokenizer without a corpus folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from tokenizers import Tokenizer

from loglm.corpus.balancing import sampling_weights
from loglm.corpus.shards import TokenShard
from loglm.corpus.sources import CorpusSource
from loglm.events.reading import read_events
from loglm.events.rendering import render

__all__ = ["PER_SOURCE", "TextCorpus", "collect_texts"]

PER_SOURCE = 60_000
"""Texts of one source, where no more are asked for."""
_BATCH = 10_000


@dataclass(slots=True)
class TextCorpus:
    """Distinct rendered texts, each with its source and how often it was seen there first."""

    texts: list[str] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    source_names: list[str] = field(default_factory=list)

    def sampling_weights(self) -> np.ndarray:
        """Chance of each text, float64 (n,); see `loglm.corpus.balancing.sampling_weights`."""
        return sampling_weights(self.counts, np.asarray(self.source, np.int64))

    def tokenize(self, tokenizer: Tokenizer, *, max_tokens: int) -> TokenShard:
        """Token ids of all texts, cut at ``max_tokens``."""
        tokenizer.enable_truncation(max_tokens)
        sequences: list[list[int]] = []
        for start in range(0, len(self.texts), _BATCH):
            sequences += [e.ids for e in tokenizer.encode_batch_fast(self.texts[start : start + _BATCH])]
        return TokenShard.from_sequences(sequences, self.source, tuple(self.source_names))


def collect_texts(sources: Iterable[CorpusSource], *, most: int = 0) -> TextCorpus:
    """Read sources, render their events in the masked view and keep each distinct text once.

    A text belongs to the source that had it first; of one source, the first 60,000 are kept, or the first ``most`` if
    that is more.

    Raises:
        InputError: A path does not exist.
    """
    corpus = TextCorpus()
    seen: dict[str, int] = {}
    for number, source in enumerate(sources):
        corpus.source_names.append(source.name)
        room = len(corpus.texts) + max(PER_SOURCE, most)
        for event in read_events(source.paths):
            _add(corpus, seen, render(event), number, room)
    return corpus


def _add(corpus: TextCorpus, seen: dict[str, int], text: str, source: int, room: int) -> None:
    index = seen.get(text)
    if index is not None:
        corpus.counts[index] += 1
    elif len(corpus.texts) < room:
        seen[text] = len(corpus.texts)
        corpus.texts.append(text)
        corpus.source.append(source)
        corpus.counts.append(1)
