"""Whether the disk has room for what a run will write, asked before it computes."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ..errors import CannotWrite

# Chest CT is compressed to more than this; what is sure not to fit is refused, and no more.
LEAST_PACKED = 0.25
BYTES_PER_VOXEL = 2


def packed_bytes(voxels: int, compressed: bool) -> int:
    """What a volume of HU takes at the least in a file."""
    return int(voxels * BYTES_PER_VOXEL * (LEAST_PACKED if compressed else 1))


def require_room(needs: Iterable[tuple[Path, int]]) -> None:
    """Returns when the disks of these folders have room for so many bytes each, those on one disk together.

    Raises CannotWrite (`no_room`).
    """
    needed: Counter[int] = Counter()
    folders: dict[int, Path] = {}
    for folder, size in needs:
        place = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
        disk = place.stat().st_dev
        needed[disk] += size
        folders.setdefault(disk, place)
    for disk, size in needed.items():
        free = shutil.disk_usage(folders[disk]).free
        if free < size:
            raise CannotWrite(
                f"The results need at least {size / 1e9:.2g} GB in {folders[disk]}, but only {free / 1e9:.2g} GB are "
                "free; free some or choose another folder.",
                "no_room",
            )
