"""HU values as arrays: the two types in which the engine keeps them."""

from __future__ import annotations

import numpy as np

AIR_HU = -1024  # what scanners store for air, and around their field of view


def to_int16_hu(hu: np.ndarray) -> np.ndarray:
    """HU rounded to int16; what lies beyond its range becomes its end."""
    limits = np.iinfo(np.int16)
    rounded = np.rint(hu)
    return rounded.clip(limits.min, limits.max, out=rounded).astype(np.int16)


def as_hu_values(values: np.ndarray) -> np.ndarray:
    """`values` as int16 or float32, the same array where it is one of these already.

    Other integers become int16 when all of them fit, else float32; other floating-point numbers become float32.
    """
    if values.dtype in (np.int16, np.float32):
        return values
    if np.issubdtype(values.dtype, np.integer):
        limits = np.iinfo(np.int16)
        if values.size == 0 or (values.min() >= limits.min and values.max() <= limits.max):
            return values.astype(np.int16)
    with np.errstate(over="ignore"):  # infinity, which no CT holds, is what the checks look for
        return values.astype(np.float32)
