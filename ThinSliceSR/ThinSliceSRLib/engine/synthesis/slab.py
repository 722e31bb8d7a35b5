"""Slabs: a thick slice is the mean of the thin slices around its centre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..volumes.slab_profile import slab_profile_of
from ..volumes.volume import Volume


def along_slices(weights: np.ndarray, slices: np.ndarray) -> np.ndarray:
    """The weighted sums (n, rows, columns) in float32 of slices (m, rows, columns) by weights (n, m)."""
    flat = slices.reshape(len(slices), -1).astype(np.float32)
    return (weights.astype(np.float32) @ flat).reshape(len(weights), *slices.shape[1:])


@dataclass(frozen=True)
class SlabError:
    """What remains between each thick slice and the mean of its synthesised slab, over all voxels, in HU."""

    mean: float
    p99: float


def slab_correction_helps(thick: Volume) -> bool:
    """Whether the thick slices are means of slabs as wide as their distance, as far as the source tells."""
    return abs(slab_profile_of(thick).overlap - 1) <= 0.1 + 1e-9


def slab_correction_weights(ratio: int) -> np.ndarray:
    """How the residuals of a slab and its two neighbours are spread over its thin slices: (ratio, 3).

    The correction is a parabola in each slab. Its mean over the thin slices is the slab's residual, and at the borders
    it meets the neighbours halfway between the two residuals, so that it is continuous and leaves no stripe.
    """
    place = (np.arange(ratio) - (ratio - 1) / 2) / ratio
    mean_square = np.mean(place**2)
    before, here, after = np.eye(3)
    slope = (after - before) / 2
    bend = ((before + 2 * here + after) / 4 - here) / (0.25 - mean_square)
    return here + place[:, None] * slope + (place[:, None] ** 2 - mean_square) * bend


def between_slices_weights(ratio: int) -> np.ndarray:
    """Shares of the thick slice before a slab, its own and the one after in a linear interpolation at its thin slices:
    (ratio, 3)."""
    place = (np.arange(ratio) - (ratio - 1) / 2) / ratio
    return np.stack((np.maximum(-place, 0), 1 - np.abs(place), np.maximum(place, 0)), axis=1)


class SlabErrors:
    """Counts the differences between slab means and thick slices, to the thousandth of a HU."""

    PER_HU = 1000

    def __init__(self) -> None:
        self._counts = np.zeros(1, np.int64)
        self._sum = 0.0

    def add(self, slab: np.ndarray, thick: np.ndarray) -> None:
        """slab: HU (ratio, rows, columns); thick: its thick slice (rows, columns)."""
        difference = np.abs(thick - slab.mean(axis=0, dtype=np.float32))
        self._sum += float(difference.sum(dtype=np.float64))
        counts = np.bincount(np.rint(difference * self.PER_HU).astype(np.int64).ravel())
        fewer, more = sorted((self._counts, counts), key=len)
        more[: len(fewer)] += fewer
        self._counts = more

    def total(self) -> SlabError:
        """Of all that were added."""
        cumulative = self._counts.cumsum()
        p99 = np.searchsorted(cumulative, 0.99 * cumulative[-1]) / self.PER_HU
        return SlabError(mean=self._sum / int(cumulative[-1]), p99=float(p99))
