"""Configurations of models as plain data, read by training and by the runtime alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from loglm.errors import ModelError

__all__ = [
    "ENCODER_SIZES",
    "STATED_PARAMETERS",
    "ContextConfig",
    "EncoderConfig",
    "EncoderFamily",
    "Pooling",
    "StaticConfig",
]

EncoderFamily = Literal["modernbert", "deberta-v2"]
Pooling = Literal["mean", "cls", "first-last"]


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """Shape of a `LogEncoder`.

    Families: ModernBERT (Warner et al. 2024, arXiv:2412.13663) and DeBERTa-v2 (He et al. 2021, arXiv:2006.03654); one
    shape has about the same number of parameters in both.
    """

    width: int
    """W: numbers of a token vector."""
    layers: int
    heads: int
    intermediate: int
    """Inner width of ModernBERT's gated feed-forward layers; DeBERTa's, which have no gate, are half as wide again."""
    vocab_size: int = 16_384
    max_tokens: int = 256
    """Longest input in training, in tokens; `LogEncoder` reads longer texts in pieces, `LogEncoderModel` in one go."""
    local_attention: int = 128
    """Tokens that a local layer sees around each position (ModernBERT)."""
    global_every: int = 3
    """Each n-th layer attends to all tokens (ModernBERT)."""
    family: EncoderFamily = "modernbert"
    pooling: Pooling = "mean"
    """What becomes the event vector: the mean of all token vectors, the first one, [CLS], or ``first-last``, the mean
    of the token vectors before the first layer beside that after the last one."""

    @property
    def vector_width(self) -> int:
        """D: numbers of an event vector."""
        return self.width * (2 if self.pooling == "first-last" else 1)

    def __post_init__(self) -> None:
        if self.width % self.heads or (self.width // self.heads) % 2:
            raise ModelError(f"width {self.width} must be an even multiple of heads {self.heads}")
        if self.family not in get_args(EncoderFamily):
            known = " or ".join(get_args(EncoderFamily))
            raise ModelError(f"encoder family {self.family!r} is not known to this version; expected {known}")
        if self.pooling not in get_args(Pooling):
            known = " or ".join(get_args(Pooling))
            raise ModelError(f"pooling {self.pooling!r} is not known to this version; expected {known}")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> EncoderConfig:
        """Raises ModelError on unknown or missing keys."""
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f"encoder configuration does not fit this version: {error}") from error


@dataclass(frozen=True, slots=True)
class StaticConfig:
    """Shape of a table of token vectors, distilled from an encoder."""

    width: int
    """D: numbers of a vector."""
    vocab_size: int
    max_tokens: int
    """Longest input in tokens; longer texts are read in pieces."""

    @property
    def vector_width(self) -> int:
        """D, as `EncoderConfig` has it."""
        return self.width

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> StaticConfig:
        """Raises ModelError on unknown or missing keys."""
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f"configuration of token vectors does not fit this version: {error}") from error


@dataclass(frozen=True, slots=True)
class ContextConfig:
    """Shape of a `ContextEncoder`."""

    width: int
    """D: numbers of its state, which is the vector of an entity's events so far."""
    experts: int
    """Expectations that it chooses between."""
    levels: int = 32
    """Levels of time gaps and of rarities."""
    sources: int = 64
    """Numbers of log sources."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> ContextConfig:
        """Raises ModelError on unknown or missing keys."""
        try:
            return cls(**data)
        except TypeError as error:
            raise ModelError(f"configuration of the context encoder does not fit this version: {error}") from error


ENCODER_SIZES: dict[str, EncoderConfig] = {
    "nano": EncoderConfig(width=192, layers=4, heads=3, intermediate=384),
    "small": EncoderConfig(width=320, layers=8, heads=5, intermediate=512),
    "medium": EncoderConfig(width=448, layers=9, heads=7, intermediate=768),
    "base": EncoderConfig(width=768, layers=17, heads=12, intermediate=1_152, vocab_size=30_000, max_tokens=512),
    "large": EncoderConfig(width=1_024, layers=26, heads=16, intermediate=2_624, vocab_size=30_000, max_tokens=512),
    "xlarge": EncoderConfig(width=1_280, layers=33, heads=20, intermediate=3_456, vocab_size=30_000, max_tokens=512),
    "xxlarge": EncoderConfig(width=1_536, layers=37, heads=24, intermediate=4_096, vocab_size=30_000, max_tokens=512),
}
"""Recipes by name. `nano` to `medium` train on a CPU, the others need GPUs."""

STATED_PARAMETERS: dict[str, int] = {
    "nano": 4_820_000,
    "small": 13_000_000,
    "medium": 24_900_000,
    "base": 111_000_000,
    "large": 354_700_000,
    "xlarge": 701_000_000,
    "xxlarge": 1_106_000_000,
}
"""Parameters of each size as `loglm pretrain` makes it (ModernBERT, ``first-last``), with a vocabulary of 16,384 tokens
up to `medium`, of 30,000 from `base` on; within .5 %. DeBERTa-v2 has as many within 3 %. Texts give two digits of
them."""
