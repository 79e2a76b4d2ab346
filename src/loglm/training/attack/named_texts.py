"""NamedTexts: texts that say what a technique looks like, without being logs of an attack."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NamedTexts"]


@dataclass(frozen=True, slots=True)
class NamedTexts:
    """Texts, each with the techniques that it is about; they teach names, not what an attack is."""

    texts: tuple[str, ...]
    techniques: tuple[tuple[str, ...], ...]
    """Base techniques of each text."""
    share: float
    """Weight of all of them in training against that of all windows."""

    def __post_init__(self) -> None:
        if len(self.texts) != len(self.techniques):
            raise ValueError(f"{len(self.texts)} texts, {len(self.techniques)} sets of techniques")
