"""Thin slices on another distance than the network's: as a scanner would have measured slices of that thickness."""

from __future__ import annotations

import math

import numpy as np

from ..volumes.hounsfield import AIR_HU, to_int16_hu
from ..volumes.slab_profile import SlabProfile
from ..volumes.volume import Volume
from .bicubic import spline_weights
from .slab import along_slices

VOXELS_AT_A_TIME = 2**20  # thin ones in float32: 4 MB, which a cache holds and no step asks the system for anew
FINE_PARTS = 20  # of a slice, over which a spline is averaged


def places_at(spacing_mm: float, volume: Volume) -> np.ndarray:
    """Places `spacing_mm` apart from the first slice along k to the last one, counted in slices of the volume."""
    step = spacing_mm / volume.spacing_mm[2]
    return np.arange(int((len(volume.hu) - 1) / step + 1e-6) + 1) * step


def interpolate(thick: Volume, places: np.ndarray) -> Volume:
    """The BIS volume (int16 HU) of a thick one at evenly spaced places along k; what lies below −1024 HU is air."""
    return _weighted(thick, spline_weights(len(thick.hu), places), float(places[1] - places[0]) * thick.spacing_mm[2])


def resample_slices(thin: Volume, spacing_mm: float) -> Volume:
    """The thin volume (int16 HU) on slices exactly `spacing_mm` apart along k, from its first one on.

    Slices further apart than the volume's are thicker, too: what lies between is averaged, so that nothing is left out
    that would come back as noise or as steps. Closer ones are interpolated. Both by a cubic B-spline.
    """
    places = places_at(spacing_mm, thin)
    step = float(places[1])
    if step <= 1 + 1e-6:
        resampled = _weighted(thin, spline_weights(len(thin.hu), places), spacing_mm)
        np.maximum(resampled.hu, AIR_HU, out=resampled.hu)  # a spline swings beyond steps
        return resampled
    # A slice of the volume stands for its own thickness already; variances of profiles add up.
    window = SlabProfile(math.sqrt(step**2 - 1), step)
    fine = np.arange((len(thin.hu) - 1) * FINE_PARTS + 1) / FINE_PARTS
    weights = window.weights(fine, 1 / FINE_PARTS, places) @ spline_weights(len(thin.hu), fine)
    return _weighted(thin, weights, spacing_mm)


def _weighted(volume: Volume, weights: np.ndarray, spacing_mm: float) -> Volume:
    """Slices that weigh those of a volume, (slices, slices of the volume)."""
    _, rows, columns = volume.hu.shape
    hu = np.empty((len(weights), rows, columns), np.int16)
    rows_at_a_time = max(1, VOXELS_AT_A_TIME // (len(weights) * columns))
    for start in range(0, rows, rows_at_a_time):
        part = slice(start, start + rows_at_a_time)
        hu[:, part] = to_int16_hu(along_slices(weights, np.maximum(volume.hu[:, part], AIR_HU)))
    return volume.on_slice_grid(hu, spacing_mm)
