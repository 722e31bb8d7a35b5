"""Which device computes, in which precision."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
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

    def autocast(self) -> AbstractContextManager[object]:
        """In which the network computes in this precision."""
        if self.precision == "float32":
            return nullcontext()  # PyTorch before 2.5 knows no autocast for MPS, not even one that is off
        return torch.autocast(self.torch_device.type, dtype=PRECISIONS[self.precision])


def choose_device(wanted: str = "auto", precision: str = "auto") -> Device:
    """The device `auto`, `cpu`, `cuda`, `cuda:N`, `mps`, `xpu` or `xpu:N` (GPUs of NVIDIA or AMD, Apple, Intel).

    `auto` is the first that is there of CUDA, XPU, MPS, CPU. Precision `auto` is the fastest that the device computes
    natively and that is known to change results little: bf16 where it has it, else fp16 on CUDA GPUs, else float32.
    Raises DeviceError when the device is not there, or is a CPU that is not made for that precision (`slow_precision`).
    """
    if wanted == "auto":
        wanted = available_devices()[0]
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise _unknown(wanted) from error
    if device.type not in ("cuda", "xpu", "mps", "cpu"):
        raise _unknown(wanted)
    if device.type in ("cuda", "xpu"):
        device = torch.device(device.type, device.index or 0)
    there = available_devices()
    if device.type != "cpu" and str(device) not in there:
        raise DeviceError(f"The device {wanted} is not there; use {' or '.join(there)}.")
    name, native = _name_and_native_precision(device)
    if device.type == "cpu" and precision not in precisions_of_cpu():
        raise DeviceError(
            f"This CPU has no arithmetic for {precision}, in which it would take many times as long as in float32; use "
            "--precision auto or float32.",
            "slow_precision",
        )
    return Device(device, name, native if precision == "auto" else precision)


def available_devices() -> list[str]:
    """The devices that PyTorch can use here, the one to prefer first; the CPU is always the last."""
    xpu = getattr(torch, "xpu", None)  # not there yet in PyTorch 2.2
    gpus = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    gpus += [f"xpu:{index}" for index in range(xpu.device_count())] if xpu and xpu.is_available() else []
    return [*gpus, *(["mps"] if torch.backends.mps.is_available() else []), "cpu"]


def _name_and_native_precision(device: torch.device) -> tuple[str, str]:
    if device.type == "cuda":
        native = "bf16" if torch.cuda.get_device_capability(device) >= (8, 0) else "fp16"
        return torch.cuda.get_device_name(device), native
    if device.type == "xpu":
        return torch.xpu.get_device_name(device), "bf16"
    if device.type == "mps":
        return "Apple GPU", "float32"
    return "", "bf16" if cpu_has_bf16() else "float32"


def _unknown(wanted: str) -> DeviceError:
    return DeviceError(f"The device {wanted!r} is not known; use auto, cpu, cuda, cuda:0, xpu or mps.")


def precisions_of_cpu(flags_file: Path = Path("/proc/cpuinfo")) -> list[str]:
    """The precisions to be had of this CPU: auto, float32, and those of 16 bits in which it multiplies natively."""
    return ["auto", "float32", *(["bf16"] if cpu_has_bf16(flags_file) else []), *_fp16(flags_file)]


def _fp16(flags_file: Path) -> list[str]:
    return ["fp16"] if {"avx512_fp16", "amx_fp16"} & _flags(flags_file) else []


def _flags(flags_file: Path) -> set[str]:
    try:
        return set(flags_file.read_text().split())
    except OSError:
        return set()


def cpu_has_bf16(flags_file: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the CPU multiplies bf16 matrices natively (AVX-512 BF16 or AMX). Only Linux tells; elsewhere False."""
    return bool({"avx512_bf16", "amx_bf16"} & _flags(flags_file))
