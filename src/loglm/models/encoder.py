"""LogEncoder in torch: tokens of one event in, one vector out, and a masked-language-model head for pretraining."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from loglm.artifacts.config import EncoderConfig
from loglm.models.backbones import build_backbone

__all__ = ["LogEncoderModel"]

_UNLABELLED = -100
_ROWS = 128


class LogEncoderModel(nn.Module):
    """A transformer encoder with pooling and tied-embedding masked-token head.

    Event vectors are pooled token vectors (`EncoderConfig.pooling`), projected and of unit length: their dot product is
    a cosine.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = build_backbone(config)
        self.mlm_transform = nn.Sequential(nn.Linear(config.width, config.width), nn.GELU(), nn.LayerNorm(config.width))
        self.mlm_bias = nn.Parameter(torch.zeros(config.vocab_size))
        self.projection = nn.Linear(config.vector_width, config.vector_width)
        nn.init.eye_(self.projection.weight)
        nn.init.zeros_(self.projection.bias)
        self.token_weight = nn.Buffer(torch.ones(config.vocab_size))
        """Of each token in the means that are event vectors, (V,)."""

    def hidden(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Token vectors (B, T, W) for int64 ids (B, T) and a 0/1 mask (B, T)."""
        return self._first_and_last(input_ids, attention_mask)[1]

    def pooled(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """What the projection reads of each event, (B, D)."""
        weights = self._weights(input_ids, attention_mask)
        return self._pool(*self._first_and_last(input_ids, attention_mask), weights)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Event vectors (B, D) of unit length."""
        return F.normalize(self.projection(self.pooled(input_ids, attention_mask)), dim=-1)

    def masked_token_loss(self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Sum of the cross-entropy in nats over positions whose label is not -100, and how many are predicted right."""
        return self._token_loss(self.hidden(input_ids, attention_mask), labels)

    def vectors_and_token_loss(
        self, input_ids: Tensor, attention_mask: Tensor, labels: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Event vectors (B, D) and the sum of the masked-token loss in nats, from one pass."""
        first, last = self._first_and_last(input_ids, attention_mask)
        pooled = self._pool(first, last, self._weights(input_ids, attention_mask))
        vectors = F.normalize(self.projection(pooled), dim=-1)
        return vectors, self._token_loss(last, labels)[0]

    def token_logits(self, hidden: Tensor) -> Tensor:
        """Scores of all tokens (..., V) for token vectors (..., W)."""
        embeddings = self.backbone.get_input_embeddings().weight  # type: ignore[operator]
        return F.linear(self.mlm_transform(hidden), embeddings, self.mlm_bias)

    def _first_and_last(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor | None, Tensor]:
        """Token vectors (B, T, W) before the first layer, where pooling needs them, and after the last."""
        needs_first = self.config.pooling == "first-last"
        output = self.backbone(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True if needs_first else None
        )
        return output.hidden_states[0] if needs_first else None, output.last_hidden_state

    def _weights(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Of each token in the mean over its event, (B, T, 1)."""
        weights = self.token_weight[input_ids] * attention_mask
        return (weights / weights.sum(dim=1, keepdim=True).clamp(min=1e-9)).unsqueeze(-1)

    def _pool(self, first: Tensor | None, last: Tensor, weights: Tensor) -> Tensor:
        if self.config.pooling == "cls":
            return last[:, 0]
        mean = (last * weights).sum(dim=1)
        return mean if first is None else torch.cat([(first * weights).sum(dim=1), mean], dim=-1)

    def _token_loss(self, hidden: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Over the labelled positions, filled up to a multiple of `_ROWS`: a CPU compiles a product for each shape."""
        places = (labels.flatten() != _UNLABELLED).nonzero().squeeze(1)
        targets = F.pad(labels.flatten()[places], (0, -len(places) % _ROWS), value=_UNLABELLED)
        logits = self.token_logits(hidden.flatten(0, 1)[F.pad(places, (0, -len(places) % _ROWS))])
        loss = F.cross_entropy(logits.float(), targets, reduction="sum", ignore_index=_UNLABELLED)
        return loss, (logits.argmax(-1) == targets).sum()
