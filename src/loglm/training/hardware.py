"""What a run computes on: device and number format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch

from loglm.errors import InputError

__all__ = ["Device", "Hardware", "Precision", "choose_hardware"]

Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where tensors live and in what format matrix products are computed; weights stay in fp32."""

    device: torch.device
    bfloat16: bool

    def autocast(self) -> torch.autocast:
        """Context in which matrix products are computed in the format chosen."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bfloat16)

    def __str__(self) -> str:
        return f"{self.device}, {'bf16' if self.bfloat16 else 'fp32'}"


def choose_hardware(*, device: Device = "auto", precision: Precision = "auto", local_rank: int = 0) -> Hardware:
    """A GPU where there is one, and bf16 where the processor or GPU itself computes in it.

    Args:
        device: ``auto``: a GPU where there is one.
        precision: ``auto``: bf16 where it is no emulation, which is several times slower than fp32.
        local_rank: Number of this process on its machine; each takes a GPU of its own.

    Raises:
        InputError: What is asked for is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError("no GPU that torch can use here; give --device cpu, or install a CUDA build of torch")
    on_gpu = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if on_gpu and local_rank >= torch.cuda.device_count():
        raise InputError(f"{torch.cuda.device_count()} GPUs here, but more processes; give at most one process a GPU")
    # cuDNN builds its attention anew for every shape of a batch, a tenth of a second each; others need not.
    torch.backends.cuda.enable_cudnn_sdp(False)
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_has_bfloat16()
    if precision == "bf16" and not has_bfloat16:
        what = "this GPU" if on_gpu else "this processor (it has neither AVX512-BF16 nor AMX)"
        raise InputError(f"{what} does not compute in bf16; give --precision fp32")
    place = torch.device("cuda", local_rank) if on_gpu else torch.device("cpu")
    return Hardware(place, has_bfloat16 and precision != "fp32")


def _cpu_has_bfloat16() -> bool:
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
