"""Slabs: a thick slice is the mean of the thin slices around its centre."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

BAND_ROWS = 16  # so that some ten slices of a band stay in the cache


def bands(rows: int) -> Iterator[slice]:
    """The rows of a slice in parts, to do all that there is to do with one before the next."""
    return (slice(start, start + BAND_ROWS) for start in range(0, rows, BAND_ROWS))


def along_slices(weights: np.ndarray, slices: np.ndarray | Sequence[np.ndarray]) -> np.ndarray:
    """The weighted sums (n, rows, columns) in float32 of slices (m, rows, columns) by weights (n, m)."""
    weights = weights.astype(np.float32)
    sums = np.empty((len(weights), *slices[0].shape), np.float32)
    for band in bands(len(slices[0])):
        part = np.array([slice_[band] for slice_ in slices], np.float32)
        sums[:, band] = (weights @ part.reshape(len(part), -1)).reshape(len(weights), *part.shape[1:])
    return sums


@dataclass(frozen=True)
class SlabError:
    """What remains between each thick slice and the mean of its synthesised slab, over all voxels, in HU."""

    mean: float
    p99: float


def between_slices_weights(ratio: int) -> np.ndarray:
    """Shares of the thick slice before a slab, its own and the one after in a linear interpolation at its thin slices:
    (ratio, 3)."""
    place = (np.arange(ratio) - (ratio - 1) / 2) / ratio
    return np.stack((np.maximum(-place, 0), 1 - np.abs(place), np.maximum(place, 0)), axis=1)


class SlabErrors:
    """Counts the differences between slab means and thick slices, to the thousandth of a HU.

    What is larger than `MOST_HU` counts as that for the percentile; a count for each thousandth takes memory.
    """

    PER_HU = 1000
    MOST_HU = 4096

    def __init__(self) -> None:
        self._counts = np.zeros(1, np.int64)
        self._sum = 0.0

    def add(self, difference: np.ndarray) -> None:
        """difference: HU (rows, columns) between a thick slice and the weighted mean of thin ones."""
        difference = np.abs(difference)
        self._sum += float(difference.sum(dtype=np.float64))
        counted = np.minimum(difference, self.MOST_HU)
        counts = np.bincount(np.rint(counted * self.PER_HU).astype(np.int64).ravel())
        fewer, more = sorted((self._counts, counts), key=len)
        more[: len(fewer)] += fewer
        self._counts = more

    def total(self) -> SlabError:
        """Of all that were added."""
        cumulative = self._counts.cumsum()
        p99 = np.searchsorted(cumulative, 0.99 * cumulative[-1]) / self.PER_HU
        return SlabError(mean=self._sum / int(cumulative[-1]), p99=float(p99))
