"""Places to look at twice: where something of the size of a nodule or a vessel stands in DLS alone or in BIS alone, and
the network doubts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import SimpleITK as sitk

from ..errors import UnusableInput
from ..evaluation.lung_mask import box_of_mask, lung_mask
from ..volumes.volume import Volume

LEAST_DIFFERENCE_HU = 100.0  # between DLS and BIS: less is not seen in a window for the lungs
LEAST_DOUBT_HU = 50.0
SIZES_MM = (2.0, 10.0)
# What stands at a place, by its densest voxels near it, and what lies around, by the less dense ones further off.
NEAR_MM, DENSEST = 4.0, 97.0
AROUND_MM, LESS_DENSE = 8.0, 25.0
LEAST_CONTRAST_HU = 30.0  # as of noise
GRID_TOLERANCE_MM = 0.1  # NIfTI keeps places as float32
Kind = Literal["stands", "vanishes"]
LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Structure:
    """One place. kind: what is denser there `stands` in DLS and not in BIS, or `vanishes`: it stands in BIS alone.

    position_lps_mm: its centre, in DICOM's and ITK's coordinates. index: of the nearest voxel, i, j, k as stored.
    size_mm: diameter of a ball of its volume. hu_dls, hu_bis, doubt_hu: means over it; doubt is the expected error.
    contrast_hu: by which what stands there in DLS is denser than what lies around.
    """

    kind: Kind
    position_lps_mm: tuple[float, float, float]
    index: tuple[int, int, int]
    size_mm: float
    hu_dls: float
    hu_bis: float
    doubt_hu: float
    contrast_hu: float

    @property
    def relative_doubt(self) -> float:
        """The expected error as a share of the contrast. Of what is faint, less has to be wrong."""
        return self.doubt_hu / self.contrast_hu

    @property
    def position_ras_mm(self) -> tuple[float, float, float]:
        """Its centre in Slicer's coordinates."""
        r, a, s = (np.array(self.position_lps_mm) * LPS_TO_RAS).tolist()
        return (r, a, s)

    def facts(self) -> dict[str, Any]:
        """What programs are told; `position` is RAS, `position_lps` LPS, both in mm."""
        i, j, k = self.index
        return {
            "kind": self.kind,
            "position": [round(mm, 2) for mm in self.position_ras_mm],
            "position_lps": [round(mm, 2) for mm in self.position_lps_mm],
            "i": i,
            "j": j,
            "k": k,
            "size_mm": round(self.size_mm, 1),
            "hu_dls": round(self.hu_dls),
            "hu_bis": round(self.hu_bis),
            "doubt_hu": round(self.doubt_hu),
            "contrast_hu": round(self.contrast_hu),
            "relative_doubt": round(self.relative_doubt, 3),
        }


def find_structures(
    dls: Volume,
    bis: Volume,
    doubt: Volume,
    lungs: np.ndarray | None = None,
    least_doubt_hu: float = LEAST_DOUBT_HU,
) -> list[Structure]:
    """The places in the lungs, those of the largest relative doubt first. All three volumes lie on one grid.

    A place is a connected part of the lungs, as large as a ball of SIZES_MM, in which DLS and BIS differ one way by
    LEAST_DIFFERENCE_HU or more and an error of `least_doubt_hu` or more is expected in every voxel.
    lungs: their mask, shape (k, j, i), if it is known.
    Raises UnusableInput (`different_grids`) where they do not lie on one grid.
    """
    for other in (bis, doubt):
        if other.size != dls.size or np.abs(_far_corners(other) - _far_corners(dls)).max() > GRID_TOLERANCE_MM:
            raise UnusableInput(
                "DLS, BIS and doubt do not lie on one grid; give those that one run has made.", "different_grids"
            )
    if lungs is None:
        lungs = lungs_of(dls)
    box = box_of_mask(lungs)
    if box is None:
        return []
    first, second, doubted = (volume.hu[box] for volume in (dls, bis, doubt))
    difference = first.astype(np.int32) - second
    eligible = lungs[box] & (doubted >= least_doubt_hu)
    offset = np.array([part.start for part in box[::-1]])
    found = []
    kinds: tuple[tuple[Kind, int], ...] = (("stands", 1), ("vanishes", -1))
    for kind, sign in kinds:
        parts = _parts(eligible & (sign * difference >= LEAST_DIFFERENCE_HU))
        found += _structures(kind, parts, dls, offset, (first, second, doubted))
    return sorted(found, key=lambda structure: -structure.relative_doubt)


