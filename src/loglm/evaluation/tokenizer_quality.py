"""How well a tokenizer fits logs: its tokens, what they keep together and apart, its speed, and what it loses."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from tokenizers import Encoding, Tokenizer

from loglm.evaluation.token_spans import KINDS, Span, SpanKind, find_spans
from loglm.events.event import LogEvent
from loglm.events.reading import read_events

__all__ = ["SpanCounts", "TokenizerFigures", "encode_seconds", "measure", "sample_events", "total"]

_BATCH = 500


@dataclass(slots=True)
class SpanCounts:
    """Parts of one kind."""

    spans: int = 0
    bounded: int = 0
    """Those that start and end where a token does (blanks before a token do not count)."""
    whole: int = 0
    """Those that are one token."""


@dataclass(slots=True)
class TokenizerFigures:
    """What a tokenizer made of some texts."""

    events: int = 0
    size_bytes: int = 0
    """Of the texts in UTF-8."""
    tokens: int = 0
    """Without special tokens."""
    lossless: int = 0
    """Texts that are the same after encoding and decoding."""
    spans: dict[SpanKind, SpanCounts] = field(default_factory=lambda: {kind: SpanCounts() for kind in KINDS})


def sample_events(path: str, *, size: int, max_read: int = 200_000, seed: int = 0) -> list[LogEvent]:
    """A uniform sample of the first ``max_read`` events of logs, in no order.

    Raises:
        InputError: The path does not exist.
    """
    random = np.random.default_rng(seed)
    sample: list[LogEvent] = []
    for number, event in enumerate(islice(read_events([path]), max_read)):
        if number < size:
            sample.append(event)
        elif (place := int(random.integers(number + 1))) < size:
            sample[place] = event
    return sample


def measure(tokenizer: Tokenizer, texts: Sequence[str]) -> TokenizerFigures:
    """The figures of a tokenizer over texts."""
    figures = TokenizerFigures()
    for batch in _batches(texts):
        encodings = tokenizer.encode_batch(batch, add_special_tokens=False)
        decoded = tokenizer.decode_batch([encoding.ids for encoding in encodings], skip_special_tokens=False)
        figures.lossless += sum(a == b for a, b in zip(batch, decoded, strict=True))
        figures.events += len(batch)
        figures.size_bytes += sum(len(text.encode()) for text in batch)
        figures.tokens += sum(len(encoding.ids) for encoding in encodings)
        for text, encoding in zip(batch, encodings, strict=True):
            _count_spans(figures.spans, find_spans(text), _token_spans(text, encoding))
    return figures


def total(parts: Sequence[TokenizerFigures]) -> TokenizerFigures:
    """The figures over all parts together."""
    figures = TokenizerFigures(
        sum(part.events for part in parts),
        sum(part.size_bytes for part in parts),
        sum(part.tokens for part in parts),
        sum(part.lossless for part in parts),
    )
    for kind in KINDS:
        counts = [part.spans[kind] for part in parts]
        figures.spans[kind] = SpanCounts(
            sum(c.spans for c in counts), sum(c.bounded for c in counts), sum(c.whole for c in counts)
        )
    return figures


def encode_seconds(tokenizers: Mapping[str, Tokenizer], texts: Sequence[str], *, rounds: int = 5) -> dict[str, float]:
    """Seconds that each tokenizer takes for all texts: the median of rounds in which they take turns."""
    batches = list(_batches(texts))
    taken: dict[str, list[float]] = {name: [] for name in tokenizers}
    for _ in range(rounds):
        for name, tokenizer in tokenizers.items():
            started = time.perf_counter()
            for batch in batches:
                tokenizer.encode_batch_fast(batch)
            taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def _batches(texts: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(texts), _BATCH):
        yield list(texts[start : start + _BATCH])


def _token_spans(text: str, encoding: Encoding) -> set[Span]:
    """Where tokens stand, without the blanks around them."""
    spans = set()
    for start, end in encoding.offsets:
        piece = text[start:end]
        if piece.startswith(" ") or piece.endswith(" "):
            start, end = start + len(piece) - len(piece.lstrip(" ")), end - len(piece) + len(piece.rstrip(" "))
        spans.add((start, end))
    return spans


def _count_spans(counts: dict[SpanKind, SpanCounts], spans: Mapping[SpanKind, list[Span]], tokens: set[Span]) -> None:
    starts, ends = {start for start, _ in tokens}, {end for _, end in tokens}
    for kind, found in spans.items():
        count = counts[kind]
        count.spans += len(found)
        count.bounded += sum(start in starts and end in ends for start, end in found)
        count.whole += sum(span in tokens for span in found)
