"""What a measurement was made on: figures of different machines, or of a busy one, are not to be compared."""

from __future__ import annotations

import datetime
import os
import platform
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from ThinSliceSRLib.engine import ENGINE_VERSION
from ThinSliceSRLib.engine.devices.usable_devices import usable_devices


def describe_machine() -> dict[str, Any]:
    """CPU, GPUs, threads, versions and load average; nothing that names the computer or who uses it."""
    return {
        "measured": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": [device.name for device in usable_devices() if device.device != "cpu"],
        "load_average": load_average(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "engine": ENGINE_VERSION,
    }


def cpu_name(facts: Path = Path("/proc/cpuinfo")) -> str:
    """The CPU's name and the widest instructions that PyTorch uses on it."""
    name = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = (line.partition(":") for line in facts.read_text().splitlines())
        name = next((value.strip() for key, _, value in lines if key.strip() == "model name"), name)
    return f"{name}, {torch.backends.cpu.get_cpu_capability()}"


def load_average() -> float | None:
    """Processes that ran or wanted to run during the last minute; None where the system does not tell (Windows)."""
    with suppress(AttributeError, OSError):
        return round(os.getloadavg()[0], 2)
    return None
