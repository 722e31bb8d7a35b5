"""Masks of voxels in one slice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk

DENSER_THAN_AIR_HU = -400
LUNG_HU = (-950, -500)


def as_picture(mask: np.ndarray, operation: Callable[[sitk.Image], sitk.Image]) -> np.ndarray:
    """What the operation on pictures makes of a mask (rows, columns)."""
    made: np.ndarray = sitk.GetArrayFromImage(operation(sitk.GetImageFromArray(mask.astype(np.uint8)))).astype(bool)
    return made


def body_of(hu: np.ndarray) -> np.ndarray:
    """Where in HU (rows, columns) tissue is, and what it encloses."""
    return as_picture(hu > DENSER_THAN_AIR_HU, sitk.BinaryFillhole)


def lung_like(hu: np.ndarray) -> np.ndarray:
    """Where HU are those of lung."""
    return (hu > LUNG_HU[0]) & (hu < LUNG_HU[1])
