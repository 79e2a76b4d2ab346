"""What turns gradients into weights: Muon for the matrices of the layers, AdamW for all else, as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from loglm.training.team import Team, like

__all__ = ["EncoderOptimizer", "Optimizer"]

Optimizer = Literal["muon", "adamw"]

_BETAS = (0.9, 0.98)


class EncoderOptimizer:
    """Muon (Jordan et al. 2024; scaled as by Liu et al. 2025, arXiv:2502.16982) beside AdamW, with one learning rate.

    Muon makes the update of a matrix orthogonal, so that all its directions learn alike. It is for matrices between
    token vectors; embeddings, whose rows stand for themselves, norms and biases are AdamW's. Scaled so, an update of
    either has the same root mean square, and one learning rate and weight decay suit both. ``adamw`` takes AdamW for
    all.
    """

    def __init__(self, model: nn.Module, *, kind: Optimizer, weight_decay: float) -> None:
        self._parameters = dict(model.named_parameters())
        self._by_muon = [name for name, p in self._parameters.items() if kind == "muon" and _is_matrix(name, p)]
        self._parts: list[torch.optim.Optimizer] = []
        if self._by_muon:
            matrices = [self._parameters[name] for name in self._by_muon]
            self._parts.append(torch.optim.Muon(matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"))
        others = [p for name, p in self._parameters.items() if name not in self._by_muon]
        self._parts.append(torch.optim.AdamW(others, betas=_BETAS, weight_decay=weight_decay, fused=True))

    def step(self, learning_rate: float) -> None:
        """Change the weights by their gradients; those without one stay as they are."""
        for part in self._parts:
            for group in part.param_groups:
                group["lr"] = learning_rate
            part.step()

    def state(self, team: Team) -> dict[str, dict[str, Any]]:
        """Moments and counts by name of the weight, gathered by the first process as `Team.gather` does."""
        held = {name: self._part(name).state.get(p, {}) for name, p in self._parameters.items()}
        return {name: team.gather(values) for name, values in held.items() if values}

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Take over copies of what `state` gave, spread and placed as the weights are here."""
        for name, values in state.items():
            parameter = self._parameters[name]
            self._part(name).state[parameter] = {
                key: like(v, parameter) if v.ndim else v.to(parameter.device, copy=True) for key, v in values.items()
            }

    def _part(self, name: str) -> torch.optim.Optimizer:
        return self._parts[0 if name in self._by_muon else -1]


def _is_matrix(name: str, parameter: Tensor) -> bool:
    return parameter.ndim == 2 and "embedding" not in name
