"""What a weights file says of itself, read without PyTorch, which takes seconds to load."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import safetensors

from ..errors import WeightsError
from ..network.configuration import NetworkConfiguration
from ..network.multiplications import multiplications_per_voxel

FORMAT = "ThinSliceSR weights 1"
CALIBRATION = "doubt_calibration"  # entry of a calibrated doubt
LONGEST_NAME = 100


def weights_metadata(path: Path) -> dict[str, str]:
    """What a weights file says of itself, see `save_weights`. Raises WeightsError when the file is not one."""
    if not path.is_file():
        raise WeightsError(
            f"There are no weights at {path}; give the path of a weights file (.safetensors).", "weights_missing"
        )
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (safetensors.SafetensorError, OSError) as error:
        raise damaged(path) from error
    if metadata.get("format") != FORMAT or not {"name", "trained", "configuration"} <= metadata.keys():
        raise WeightsError(f"{path.name} does not hold weights of ThinSliceSR; choose another file.", "weights_refused")
    if not can_be_shown(metadata["name"]):
        raise WeightsError(
            f"The name that {path.name} gives its weights is no short line of letters; choose another file.",
            "weights_refused",
        )
    return metadata


def can_be_shown(name: str) -> bool:
    """Whether weights can be called so where people read it: a line that is not empty, not long, and steers no screen.

    Weights that lie in a folder of weights have a stricter name, see `is_model_name`.
    """
    return bool(name.strip()) and name.isprintable() and len(name) <= LONGEST_NAME


def tells_doubt(metadata: Mapping[str, str]) -> bool:
    """Whether weights that say this of themselves are of a network that doubts, and its doubt was calibrated."""
    try:
        channels = json.loads(metadata["configuration"]).get("doubt_channels", 0)
    except (ValueError, AttributeError, RecursionError):  # which loading them will tell
        return False
    return CALIBRATION in metadata and bool(channels)


def multiplications_of(metadata: Mapping[str, str]) -> float | None:
    """How many multiplications weights that say this of themselves take for a voxel of the thick slices."""
    try:
        return multiplications_per_voxel(NetworkConfiguration.from_json(metadata["configuration"]))
    except WeightsError:  # which loading them will tell
        return None


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def damaged(path: Path) -> WeightsError:
    """What to tell of a file that is no whole safetensors file."""
    return WeightsError(
        f"The weights file {path.name} is damaged or not a safetensors file; fetch or copy it again.", "weights_damaged"
    )
