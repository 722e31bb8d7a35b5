"""The devices that a run can use on this computer."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .device import available_devices, choose_device
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
    """The devices that there are; the first is what `--device auto` is."""
    return [_usable(name) for name in available_devices()]


def _usable(wanted: str) -> UsableDevice:
    device = choose_device(wanted)
    memory = device_memory(device.torch_device)
    cores = None if device.is_gpu else os.cpu_count()
    return UsableDevice(wanted, device.name, memory.total_bytes, memory.free_bytes, device.precision, cores)
