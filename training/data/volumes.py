"""Training volumes: files in any format that the engine reads, seen along each of their thin axes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import READERS, read_volume
from ThinSliceSRLib.engine.synthesis.bicubic import bicubic_slices
from ThinSliceSRLib.engine.volumes.volume import Volume

THIN_MM = 1.0
# Slices further apart than so many times those that are wanted would be made up by interpolation rather than seen.
COARSEST_SHARE = 1.3
THINNEST_KNOWN_MM = COARSEST_SHARE * THIN_MM
COARSEST_MM = 2.6  # shows the thin slices of the widest spacing


@dataclass(frozen=True)
class View:
    """A volume with one of its axes as the slice axis.

    hu: int16 (slices `spacing_mm` apart, rows, columns). pixel_mm: size of a pixel, the geometric mean of its sides.
    along_slices: whether the slice axis is the volume's own.
    """

    hu: np.ndarray
    spacing_mm: float
    pixel_mm: float
    along_slices: bool

    def shows(self, thin_mm: float) -> bool:
        """Whether thin slices so far apart can be seen in it; those of 1 mm always count as seen in 1 mm slices."""
        return self.spacing_mm <= max(THIN_MM, COARSEST_SHARE * thin_mm)


@dataclass(frozen=True)
class TrainingVolume:
    """The views of one volume along which its slices are thin, for one thick spacing or another."""

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


def read_training_volume(path: Path, crop: int) -> TrainingVolume:
    """All views of the volume at `path` whose slices are thin, mirrored in the plane where smaller than a crop.

    Raises UnusableInput when no axis is thin enough.
    """
    volume = read_volume(path)
    views = []
    for axis in (0, 1, 2):
        spacing = volume.spacing_mm[axis]
        if spacing <= COARSEST_MM:
            pixel = math.sqrt(math.prod(volume.spacing_mm) / spacing)
            hu = _whole(np.moveaxis(volume.hu, 2 - axis, 0))
            views.append(View(_mirrored_up_to(crop, hu), spacing, pixel, axis == volume.through_plane_axis))
    if not views:
        raise UnusableInput(f"No axis of {path.name} has voxels of {COARSEST_MM:g} mm or less; leave it out.")
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
    return _whole(hu)


def _whole(hu: np.ndarray) -> np.ndarray:
    if not np.issubdtype(hu.dtype, np.integer):
        hu = np.rint(hu).clip(-32768, 32767)
    return np.ascontiguousarray(hu, dtype=np.int16)


def _mirrored_up_to(crop: int, hu: np.ndarray) -> np.ndarray:
    lacking = [0, *(max(0, crop - size) for size in hu.shape[1:])]
    return np.pad(hu, [(count // 2, count - count // 2) for count in lacking], mode="reflect") if any(lacking) else hu