def lungs_of(volume: Volume) -> np.ndarray:
    """The mask of the lungs, shape (k, j, i), whatever axis the slices lie along."""
    axis = volume.through_plane_axis
    order = (*(index for index in range(3) if index != axis), axis)
    stacked = volume.permuted(order)
    return replace(stacked, hu=lung_mask(stacked)).permuted([int(index) for index in np.argsort(order)]).hu


def _far_corners(volume: Volume) -> np.ndarray:
    """The first voxel and the ends of the three axes, (4, 3), in mm."""
    steps = np.vstack([np.zeros(3), np.diag(np.array(volume.size) - 1)]) * volume.spacing_mm
    return np.asarray(volume.origin_mm) + steps @ np.asarray(volume.direction).T


def _parts(mask: np.ndarray) -> np.ndarray:
    """The number of the connected part that each voxel belongs to, from 1; 0 outside of the mask."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return sitk.GetArrayFromImage(sitk.ConnectedComponent(image))


def _structures(
    kind: Kind,
    parts: np.ndarray,
    volume: Volume,
    offset: np.ndarray,
    values: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> list[Structure]:
    """Those of the parts that are of the right size. offset: i, j, k of the first voxel of the parts' box."""
    places = np.nonzero(parts)
    numbers = parts[places]
    counts = np.bincount(numbers)
    if not numbers.size:
        return []
    centres = np.stack([np.bincount(numbers, place) for place in places[::-1]], 1) / np.maximum(counts, 1)[:, None]
    means = [np.bincount(numbers, array[places]) / np.maximum(counts, 1) for array in values]
    sizes_mm = np.cbrt(counts * float(np.prod(volume.spacing_mm)) * 6 / np.pi)
    structures = []
    for number in np.flatnonzero((sizes_mm >= SIZES_MM[0]) & (sizes_mm <= SIZES_MM[1])):
        place = centres[number] + offset
        x, y, z = (np.asarray(volume.origin_mm) + volume.direction @ (place * volume.spacing_mm)).tolist()
        i, j, k = np.rint(place).astype(int).tolist()
        hu_dls, hu_bis, doubt_hu = (float(mean[number]) for mean in means)
        size_mm, contrast_hu = float(sizes_mm[number]), _contrast_hu(volume, (i, j, k))
        structures.append(Structure(kind, (x, y, z), (i, j, k), size_mm, hu_dls, hu_bis, doubt_hu, contrast_hu))
    return structures


def _contrast_hu(volume: Volume, index: tuple[int, int, int]) -> float:
    sides, squares = [], []
    for place, spacing_mm, size in zip(index, volume.spacing_mm, volume.size, strict=True):
        reach = math.ceil(AROUND_MM / spacing_mm)
        side = np.arange(max(place - reach, 0), min(place + reach + 1, size))
        sides.append(slice(side[0], side[-1] + 1))
        squares.append(((side - place) * spacing_mm) ** 2)
    i, j, k = squares
    apart = k[:, None, None] + j[:, None] + i
    hu = volume.hu[tuple(sides[::-1])]
    dense = np.percentile(hu[apart <= NEAR_MM**2], DENSEST)
    return float(max(dense - np.percentile(hu[apart <= AROUND_MM**2], LESS_DENSE), LEAST_CONTRAST_HU))
