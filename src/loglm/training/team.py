"""The processes of one run: alone, or several that each take a part of every step and add up their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor

from loglm.models.backbones import transformer_layers
from loglm.models.encoder import LogEncoderModel

__all__ = ["Sharding", "Team", "like", "whole"]

Sharding = Literal["none", "gradients", "fsdp"]
"""What processes spread among them: nothing; gradients and optimiser state (ZeRO stage 2); weights too (stage 3)."""


@dataclass(frozen=True, slots=True)
class Team:
    """This process among the others; without a process group it is alone."""

    rank: int = 0
    size: int = 1
    sharding: Sharding = "none"

    @classmethod
    def current(cls, sharding: Sharding = "none") -> Team:
        """Of the process group of `torch.distributed`, where one was made."""
        if not dist.is_initialized():
            return cls()
        return cls(dist.get_rank(), dist.get_world_size(), sharding)

    @property
    def leads(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0

    @property
    def shards(self) -> bool:
        """Whether no process keeps all of gradients and optimiser state."""
        return self.sharding != "none"

    def place(self, model: LogEncoderModel, device: torch.device) -> None:
        """Move a model to its device; where it is sharded, each process keeps a part of every weight (FSDP2).

        With ``fsdp`` a layer's weights are whole while it computes only; with ``gradients`` from its first use in a
        step to its last, which saves gathering them a second time.
        """
        model.to(device)
        if not self.shards:
            return
        mesh = init_device_mesh(device.type, (self.size,))
        for layer in transformer_layers(model.backbone):
            fully_shard(layer, mesh=mesh, reshard_after_forward=self.sharding == "fsdp")
        fully_shard(model, mesh=mesh, reshard_after_forward=False)  # its own weights are the last and first used
        for name in ("masked_token_loss", "vectors_and_token_loss"):
            register_fsdp_forward_method(model, name)

    def spread_again(self, model: nn.Module) -> None:
        """After a pass without gradients, which leaves weights whole; they must not be trained so."""
        for module in model.modules():
            if isinstance(module, FSDPModule):
                module.reshard()

    @property
    def loss_scale(self) -> float:
        """What a process's loss is multiplied by, so that gradients add up over processes; FSDP takes their mean."""
        return float(self.size) if self.shards else 1.0

    def add_up(self, *values: Tensor | float, device: torch.device) -> list[float]:
        """Sums over all processes of a few numbers."""
        numbers = torch.stack([torch.as_tensor(v, dtype=torch.float64, device=device) for v in values])
        if self.size > 1:
            dist.all_reduce(numbers)
        return [float(number) for number in numbers]

    def add_up_gradients(self, model: nn.Module) -> None:
        """Sum the gradients of all processes in place; FSDP has done so already."""
        if self.size == 1 or self.shards:
            return
        for parameter in model.parameters():
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)

    def gather(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """Tensors as whole ones on the CPU of the first process, other values as they are; nothing on the others.

        Every process has to call it: each tensor that is spread is gathered by all, and dropped at once by the others,
        so that only the first one needs memory for all of them.
        """
        gathered: dict[str, Any] = {}
        for name, value in state.items():
            one = whole(value) if self.leads or isinstance(value, DTensor) else None
            if self.leads:
                gathered[name] = one
        return gathered

    def wait(self) -> None:
        """Until all processes are here."""
        if self.size > 1:
            dist.barrier()

    def __str__(self) -> str:
        return "one process" if self.size == 1 else f"{self.size} processes" + f", {self.sharding}" * self.shards


def whole(value: Any) -> Any:
    """A tensor that is spread over processes as one on the CPU, on all of them; anything else as it is."""
    if isinstance(value, DTensor):
        value = value.full_tensor()
    return value.detach().cpu() if isinstance(value, Tensor) else value


def like(value: Tensor, model: Tensor) -> Tensor:
    """A copy of a whole tensor, spread over processes and placed as ``model`` is."""
    if isinstance(model, DTensor):
        return distribute_tensor(value.to(model.device), model.device_mesh, model.placements)
    return value.to(model.device, copy=True)
