"""Slabs: a thick slice is the mean of the thin slices around its centre.

Measured on a scanner's own pair, a 5 mm slice differs from the mean of the thin slices 5k − 2 … 5k + 2 by 6.4 HU on
average, and from thin slice 5k alone by 23.4 HU; so thick slices are simulated by means, never by leaving slices out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import UnusableInput
from ..volumes.slab_profile import SlabProfile
from ..volumes.volume import Acquisition, Volume


def slab_weights(thin_slices: int, thin_spacing_mm: float, profile: SlabProfile) -> np.ndarray:
    """Share of each thin slice in each thick one: (thick slices, thin slices); every row sums to 1.

    Thick slice k lies k spacings from the first thin slice. The first and the last reach beyond the volume and average
    what is there.
    """
    thick_slices = int((thin_slices - 1) * thin_spacing_mm / profile.spacing_mm + 1e-6) + 1
    centres = np.arange(thick_slices) * profile.spacing_mm
    return profile.weights(np.arange(thin_slices) * thin_spacing_mm, thin_spacing_mm, centres)


def simulate_thick(thin: Volume, profile: SlabProfile) -> Volume:
    """The thick volume that a scanner would have stored: thick slice k is centred k spacings from the first thin slice.

    The slices are those of the through-plane axis; values keep their type (integers are rounded).
    Raises UnusableInput when the thin slices are not thinner than the slabs or too few for two of them.
    """
    axis = thin.through_plane_axis
    spacing = thin.spacing_mm[axis]
    slab_mm = profile.thickness_mm
    if not (math.isfinite(slab_mm) and slab_mm > 0):
        raise UnusableInput("A slab must be some millimetres thick; give --slab-mm a number above 0.", "wrong_usage")
    if spacing >= slab_mm:
        raise UnusableInput(
            f"The slices are {spacing:g} mm apart, no thinner than a slab of {slab_mm:g} mm; give a thin-slice volume.",
            "not_thin",
        )
    last = 2 - axis
    weights = slab_weights(thin.hu.shape[last], spacing, profile)
    if len(weights) < 2:
        raise UnusableInput(
            f"The volume is too short for two slabs of {slab_mm:g} mm; give a longer one.", "too_few_slices"
        )
    thick = np.moveaxis(along_slices(weights, np.moveaxis(thin.hu, last, 0)), 0, last)
    if np.issubdtype(thin.hu.dtype, np.integer):
        thick = np.rint(thick)
    i_mm, j_mm, k_mm = (profile.spacing_mm if index == axis else value for index, value in enumerate(thin.spacing_mm))
    told = Acquisition(slice_thickness_mm=profile.thickness_mm)
    return Volume(thick.astype(thin.hu.dtype), (i_mm, j_mm, k_mm), thin.origin_mm, thin.direction, told)


def along_slices(weights: np.ndarray, slices: np.ndarray | list[np.ndarray]) -> np.ndarray:
    """The weighted sums (n, rows, columns) in float32 of slices (m, rows, columns) by weights (n, m)."""
    flat = np.asarray(slices).reshape(len(slices), -1).astype(np.float32, copy=False)
    return (weights.astype(np.float32) @ flat).reshape(len(weights), *np.shape(slices)[1:])


@dataclass(frozen=True)
class SlabError:
    """What remains between each thick slice and the mean of its synthesised slab, over all voxels, in HU."""

    mean: float
    p99: float


def slab_correction_helps(thick: Volume) -> bool:
    """Whether the thick slices are means of slabs as wide as their distance, as far as the source tells."""
    thickness = thick.acquisition.slice_thickness_mm
    spacing = thick.spacing_mm[thick.through_plane_axis]
    return thickness is None or abs(thickness - spacing) <= 0.1 * spacing


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

    def add(self, difference: np.ndarray) -> None:
        """difference: HU (rows, columns) between a thick slice and the weighted mean of thin ones."""
        difference = np.abs(difference)
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
