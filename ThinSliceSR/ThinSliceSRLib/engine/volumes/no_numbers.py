"""Voxels that hold no number (NaN, infinity): air where they lie around the body only, as programs mark what was not
scanned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from .masks import body_of, lung_like, slice_by_slice
from .volume import Volume

AIR_HU = -1024
# Lung is wider than the blurred edge of a body, which has such values too.
LUNG_RADIUS = 2
# Of the voxels beside those that hold no number: a blanket has the HU of lung, but no cut through lung is so small.
MOST_LUNG_BESIDE = 0.05
# By so many voxels the outline of a body may shrink from one slice to the next.
OUTLINE_CHANGE = 16


def has_no_numbers(hu: np.ndarray) -> bool:
    """Whether a voxel holds no number."""
    return np.issubdtype(hu.dtype, np.floating) and not np.isfinite(hu).all()


def no_numbers_in_body(volume: Volume) -> int:
    """How many voxels that hold no number may lie in the body; 0 when all of them lie in the air around it.

    In the body: enclosed by tissue in their slice, or where the nearest slices with a number at this place have body.
    All of them count when they border on lung, as where the body itself was cut, or where there is no body at all.
    """
    hu = volume.stacked_along_k(volume.through_plane_axis).hu
    known = np.isfinite(hu)
    numbers = np.where(known, hu, AIR_HU)
    body = body_of(numbers)
    core = slice_by_slice(body, lambda image: sitk.BinaryErode(image, [OUTLINE_CHANGE] * 2, sitk.sitkBox))
    below, known_below = _nearest(body, known)
    above, known_above = (carried[::-1] for carried in _nearest(body[::-1], known[::-1]))
    core_below, core_above = _nearest(core, known)[0], _nearest(core[::-1], known[::-1])[0][::-1]
    between = below & above | core_below & ~known_above | core_above & ~known_below
    inside = int(np.count_nonzero(~known & (body | between)))
    cut = not body.any() or _borders_on_lung(numbers, known)
    return inside or (int(np.count_nonzero(~known)) if cut else 0)


def with_air_for_no_numbers(volume: Volume) -> Volume:
    """The volume with air where no number is; itself if there are numbers everywhere."""
    if not has_no_numbers(volume.hu):
        return volume
    return replace(volume, hu=np.where(np.isfinite(volume.hu), volume.hu, volume.hu.dtype.type(AIR_HU)))


def _borders_on_lung(hu: np.ndarray, known: np.ndarray) -> bool:
    beside = known & slice_by_slice(~known, lambda image: sitk.BinaryDilate(image, [1, 1], sitk.sitkCross))
    lung = slice_by_slice(lung_like(hu), lambda image: sitk.BinaryMorphologicalOpening(image, [LUNG_RADIUS] * 2))
    return bool(np.count_nonzero(beside & lung) > MOST_LUNG_BESIDE * np.count_nonzero(beside))


def _nearest(mask: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`mask` at the nearest slice, at or before each one, in which the place is known, and whether there is such."""
    carried, reached = mask & known, known.copy()
    for k in range(1, len(mask)):
        carried[k] = np.where(known[k], mask[k], carried[k - 1])
        reached[k] |= reached[k - 1]
    return carried, reached
