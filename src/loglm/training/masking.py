"""Masking: which tokens a model has to predict, and what it sees in their place."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from loglm.tokenizer.bpe import SPECIAL_TOKENS, TokenRoles

__all__ = ["MaskUnit", "Masking", "TokenMasker"]

Masking = Literal["content-only", "plain"]
MaskUnit = Literal["token", "field"]

_MASK_ID = SPECIAL_TOKENS.index("[MASK]")
_LONGEST_SPAN = 8
"""Tokens of a field that are hidden together; longer fields (command lines, messages) are several spans."""


class TokenMasker:
    """Hides a share of the tokens; special tokens are never hidden.

    Of the chosen tokens 80 % become [MASK], 10 % a random token, 10 % stay (Devlin et al. 2018). With ``content-only``
    delimiters are never chosen, which follows SecEncoder (arXiv:2411.07528): a delimiter is predictable from the
    format alone. With ``field`` keys and values are chosen whole, so that a value cannot be guessed from its own rest.
    """

    def __init__(
        self,
        roles: TokenRoles,
        *,
        vocab_size: int,
        share: float,
        seed: int,
        masking: Masking = "content-only",
        unit: MaskUnit = "token",
    ) -> None:
        self.share = share
        self.vocab_size = vocab_size
        self.unit = unit
        self.generator = torch.Generator().manual_seed(seed)
        self._field_ends = torch.as_tensor([roles.line_end_id, roles.equals_id])
        self._may_hide = torch.ones(vocab_size, dtype=torch.bool)
        never = roles.delimiters if masking == "content-only" else list(range(len(SPECIAL_TOKENS)))
        self._may_hide[torch.as_tensor(never)] = False

    def __call__(self, input_ids: Tensor) -> tuple[Tensor, Tensor]:
        """(inputs, labels), both int64 (B, T); labels are -100 where nothing is to be predicted."""
        draw = torch.rand(input_ids.shape, generator=self.generator)
        if self.unit == "field":
            draw = draw.gather(1, self._span_starts(input_ids))
        chosen = (draw < self.share) & self._may_hide[input_ids]
        labels = torch.where(chosen, input_ids, -100)
        kind = draw / self.share  # uniform in 0..1 where chosen
        inputs = torch.where(chosen & (kind < 0.8), _MASK_ID, input_ids)
        noise = torch.randint(len(SPECIAL_TOKENS), self.vocab_size, input_ids.shape, generator=self.generator)
        return torch.where(chosen & (kind >= 0.9), noise, inputs), labels

    def _span_starts(self, input_ids: Tensor) -> Tensor:
        """For each position the one where its span starts, int64 (B, T): a key, a value, or a piece of a long one."""
        position = torch.arange(input_ids.shape[1]).expand_as(input_ids)
        ends = torch.isin(input_ids, self._field_ends)
        field = torch.where(ends, position, 0).cummax(dim=1).values
        return field + (position - field) // _LONGEST_SPAN * _LONGEST_SPAN
