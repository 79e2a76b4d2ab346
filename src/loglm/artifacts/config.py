"""Configurations of models as plain data, read by training and by the runtime alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from loglm.errors import ModelError

__all__ = ["ENCODER_SIZES", "EncoderConfig"]


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Shape of a `LogEncoder`, a ModernBERT encoder (Warner et al. 2024, arXiv:2412.13663)."""

    width: int
    """D: width of token and event vectors."""
    layers: int
    heads: int
    intermediate: int
    """Inner width of the gated feed-forward layers."""
    vocab_size: int = 16_384
    max_tokens: int = 256
    """Longest input in tokens; longer events are cut."""
    local_attention: int = 128
    """Tokens that a local layer sees around each position."""
    global_every: int = 3
    """Each n-th layer attends to all tokens."""

    def __post_init__(self) -> None:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ModelError(f"width {self.width} must be an even multiple of heads {self.heads}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EncoderConfig:
        """Raises ModelError on unknown or missing keys."""
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f"encoder configuration does not fit this version: {error}") from error


ENCODER_SIZES: dict[str, EncoderConfig] = {
    "nano": EncoderConfig(width=192, layers=4, heads=3, intermediate=384),
    "small": EncoderConfig(width=320, layers=8, heads=5, intermediate=512),
    "medium": EncoderConfig(width=448, layers=9, heads=7, intermediate=768),
}
"""4.5M, 12M and 25M parameters."""
