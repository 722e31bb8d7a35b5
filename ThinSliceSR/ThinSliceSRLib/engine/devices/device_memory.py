"""How much memory a device has, and how much of it is free."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch

from .main_memory import available_bytes


@dataclass(frozen=True)
class DeviceMemory:
    """Bytes of a device; None where it does not tell."""

    total_bytes: int | None
    free_bytes: int | None


def device_memory(device: torch.device) -> DeviceMemory:
    """The memory of the CPU (the main memory), of a CUDA or XPU GPU, or the part of the main memory that MPS may use.

    A GPU that is too full, or too busy, to be asked does not tell what is free; MPS never does.
    """
    if device.type == "cpu":
        return DeviceMemory(_main_memory_bytes(), available_bytes())
    if device.type in ("cuda", "xpu"):
        of_device = getattr(torch, device.type)
        try:
            free: int | None = of_device.mem_get_info(device)[0]
        except (AttributeError, RuntimeError):  # the first of XPU before PyTorch 2.6
            free = None
        return DeviceMemory(of_device.get_device_properties(device).total_memory, free)
    recommended = getattr(torch.mps, "recommended_max_memory", None)  # not there yet in PyTorch 2.2
    return DeviceMemory(recommended() if recommended else None, None)


def _main_memory_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        pass  # Windows
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.virtual_memory().total)
