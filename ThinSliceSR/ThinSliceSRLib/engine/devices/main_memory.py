"""How much memory a run needs, and how much this machine has left."""

from __future__ import annotations

import math
import os
from pathlib import Path

from ..volumes.volume import Volume

# Those of the network's grid; of thick slices that are further apart, more: as many as there are millimetres.
THIN_PER_THICK = 5
# DLS and BIS in 16 bits, and a copy of one of them for other formats than NRRD.
BYTES_PER_THIN_VOXEL = 6
# The interpreter, torch, the cubes on their way through the network, and the slabs that are being worked on.
BYTES_AT_LEAST = 3 * 1024**3 // 2


def needed_bytes(volume: Volume) -> int:
    """An estimate of the main memory that synthesising thin slices of `volume` takes, 1 mm apart as by default."""
    axis = volume.through_plane_axis
    in_plane = math.prod(extent for other, extent in enumerate(volume.size) if other != axis)
    thin_per_thick = max(THIN_PER_THICK, math.ceil(volume.spacing_mm[axis]))
    thin_voxels = in_plane * (thin_per_thick * (volume.size[axis] - 1) + 1)
    return BYTES_AT_LEAST + BYTES_PER_THIN_VOXEL * thin_voxels


def available_bytes() -> int | None:
    """Main memory that a new program can use, or None when this machine does not tell."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass  # not Linux
    try:
        import psutil
    except ImportError:
        pass
    else:
        return int(psutil.virtual_memory().available)
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None  # macOS and Windows without psutil
