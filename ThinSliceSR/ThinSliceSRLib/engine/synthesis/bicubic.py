"""BIS: the paper's baseline, cubic interpolation of the thick slices by SimpleITK's third-order B-spline."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .slab import along_slices

SMALLEST_SPLINE = 4  # ITK decomposes no shorter signal into a third-order B-spline


def spline_weights(slices: int, places: np.ndarray) -> np.ndarray:
    """Share of each slice in the B-spline's values at evenly spaced `places`, in slices: (places, slices).

    At voxel centres a B-spline returns the voxels themselves, so it changes nothing in-plane, and what is left is one
    set of weights along the slices. SimpleITK gives it as its answer to single unit slices.
    """
    mirrored = _mirrored_indices(slices)
    image = sitk.GetImageFromArray(np.eye(len(mirrored)))
    resample = sitk.ResampleImageFilter()
    resample.SetInterpolator(sitk.sitkBSpline)
    first, last = np.clip((places[0], places[-1]), 0, slices - 1)
    resample.SetSize((len(mirrored), len(places)))
    resample.SetOutputOrigin((0.0, float(first)))
    resample.SetOutputSpacing((1.0, float((last - first) / max(1, len(places) - 1)) or 1.0))
    weights = sitk.GetArrayFromImage(resample.Execute(image))
    return np.stack([weights[:, mirrored == index].sum(axis=1) for index in range(slices)], axis=1)


def bicubic_slices(thick: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Float32 HU (places, rows, columns): thick slices (k, rows, columns) interpolated at `places`, in slices."""
    return along_slices(spline_weights(len(thick), places), thick)


def _mirrored_indices(slices: int) -> np.ndarray:
    """Which slice lies at each place when the slices are mirrored at the last one until a spline is possible.

    ITK's spline itself assumes this continuation beyond the ends, so short volumes get the same spline as long ones.
    """
    count = max(slices, SMALLEST_SPLINE)
    period = 2 * (slices - 1)
    places = np.arange(count) % period
    return np.minimum(places, period - places)
