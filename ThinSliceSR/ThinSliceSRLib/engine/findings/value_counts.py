"""What all voxels of a volume tell together, counted slice by slice."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np

from ..volumes.hounsfield import AIR_HU
from ..volumes.masks import DENSER_THAN_AIR_HU, lung_like
from ..volumes.no_numbers import has_no_numbers, holds_hu, with_air
from ..volumes.value_scale import NEVER_WITHOUT_HU, in_hu_from
from ..volumes.volume import Volume

# A CT of a chest holds both. Padding outside of the field of view (-2000, -3024) counts for neither.
LUNG_AND_AIR_HU = (-1100, -300)
SOFT_TISSUE_HU = (-200, 300)
# Bone is a few percent of a chest; a slope that is too large makes bone of all that is soft.
BONE_HU = 500


@dataclass(frozen=True)
class ValueCounts:
    """Numbers of voxels, but for the HU at the ends and the means of slices; where no number is, air was counted.

    low, high: the lowest and highest HU. below: those below `NEVER_WITHOUT_HU`; for these three only numbers count, as
    air that nobody measured would make HU of values on any scale. lung, tissue: as of lung and denser
    than air. slice_means: mean HU of each slice along the through-plane axis, of padding as of air.
    """

    voxels: int
    no_numbers: int
    low: float
    high: float
    below: int
    lung_and_air: int
    soft_tissue: int
    bone: int
    lung: int
    tissue: int
    slice_means: np.ndarray


def value_counts(volume: Volume, values: str | None = None) -> Generator[None, None, ValueCounts]:
    """values: on which of the `SCALES` those of `volume` still are; None: HU.

    Through all of them once, as the cache of a processor holds one slice: faster than all at once for each number.
    """
    totals: dict[str, int] = {}
    low, high = np.inf, -np.inf
    slice_sums = np.zeros(volume.size[volume.through_plane_axis])
    for k, stored in enumerate(volume.hu):
        hu = in_hu_from(stored, values)
        numbers = hu
        if has_no_numbers(hu):
            numbers = hu[holds_hu(hu)]
            hu = with_air(hu)
        of_numbers = {"no_numbers": hu.size - numbers.size, "below": _count(numbers < NEVER_WITHOUT_HU)}
        for name, count in {**of_numbers, **_of_slice(hu)}.items():
            totals[name] = totals.get(name, 0) + count
        if numbers.size:
            low, high = min(low, float(numbers.min())), max(high, float(numbers.max()))
        _add_to_sums(slice_sums, hu, volume.through_plane_axis, k)
        yield
    if low > high:  # there is no number in it
        low = high = float(AIR_HU)
    slice_means = slice_sums / (volume.hu.size / slice_sums.size)
    return ValueCounts(voxels=volume.hu.size, low=low, high=high, slice_means=slice_means, **totals)


def _of_slice(hu: np.ndarray) -> Mapping[str, int]:
    return {
        "lung_and_air": _between(hu, LUNG_AND_AIR_HU),
        "soft_tissue": _between(hu, SOFT_TISSUE_HU),
        "bone": _count(hu > BONE_HU),
        "lung": _count(lung_like(hu)),
        "tissue": _count(hu > DENSER_THAN_AIR_HU),
    }


def _between(hu: np.ndarray, ends: tuple[int, int]) -> int:
    """How many lie between these, or on them."""
    return _count((hu >= ends[0]) & (hu <= ends[1]))


def _count(mask: np.ndarray) -> int:
    return int(np.count_nonzero(mask))


def _add_to_sums(sums: np.ndarray, hu: np.ndarray, axis: int, k: int) -> None:
    """Adds slice k of the array to the sums of the slices along the axis (0, 1, 2 for i, j, k)."""
    # Many types of integers cannot hold the HU of air, and few can hold their sum.
    values = np.maximum(hu, np.float32(AIR_HU))
    if axis == 2:
        sums[k] += values.sum(dtype=np.float64)
    else:
        sums += values.sum(axis=axis, dtype=np.float64)
