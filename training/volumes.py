"""Training volumes: files in any format that the engine reads, as thin slices 1 mm apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.synthesis.bicubic import bicubic_slices
from ThinSliceSRLib.engine.volumes.reading import READERS, read_volume
from ThinSliceSRLib.engine.volumes.volume import Volume

THIN_MM = 1.0
# Slices further apart than this would be made up by interpolation rather than seen.
THINNEST_KNOWN_MM = 1.3


@dataclass(frozen=True)
class View:
    """A volume with one of its axes as the slice axis.

    hu: int16 (slices 1 mm apart, rows, columns). along_slices: whether the slice axis is the volume's own.
    """

    hu: np.ndarray
    along_slices: bool


@dataclass(frozen=True)
class TrainingVolume:
    """The views of one volume along which its slices are thin."""

    name: str
    views: tuple[View, ...]


def find_volumes(folder: Path) -> list[Path]:
    """Files that the engine reads, and folders (DICOM series), directly in `folder`, by name."""
    folder = Path(folder)
    if not folder.is_dir():
        raise UnusableInput(f"There is no folder {folder}; give a folder of CT volumes.", "not_found")
    paths = sorted(path for path in folder.iterdir() if path.is_dir() or path.name.lower().endswith(tuple(READERS)))
    if not paths:
        raise UnusableInput(f"There are no volumes in {folder}; give a folder of CT volumes.", "not_found")
    return paths


def read_training_volume(path: Path, slices: int, crop: int) -> TrainingVolume:
    """All thin views of the volume at `path`, mirrored at the ends where shorter than a sample needs.

    Raises UnusableInput when no axis is thin enough.
    """
    volume = read_volume(path)
    own = volume.through_plane_axis
    views = []
    for axis in (0, 1, 2):
        spacing = volume.spacing_mm[axis]
        if spacing <= THINNEST_KNOWN_MM:
            hu = at_millimetres(np.moveaxis(volume.hu, 2 - axis, 0), spacing)
            views.append(View(_mirrored_up_to((slices, crop, crop), hu), along_slices=axis == own))
    if not views:
        raise UnusableInput(
            f"No axis of {path.name} has voxels of {THINNEST_KNOWN_MM:g} mm or less; leave it out of training."
        )
    return TrainingVolume(path.name, tuple(views))


def read_thin_volume(path: Path) -> Volume:
    """The volume at `path` with its own slices 1 mm apart along k. Raises UnusableInput when they are not thin."""
    volume = read_volume(path)
    if volume.spacing_mm[volume.through_plane_axis] > THINNEST_KNOWN_MM:
        raise UnusableInput(
            f"The slices of {path.name} are more than {THINNEST_KNOWN_MM:g} mm apart; it cannot serve as the truth."
        )
    volume = volume.stacked_along_k(volume.through_plane_axis)
    return volume.on_slice_grid(at_millimetres(volume.hu, volume.spacing_mm[2]), THIN_MM)


def at_millimetres(hu: np.ndarray, spacing_mm: float) -> np.ndarray:
    """Slices (k, rows, columns) as int16, 1 mm apart from the first one on, by third-order B-spline."""
    if abs(spacing_mm - THIN_MM) > 1e-4:
        places = np.arange(int((len(hu) - 1) * spacing_mm / THIN_MM + 1e-6) + 1) * THIN_MM / spacing_mm
        hu = bicubic_slices(hu, places)
    if not np.issubdtype(hu.dtype, np.integer):
        hu = np.rint(hu).clip(-32768, 32767)
    return np.ascontiguousarray(hu, dtype=np.int16)


def _mirrored_up_to(lengths: tuple[int, int, int], hu: np.ndarray) -> np.ndarray:
    lacking = [max(0, length - size) for length, size in zip(lengths, hu.shape, strict=True)]
    return np.pad(hu, [(count // 2, count - count // 2) for count in lacking], mode="reflect") if any(lacking) else hu
