"""list the devices that can compute: GPUs and the CPU, with their memory"""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..events.progress import Reporter, tell

if TYPE_CHECKING:
    from ..devices.usable_devices import UsableDevice

NAME = "devices"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json", action="store_true", help="tell it as one JSON object; memory in bytes, null where it is not known"
    )


def run(arguments: argparse.Namespace, reporter: Reporter, undo: ExitStack) -> None:
    """Prints a line for each device, or one JSON object."""
    from ..devices.device import choose_device
    from ..devices.usable_devices import usable_devices

    if arguments.json:
        tell(json.dumps(list_of_devices(), indent=2))
        return
    auto = str(choose_device("auto").torch_device)
    for device in usable_devices():
        tell(in_one_line(device) + (" (auto)" if device.device == auto else ""))


def list_of_devices() -> dict[str, Any]:
    """What programs are told: the versions of PyTorch and CUDA, the devices, and which of them `auto` takes."""
    import torch

    from ..devices.device import choose_device
    from ..devices.usable_devices import usable_devices

    versions = {"torch": torch.__version__, "cuda": torch.version.cuda}
    auto = str(choose_device("auto").torch_device)
    return {**versions, "devices": [asdict(device) for device in usable_devices()], "auto": auto}


def in_one_line(device: UsableDevice) -> str:
    """A device for people: what `--device` calls it, its name, what it has."""
    facts = [device.precision]
    if device.cores is not None:
        facts.append(f"{device.cores} cores")
    if device.memory_bytes is not None:
        facts.append(f"{device.memory_bytes / 1e9:.1f} GB memory")
    if device.free_bytes is not None:
        facts.append(f"{device.free_bytes / 1e9:.1f} GB free")
    return f"{device.device}: {', '.join(([device.name] if device.name else []) + facts)}"
