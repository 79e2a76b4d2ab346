"""What turns texts into vectors, for steps that do not care which encoder it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["Embed"]

Embed = Callable[[Sequence[str]], np.ndarray]
"""Texts to unit vectors, float32 (n, D); the same text has the same vector in each call."""
