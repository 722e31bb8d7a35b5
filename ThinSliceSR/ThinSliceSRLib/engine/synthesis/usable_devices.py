"""The devices that a run can use on this computer."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from .device import choose_device
from .device_memory import device_memory


@dataclass(frozen=True)
class UsableDevice:
    """device: as `--device` takes it. precision: what `--precision auto` is on it. cores: of the CPU, else None.

    Bytes are None where the device does not tell them.
    """

    device: str
    name: str
    memory_bytes: int | None
    free_bytes: int | None
    precision: str
    cores: int | None


def usable_devices() -> list[UsableDevice]:
    """CUDA GPUs, the GPU behind MPS, the CPU; the first is what `--device auto` is. Untested on GPUs."""
    wanted = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    wanted += ["mps"] if torch.backends.mps.is_available() else []
    return [_usable(name) for name in (*wanted, "cpu")]


def _usable(wanted: str) -> UsableDevice:
    device = choose_device(wanted)
    memory = device_memory(device.torch_device)
    cores = None if device.is_gpu else os.cpu_count()
    return UsableDevice(wanted, device.name, memory.total_bytes, memory.free_bytes, device.precision, cores)
