"""Content-only masking: which tokens a model has to predict, and what it sees in their place."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ContentMasker"]


class ContentMasker:
    """Hides a share of the content tokens; delimiters and special tokens are never hidden.

    Of the chosen tokens 80 % become [MASK], 10 % a random token, 10 % stay (Devlin et al. 2018). That only content
    is chosen follows SecEncoder (arXiv:2411.07528): a delimiter is predictable from the format alone.
    """

    def __init__(
        self, delimiters: list[int], *, vocab_size: int, mask_token_id: int = 4, share: float = 0.3, seed: int = 0
    ) -> None:
        self.share = share
        self.vocab_size = vocab_size
        self.mask_token_id = mask_token_id
        self.generator = torch.Generator().manual_seed(seed)
        self._is_content = torch.ones(vocab_size, dtype=torch.bool)
        self._is_content[torch.as_tensor(delimiters)] = False

    def __call__(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """(inputs, labels), both int64 (B, T); labels are -100 where nothing is to be predicted."""
        draw = torch.rand(input_ids.shape, generator=self.generator)
        chosen = (draw < self.share) & self._is_content[input_ids]
        labels = torch.where(chosen, input_ids, -100)
        kind = draw / self.share  # uniform in 0..1 where chosen
        inputs = torch.where(chosen & (kind < 0.8), self.mask_token_id, input_ids)
        noise = torch.randint(5, self.vocab_size, input_ids.shape, generator=self.generator)
        return torch.where(chosen & (kind >= 0.9), noise, inputs), labels
