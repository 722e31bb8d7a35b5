"""Masks of voxels, worked on slice by slice, and what they tell of a body."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

DENSER_THAN_AIR_HU = -400
LUNG_HU = (-950, -500)


def slice_by_slice(mask: np.ndarray, operation: Callable[[sitk.Image], sitk.Image]) -> np.ndarray:
    """What the operation on pictures makes of each slice of a mask (slices, rows, columns)."""
    images = (sitk.GetImageFromArray(slice_.astype(np.uint8)) for slice_ in mask)
    return np.stack([sitk.GetArrayFromImage(operation(image)) for image in images]).astype(bool)


def body_of(hu: np.ndarray) -> np.ndarray:
    """Where in HU (slices, rows, columns) tissue is, and what it encloses in its slice."""
    return slice_by_slice(hu > DENSER_THAN_AIR_HU, sitk.BinaryFillhole)


def lung_like(hu: np.ndarray) -> np.ndarray:
    """Where HU are those of lung."""
    return (hu > LUNG_HU[0]) & (hu < LUNG_HU[1])


def lung_share(hu: np.ndarray) -> float:
    """How much of lung and tissue together has the HU of lung, 0 to 1."""
    lung = sum(np.count_nonzero(lung_like(slice_)) for slice_ in hu)
    tissue = sum(np.count_nonzero(slice_ > DENSER_THAN_AIR_HU) for slice_ in hu)
    return lung / max(1, lung + tissue)
