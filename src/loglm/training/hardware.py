"""What a run computes on: device, number format, threads, and memory that is kept instead of given back."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from typing import Literal

import torch

from loglm.errors import InputError

__all__ = ["Device", "Hardware", "Precision", "choose_hardware", "keep_freed_memory"]

Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cpu", "cuda"]

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
"""glibc's malloc.h."""


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
    has_bfloat16 = torch.cuda.is_bf16_supported(including_emulation=False) if on_gpu else _cpu_has_bfloat16()
    if precision == "bf16" and not has_bfloat16:
        what = "this GPU" if on_gpu else "this processor (it has neither AVX512-BF16 nor AMX)"
        raise InputError(f"{what} does not compute in bf16; give --precision fp32")
    place = torch.device("cuda", local_rank) if on_gpu else torch.device("cpu")
    return Hardware(place, has_bfloat16 and precision != "fp32")


def keep_freed_memory() -> None:
    """Tell glibc's allocator to keep freed memory for the next step; elsewhere nothing happens.

    By default each large tensor is mapped anew and zeroed page by page by the kernel, at every step.
    """
    if not sys.platform.startswith("linux"):
        return
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt") and hasattr(libc, "gnu_get_libc_version"):
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_M_TOP_PAD, 2**28)


def _cpu_has_bfloat16() -> bool:
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
