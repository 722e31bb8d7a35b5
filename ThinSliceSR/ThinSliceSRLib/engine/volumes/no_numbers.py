"""Voxels that hold no number (NaN, infinity), or one that is beyond all HU: air where they lie around the body only, as
programs mark what was not scanned."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np
import SimpleITK as sitk

from .hounsfield import AIR_HU
from .masks import as_picture, body_of, lung_like
from .pieces import each_slice
from .volume import Volume

# What scanners store in 16 bits. Fill values of other programs (65535, 1e20, 9.97e36) lie beyond.
FARTHEST_HU = 32768
# Padding of scanners (-2000, -3024, -10240) lies above: what is lower within a body was too bright for its 16 bits.
WRAPPED_HU = -16384
# Lung is wider than the blurred edge of a body, which has such values too.
LUNG_RADIUS = 2
# Of the voxels beside those that hold no number: a blanket has the HU of lung, but no cut through lung is so small.
MOST_LUNG_BESIDE = 0.05
# By so many voxels the outline of a body may shrink from one slice to the next.
OUTLINE_CHANGE = 16


def has_no_numbers(hu: np.ndarray) -> bool:
    """Whether a voxel holds no number of HU."""
    return hu.dtype != np.int16 and not bool(holds_hu(hu).all())


def holds_hu(hu: np.ndarray) -> np.ndarray:
    """Where a number stands that HU can be."""
    return (hu >= -FARTHEST_HU) & (hu < FARTHEST_HU)


def wrapped_in_body(volume: Volume) -> Generator[None, None, int]:
    """How many voxels that are enclosed by tissue in their slice are lower than any padding."""
    inside = 0
    for hu in volume.stacked_along_k(volume.through_plane_axis).hu:
        wrapped = hu < WRAPPED_HU
        if wrapped.any():
            inside += int(np.count_nonzero(body_of(hu) & wrapped))
        yield
    return inside


def no_numbers_in_body(volume: Volume) -> Generator[None, None, int]:
    """How many voxels that hold no number may lie in the body; 0 when all of them lie in the air around it.


    In the body: enclosed by tissue in their slice, or where the nearest slices with a number at this place have body.
    All of them count when they border on lung, as where the body itself was cut, or where there is no body at all.
    """
    hu = volume.stacked_along_k(volume.through_plane_axis).hu
    known = yield from each_slice(holds_hu, bool, hu)
    body = yield from each_slice(lambda values: body_of(with_air(values)), bool, hu)
    core = yield from each_slice(_shrunk, bool, body)
    below, known_below = yield from _nearest(body, known)
    above, known_above = yield from _nearest(body[::-1], known[::-1])
    core_below, _ = yield from _nearest(core, known)
    core_above, _ = yield from _nearest(core[::-1], known[::-1])
    above, known_above, core_above = above[::-1], known_above[::-1], core_above[::-1]
    inside, unknown, has_body = 0, 0, False
    for k in range(len(hu)):
        between = below[k] & above[k] | core_below[k] & ~known_above[k] | core_above[k] & ~known_below[k]
        inside += np.count_nonzero(~known[k] & (body[k] | between))
        unknown += np.count_nonzero(~known[k])
        has_body = has_body or bool(body[k].any())
        yield
    if inside:
        return int(inside)
    cut = not has_body or (yield from _borders_on_lung(hu, known))
    return int(unknown) if cut else 0


def with_air(hu: np.ndarray) -> np.ndarray:
    """The values, with that of air where no number of HU is; of a type that can hold it."""
    return np.where(holds_hu(hu), hu, np.array(AIR_HU, np.result_type(hu.dtype, np.int16)))


def with_air_for_no_numbers(volume: Volume) -> Volume:
    """The volume with air where no number of HU is; itself if there are numbers everywhere."""
    if not has_no_numbers(volume.hu):
        return volume
    return replace(volume, hu=with_air(volume.hu))


def _shrunk(body: np.ndarray) -> np.ndarray:
    return as_picture(body, lambda image: sitk.BinaryErode(image, [OUTLINE_CHANGE] * 2, sitk.sitkBox))


def _borders_on_lung(hu: np.ndarray, known: np.ndarray) -> Generator[None, None, bool]:
    beside = beside_lung = 0
    for values, known_here in zip(hu, known, strict=True):
        border = as_picture(~known_here, lambda image: sitk.BinaryDilate(image, [1, 1], sitk.sitkCross)) & known_here
        lung = as_picture(
            lung_like(with_air(values)), lambda image: sitk.BinaryMorphologicalOpening(image, [LUNG_RADIUS] * 2)
        )
        beside += np.count_nonzero(border)
        beside_lung += np.count_nonzero(border & lung)
        yield
    return beside_lung > MOST_LUNG_BESIDE * beside


def _nearest(mask: np.ndarray, known: np.ndarray) -> Generator[None, None, tuple[np.ndarray, np.ndarray]]:
    """`mask` at the nearest slice, at or before each one, in which the place is known, and whether there is such."""
    carried, reached = np.empty_like(mask), np.empty_like(known)
    for k in range(len(mask)):
        before, known_before = (carried[k - 1], reached[k - 1]) if k else (False, False)
        carried[k] = np.where(known[k], mask[k], before)
        reached[k] = known[k] | known_before
        yield
    return carried, reached
