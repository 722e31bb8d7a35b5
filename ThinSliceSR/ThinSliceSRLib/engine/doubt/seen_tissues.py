"""Which tissue a DLS volume shows in each voxel, told in a small part of the time that its synthesis takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..evaluation.lung_mask import body_and_lungs, box_of_mask
from ..evaluation.tissues import BONE_HU, SOFT_TISSUE_HU, TISSUES, VESSEL_HU
from ..volumes.volume import Volume

COARSE_MM = 2.0  # of the voxels in which body, lungs and their borders are told; as wide as the borders
SLICES_AT_ONCE = 8  # which stay in a processor's cache
REACH = 2  # slices, over which one is smoothed and bone has its borders
LEAST_HU, MOST_HU = -1000, 1000  # beyond which no tissue differs
OUTSIDE, IN_LUNG, AT_LUNG, IN_BODY = range(4)
LUNG, VESSELS, LUNG_BORDERS, BONE, SOFT_TISSUE = range(1, len(TISSUES) + 1)
AS_BONE = 4
# By the place, and by what is as dense: lung, vessels, soft tissue, more than that, bone with its borders.
TISSUE_OF = np.array(
    [
        [0, 0, 0, 0, 0],
        [LUNG, VESSELS, VESSELS, VESSELS, VESSELS],
        [LUNG_BORDERS, LUNG_BORDERS, LUNG_BORDERS, LUNG_BORDERS, BONE],
        [0, 0, SOFT_TISSUE, 0, BONE],
    ],
    np.uint8,
)


def seen_tissues(volume: Volume) -> np.ndarray:
    """The number of the tissue of each voxel in TISSUES, from 1 on, uint8 (k, j, i); 0 where it is none of them.

    Nearly what `tissue_masks` tells. Body, lungs and their borders are told in voxels of about 2 mm, or those of the
    volume where they are wider; bone, vessels and soft tissue voxel by voxel, smoothed over one neighbour. Slices are
    those along k.
    """
    numbers = np.zeros(volume.hu.shape, np.uint8)
    steps = [max(1, round(COARSE_MM / spacing)) for spacing in volume.spacing_mm[::-1]]
    places = _places(volume, steps)
    body = box_of_mask(places > OUTSIDE)
    if body is None:
        return numbers
    _, rows, columns = (
        slice(part.start * step, (part.stop + 1) * step) for part, step in zip(body, steps, strict=True)
    )
    k, j, i = (
        np.minimum(np.arange(size) // step, coarse - 1)
        for size, step, coarse in zip(volume.hu.shape, steps, places.shape, strict=True)
    )
    for start in range(0, len(numbers), SLICES_AT_ONCE):
        stop = min(start + SLICES_AT_ONCE, len(numbers))
        seen = slice(max(start - REACH, 0), stop + REACH)
        density = _densities(volume.hu[seen, rows, columns])[start - seen.start : stop - seen.start]
        place = places[k[start:stop]].take(j[rows], 1).take(i[columns], 2)
        numbers[start:stop, rows, columns] = TISSUE_OF.take(place * np.uint8(TISSUE_OF.shape[1]) + density)
    return numbers


def _places(volume: Volume, steps: Sequence[int]) -> np.ndarray:
    """OUTSIDE of the body, IN_LUNG, AT_LUNG (its border) or IN_BODY, uint8, for one voxel of so many along k, j, i."""
    middle = tuple(slice(min(size, step) // 2, None, step) for size, step in zip(volume.hu.shape, steps, strict=True))
    i_mm, j_mm, k_mm = (mm * step for mm, step in zip(volume.spacing_mm, steps[::-1], strict=True))
    body, lungs = body_and_lungs(Volume(volume.hu[middle], (i_mm, j_mm, k_mm)))
    inner, outer = ~_widened(~lungs), _widened(lungs)
    return np.select([inner, outer & body, body], [IN_LUNG, AT_LUNG, IN_BODY]).astype(np.uint8)


def _densities(hu: np.ndarray) -> np.ndarray:
    """The column of TISSUE_OF for each voxel, uint8."""
    smooth = hu.clip(LEAST_HU, MOST_HU)
    for axis in range(3):  # a quarter, a half and a quarter of three neighbours; unchanged at the ends
        along = np.moveaxis(smooth, axis, 0)
        pairs = along[1:] + along[:-1]
        along[1:-1] = (pairs[1:] + pairs[:-1]) >> 2
    denser = sum((smooth > least).view(np.uint8) for least in (VESSEL_HU, SOFT_TISSUE_HU[0], SOFT_TISSUE_HU[1]))
    return np.where(_widened(smooth > BONE_HU), np.uint8(AS_BONE), denser)


def _widened(mask: np.ndarray) -> np.ndarray:
    """A mask with all neighbours, also across corners."""
    for axis in range(3):
        before, mask = np.moveaxis(mask, axis, 0), mask.copy()
        along = np.moveaxis(mask, axis, 0)
        along[1:] |= before[:-1]
        along[:-1] |= before[1:]
    return mask
