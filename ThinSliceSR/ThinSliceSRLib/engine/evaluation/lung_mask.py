"""Where the lungs are in a chest CT: a simple mask, good enough to say where to measure, not to measure the lungs."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..volumes.volume import Volume

LUNG_BELOW_HU = -320.0  # halfway between lung and soft tissue, roughly
SMALLEST_SHARE = 0.1  # of the larger lung: smaller pockets of air are bowel or windpipe
SMALLEST_LUNG_ML = 20.0
VESSEL_RADIUS_MM = 5.0
SLICES_AT_ONCE = 32


def lung_mask(volume: Volume) -> np.ndarray:
    """Bool, shape (k, j, i): the lungs with the vessels and airways inside them; all false where none are found.

    Air that is enclosed by the body in its slice; of that the two largest connected parts (one, where both lungs
    touch), closed by 5 mm in each slice. Slices are those along k. Where the edge of the picture cuts a lung, that lung
    counts as outside of the body in those slices; air in the bowel may count when it is large.
    """
    return body_and_lungs(volume)[1]


def body_and_lungs(volume: Volume) -> tuple[np.ndarray, np.ndarray]:
    """The body, and `lung_mask`; both bool, shape (k, j, i).

    The body is the largest connected part that is no air, with what it encloses in each slice along k.
    """
    tissue = _largest_parts(volume.hu >= LUNG_BELOW_HU, 1)
    body = _holes_filled(tissue)
    lungs = _largest_parts(body & ~tissue, 2)
    voxel_ml = float(np.prod(volume.spacing_mm)) / 1000
    if np.count_nonzero(lungs) * voxel_ml < SMALLEST_LUNG_ML:
        return body, np.zeros(volume.hu.shape, bool)
    radius = [max(1, round(VESSEL_RADIUS_MM / spacing)) for spacing in volume.spacing_mm[:2]]
    return body, _closed(lungs, radius) & body


def _largest_parts(mask: np.ndarray, most: int) -> np.ndarray:
    """The largest connected part of a mask and, up to `most`, those that are not much smaller."""
    by_size = sitk.RelabelComponentImageFilter()
    parts = sitk.GetArrayFromImage(by_size.Execute(sitk.ConnectedComponent(_image(mask))))
    sizes = by_size.GetSizeOfObjectsInPixels()[:most]
    last = sum(size >= SMALLEST_SHARE * sizes[0] for size in sizes)
    return (parts > 0) & (parts <= last)


def _holes_filled(mask: np.ndarray) -> np.ndarray:
    """The mask with what it encloses in each slice. Slice by slice, since a volume is open at its ends."""
    filled = np.empty_like(mask)
    for start in range(0, len(mask), SLICES_AT_ONCE):
        some = mask[start : start + SLICES_AT_ONCE]
        parted = np.zeros((2 * len(some), *some.shape[1:]), bool)  # by empty slices
        parted[::2] = ~some
        parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(_image(parted)))[::2]
        outside = np.zeros(int(parts.max()) + 1, bool)
        outside[parts[:, [0, -1]]] = outside[parts[:, :, [0, -1]]] = True
        outside[0] = False
        filled[start : start + SLICES_AT_ONCE] = ~outside[parts]
    return filled


def _closed(mask: np.ndarray, radius: list[int]) -> np.ndarray:
    """A mask, not empty, closed by a disc of `radius` (along i and j) in each slice."""
    box = box_of_mask(mask)
    closed = np.zeros_like(mask)
    image = sitk.BinaryMorphologicalClosing(_image(mask[box]), [*radius, 0], sitk.sitkBall)
    closed[box] = sitk.GetArrayFromImage(image)
    return closed


def _image(mask: np.ndarray) -> sitk.Image:
    return sitk.GetImageFromArray(mask.astype(np.uint8))


def box_of_mask(mask: np.ndarray) -> tuple[slice, slice, slice] | None:
    """The smallest box (k, j, i) that holds all of a mask; None when it is empty."""
    sides = []
    for axis in range(3):
        there = np.flatnonzero(mask.any(tuple(other for other in range(3) if other != axis)))
        if not there.size:
            return None
        sides.append(slice(int(there[0]), int(there[-1]) + 1))
    return (sides[0], sides[1], sides[2])
