"""Rendered texts of a folder of logs: distinct ones with counts, capped per source so that none swamps the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from tokenizers import Tokenizer

from loglm.corpus.shards import TokenShard
from loglm.events.problems import Problems
from loglm.events.reading import read_events
from loglm.events.rendering import render

__all__ = ["CorpusSource", "TextCorpus", "collect_texts"]


@dataclass(frozen=True, slots=True)
class CorpusSource:
    """One data source of a pretraining corpus."""

    name: str
    paths: tuple[str, ...]
    licence: str
    """SPDX id or the licence's own words; goes into the data card."""


@dataclass(slots=True)
class TextCorpus:
    """Distinct rendered texts, each with its source and how often it was seen there first."""

    texts: list[str] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    source_names: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    """Events read per source."""
    rejected: list[int] = field(default_factory=list)

    def sampling_weights(self) -> np.ndarray:
        """Chance of each text, float64 (n,): square root of its source's share, within it of its count.

        Square roots keep a few chatty recordings from being most of what is learned.
        """
        counts = np.sqrt(np.asarray(self.counts, np.float64))
        source = np.asarray(self.source)
        totals = np.bincount(source, weights=counts, minlength=len(self.source_names))
        weights: np.ndarray = counts / np.sqrt(totals)[source]
        return weights

    def tokenize(self, tokenizer: Tokenizer, *, max_tokens: int) -> TokenShard:
        """Token ids of all texts, cut at ``max_tokens``."""
        tokenizer.enable_truncation(max_tokens)
        sequences: list[list[int]] = []
        for start in range(0, len(self.texts), 10_000):
            sequences += [e.ids for e in tokenizer.encode_batch_fast(self.texts[start : start + 10_000])]
        return TokenShard.from_sequences(sequences, self.source, tuple(self.source_names))


def collect_texts(
    sources: Iterable[CorpusSource],
    *,
    max_distinct_per_source: int = 60_000,
    max_events_per_source: int = 2_000_000,
    report: Callable[[str, int, int], None] | None = None,
) -> TextCorpus:
    """Read sources, render their events in the masked view and keep each distinct text once.

    Args:
        sources: What to read, in order; a text belongs to the source that had it first.
        max_distinct_per_source: New texts of one source beyond this are dropped.
        max_events_per_source: Reading of one source ends here.
        report: Called after each source with its name, events and distinct texts.
    """
    corpus = TextCorpus()
    seen: dict[str, int] = {}
    for number, source in enumerate(sources):
        problems = Problems()
        corpus.source_names.append(source.name)
        before, events = len(corpus.texts), 0
        for event in read_events(list(source.paths), problems=problems):
            events += 1
            _add(corpus, seen, render(event), number, room=before + max_distinct_per_source)
            if events >= max_events_per_source:
                break
        corpus.events.append(events)
        corpus.rejected.append(problems.total_rejected)
        if report is not None:
            report(source.name, events, len(corpus.texts) - before)
    return corpus


def _add(corpus: TextCorpus, seen: dict[str, int], text: str, source: int, *, room: int) -> None:
    index = seen.get(text)
    if index is not None:
        corpus.counts[index] += 1
    elif len(corpus.texts) < room:
        seen[text] = len(corpus.texts)
        corpus.texts.append(text)
        corpus.source.append(source)
        corpus.counts.append(1)
