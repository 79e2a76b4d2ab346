"""What can be chosen when a corpus is built."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loglm.errors import InputError

__all__ = ["BuildOptions"]


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """All that, beside the sources, fixes the bytes of a corpus."""

    max_chars: int = 2_560
    """Characters of the longest text to keep; rendering cuts there too."""
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
        for name in ("max_chars", "per_template", "per_source", "max_tokens"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}; expected 1 or more")

    def facts(self) -> dict[str, Any]:
        """For ``corpus.json``: everything but the key."""
        return {
            "max_chars": self.max_chars,
            "near_threshold": self.near_threshold,
            "per_template": self.per_template,
            "per_source": self.per_source,
            "held_out": self.held_out,
            "max_tokens": self.max_tokens,
            "tokenizer": "learned" if self.tokenizer is None else "given",
            "pseudonymised": self.pseudonym_key is not None,
        }
