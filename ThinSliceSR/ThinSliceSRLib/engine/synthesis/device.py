"""Which device computes, in which precision."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from ..errors import DeviceError

PRECISIONS = {"float32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Device:
    """A device, its name for people, and the precision in which the network runs on it."""

    torch_device: torch.device
    name: str
    precision: str

    @property
    def label(self) -> str:
        return f"{self.torch_device} {self.name}".strip()

    @property
    def is_gpu(self) -> bool:
        return self.torch_device.type != "cpu"

    def autocast(self) -> torch.autocast:
        dtype = PRECISIONS[self.precision]
        return torch.autocast(self.torch_device.type, dtype=dtype, enabled=dtype != torch.float32)


def choose_device(wanted: str = "auto", precision: str = "auto") -> Device:
    """The device `auto`, `cpu`, `cuda`, `cuda:N` or `mps`; `auto` is the first that is there of CUDA, MPS, CPU.

    Precision `auto` is the fastest that the device computes natively: bf16 where it has it, else fp16 on CUDA GPUs,
    else float32. Raises DeviceError when the device is not there.
    """
    if wanted == "auto":
        wanted = "cuda:0" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise DeviceError(f"The device {wanted!r} is not known; use auto, cpu, cuda, cuda:0 or mps.") from error
    if device.type == "cuda":
        count = torch.cuda.device_count()
        device = torch.device("cuda", device.index or 0)
        if device.index >= count:
            there = f"CUDA GPUs 0 to {count - 1} are there" if count else "no CUDA GPU was found"
            raise DeviceError(f"The device {wanted} cannot be used: {there}; choose another or use --device cpu.")
        name = torch.cuda.get_device_name(device)
        native = "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
    elif device.type == "mps":
        if not torch.backends.mps.is_available():
            raise DeviceError("This computer has no GPU that PyTorch can use through MPS; use --device cpu.")
        name, native = "Apple GPU", "float32"
    elif device.type == "cpu":
        name, native = "", "bf16" if cpu_has_bf16() else "float32"
    else:
        raise DeviceError(f"The device {wanted!r} is not supported; use auto, cpu, cuda, cuda:0 or mps.")
    return Device(device, name, native if precision == "auto" else precision)


def cpu_has_bf16(flags_file: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU multiplies bf16 matrices natively (AVX-512 BF16 or AMX). Only Linux tells; elsewhere False."""
    try:
        flags = flags_file.read_text().split()
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags
