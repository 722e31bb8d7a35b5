"""Stored values to HU, by the slope and the intercept in the header of a file."""

from __future__ import annotations

import math

import numpy as np

from ..errors import UnusableInput

LARGEST_WHOLE = 1 << 24  # factors of 32-bit values whose products fit into 64 bits


def scale_of(slope: float, intercept: float) -> tuple[float, float] | None:
    """Slope and intercept; None where the slope is none, or where nothing changes. Raises UnusableInput
    (`not_readable`)."""
    if slope == 0 or not math.isfinite(slope):
        return None
    if not math.isfinite(intercept):
        raise UnusableInput(
            "The header of this file scales its values by what is no number; it is damaged, so copy or export it "
            "again.",
            "not_readable",
        )
    return None if (slope, intercept) == (1, 0) else (slope, intercept)


def scaled(values: np.ndarray, scale: tuple[float, float] | None) -> np.ndarray:
    """The stored `values` times the slope plus the intercept, whole where all of these are."""
    if scale is None:
        return values
    slope, intercept = scale
    small = values.itemsize <= 4 and max(abs(slope), abs(intercept)) < LARGEST_WHOLE
    if small and np.issubdtype(values.dtype, np.integer) and slope.is_integer() and intercept.is_integer():
        return values.astype(np.int64) * int(slope) + int(intercept)
    return values * np.float64(slope) + intercept
