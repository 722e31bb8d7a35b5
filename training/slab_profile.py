"""Slab profiles: how a scanner's thick slice weighs the thin slices around its centre."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class SlabProfile:
    """width_mm: of the box, and of the box with the same variance as the Gaussian. gaussian: its share, 0 to 1.

    offset_mm: from a thin slice to the centre of the slab.
    """

    width_mm: float = 5.0
    gaussian: float = 0.0
    offset_mm: float = 0.0

    def weights(self, thin_slices: int, centres: np.ndarray) -> np.ndarray:
        """Shares of 1 mm slices in slabs at `centres` (in slices): (slabs, thin slices), each row sums to 1."""
        lower = np.arange(thin_slices) - 0.5 - (np.asarray(centres, dtype=float)[:, None] + self.offset_mm)
        half = self.width_mm / 2
        box = np.clip(np.minimum(lower + 1, half) - np.maximum(lower, -half), 0, None)
        weights = box / box.sum(axis=1, keepdims=True)
        if self.gaussian:
            scale = self.width_mm / math.sqrt(12) * math.sqrt(2)
            bell = _erf((lower + 1) / scale) - _erf(lower / scale)
            bell *= np.abs(lower + 0.5) < self.width_mm / 2 + 1.5  # samples end a few slices beyond their slabs
            weights = (1 - self.gaussian) * weights + self.gaussian * bell / bell.sum(axis=1, keepdims=True)
        return weights


def slice_weights(thin_slices: int, places: np.ndarray) -> np.ndarray:
    """Linear interpolation of 1 mm slices at `places`: (places, thin slices); a whole place is that slice alone."""
    return np.clip(1 - np.abs(np.asarray(places)[:, None] - np.arange(thin_slices)), 0, None)


_erf = np.vectorize(math.erf)
