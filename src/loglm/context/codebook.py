"""Kinds of events: from rendered events to the codes that stand for their templates."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from loglm.context.steps import Step
from loglm.corpus.templates import template_hash, text_hash
from loglm.events.event import LogEvent
from loglm.events.rendering import render

__all__ = ["SOURCES", "Codebook", "TemplateCodebook", "source_number", "step_of"]

SOURCES = 64
"""Numbers of log sources; those that share one by their hash are not told apart."""


class Codebook(Protocol):
    """Gives each text a code."""

    codes: int
    """Different codes; they are numbered from 0."""

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The codes of rendered events, int64 (n,)."""


class TemplateCodebook:
    """Codes by the hash of the event's template: log source, action, names of fields, first words of the message.

    Needs no model, and nothing to learn; templates that share a code by their hash are not told apart.
    """

    def __init__(self, codes: int = 2_048) -> None:
        self.codes = codes

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """The codes of rendered events, int64 (n,)."""
        return np.fromiter((template_hash(text) % self.codes for text in texts), np.int64, len(texts))


def step_of(event: LogEvent, codebook: Codebook, number: int) -> Step:
    """An event as `loglm.context.scorer.ContextScorer` takes it; ``number`` says which of its input it is."""
    text = render(event)
    code = int(codebook([text])[0])
    return Step(text_hash(text), code, source_number(event.log_source), event.timestamp, number)


def source_number(log_source: object) -> int:
    """The number of a log source, 0 to 63."""
    return zlib.crc32(str(log_source).encode("utf-8", "replace")) % SOURCES
