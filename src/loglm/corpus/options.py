"""What can be chosen when a corpus is built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from loglm.corpus.pseudonyms import Pseudonymiser
from loglm.errors import InputError
from loglm.events.rendering import View
from loglm.tokenizer.bpe import load_tokenizer

__all__ = ["MAX_VOCABULARY", "MIN_VOCABULARY", "BuildOptions", "DedupView"]

DedupView = Literal["masked", "exact", "both"]
"""In which view of the events equal and nearly equal ones are told; both: first in the exact one."""

MIN_VOCABULARY = 512
MAX_VOCABULARY = 1 << 16
"""Token ids in shards have 16 bits."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """All that, beside the sources, fixes the bytes of a corpus.

    Raises:
        InputError: A value out of range, a key that is too short, or a tokenizer of another kind.
    """

    max_chars: int = 2_560
    """Characters of the longest text to keep; rendering cuts there too."""
    dedup_view: DedupView = "masked"
    """What models read is masked in any case; ``exact`` keeps texts as often as events differ in what masking hides."""
    near_threshold: float = 0.8
    """Jaccard index of two texts' words from which on they are near duplicates; 1 keeps all."""
    per_template: int = 2_000
    """Texts of one template at most."""
    per_source: int = 60_000
    """Texts of one source at most."""
    held_out: float = 0.02
    """Share of each source's texts for the in-distribution test."""
    vocab_size: int = 16_384
    """Of the tokenizer to learn."""
    tokenizer: Path | None = None
    """A tokenizer to use instead of learning one."""
    max_tokens: int = 512
    """Tokens at which a text is cut."""
    pseudonym_key: bytes | None = None
    """Key of the pseudonyms; None leaves texts as they are."""

    def __post_init__(self) -> None:
        if not 0 < self.near_threshold <= 1:
            raise InputError(f"near-duplicate threshold {self.near_threshold}: expected a share above 0 and up to 1")
        if not 0 <= self.held_out <= 0.5:
            raise InputError(f"held-out share {self.held_out}: expected 0 to 0.5")
        if not MIN_VOCABULARY <= self.vocab_size <= MAX_VOCABULARY:
            raise InputError(f"vocabulary of {self.vocab_size}: expected {MIN_VOCABULARY:,} to {MAX_VOCABULARY:,} ids")
        if self.pseudonym_key is not None:
            Pseudonymiser(self.pseudonym_key)
        if self.tokenizer is not None and (size := load_tokenizer(self.tokenizer).get_vocab_size()) > MAX_VOCABULARY:
            raise InputError(f"{self.tokenizer}: {size:,} ids; token shards hold {MAX_VOCABULARY:,} at most")
        for name in ("max_chars", "per_template", "per_source", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; expected 1 or more")

    @property
    def views(self) -> tuple[View, ...]:
        """Those of `DedupView`, in order."""
        return ("exact", "masked") if self.dedup_view == "both" else (self.dedup_view,)

    def facts(self) -> dict[str, Any]:
        """For ``corpus.json``: everything but the key."""
        return {
            "max_chars": self.max_chars,
            "dedup_view": self.dedup_view,
            "near_threshold": self.near_threshold,
            "per_template": self.per_template,
            "per_source": self.per_source,
            "held_out": self.held_out,
            "max_tokens": self.max_tokens,
            "tokenizer": "learned" if self.tokenizer is None else "given",
            "pseudonymised": self.pseudonym_key is not None,
        }
