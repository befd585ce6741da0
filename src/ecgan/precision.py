"""Numeric precision: bf16 where the hardware multiplies it natively, fp32 otherwise."""

from __future__ import annotations

import contextlib
from typing import Literal

import torch
from torch import Tensor

from ecgan.errors import UsageError

PrecisionOption = Literal["auto", "fp32", "bf16"]
Precision = Literal["fp32", "bf16"]


def default_device() -> torch.device:
    """The first CUDA device, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def has_hardware_bf16(device: torch.device) -> bool:
    """Whether bf16 products run in hardware: AMX or AVX512-BF16 on a CPU, Ampere or newer."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu" or not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def choose_precision(option: PrecisionOption, device: torch.device) -> Precision:
    """The precision that an option means on this machine.

    Raises:
        UsageError: bf16 was asked for on a device that cannot do it at all.
    """
    if option == "auto":
        return "bf16" if has_hardware_bf16(device) else "fp32"
    if option == "bf16" and device.type not in ("cpu", "cuda"):
        raise UsageError(f"precision=bf16 works on cpu and cuda, got {device.type}; use fp32")
    return option


def at_least_fp32(values: Tensor) -> Tensor:
    """bf16 as fp32; fp32 and fp64 as they are."""
    return values.to(torch.promote_types(values.dtype, torch.float32))


def autocast(precision: Precision, device: torch.device) -> contextlib.AbstractContextManager[None]:
    """Context in which convolutions and matrix products run in `precision`; weights stay fp32."""
    if precision == "fp32":
        return contextlib.nullcontext()
    return torch.autocast(device.type, dtype=torch.bfloat16)
