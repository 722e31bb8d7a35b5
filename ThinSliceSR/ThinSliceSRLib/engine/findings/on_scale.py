"""Findings on the scale of a volume's values: what tells that they can be no HU of a chest."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ..events.finding import Finding
from ..volumes.value_scale import LEAST_BELOW, UNIT_ENDS
from ..volumes.volume import Volume
from .value_counts import ValueCounts

SMALLEST_MATRIX = 8
LEAST_OF_A_CHEST = 0.03
# Results are whole HU: of values nearer to each other than that nothing would be left.
LEAST_RANGE_HU = 2


def on_scale(volume: Volume, counts: ValueCounts, kind: str | None) -> list[Finding]:
    """Why the values can be no HU of a chest, as an error, or nothing.

    kind: see `looks_like`. Errors: too_small, constant, not_hu; the last not where the user has said on which scale
    they are, but for values that whole HU cannot tell apart.
    """
    pixels = [extent for axis, extent in enumerate(volume.size) if axis != volume.through_plane_axis]
    if min(pixels) < SMALLEST_MATRIX:
        message = (
            f"The slices have only {pixels[0]} by {pixels[1]} pixels, in which no chest can be seen; give the whole "
            "volume."
        )
        return [Finding("error", "too_small", message)]
    if counts.low == counts.high:
        message = (
            f"All voxels have the same value ({counts.low:.4g}), so nothing is in the picture; export the volume again."
        )
        return [Finding("error", "constant", message)]
    if can_be_hu(volume, counts):
        return []
    return [Finding("error", "not_hu", _not_hu_sentence(counts.low, counts.high, kind))]


def can_be_hu(volume: Volume, counts: ValueCounts) -> bool:
    """Whether some of the values are those of lung and air, or the user has said on which scale they are and whole HU
    can tell them apart."""
    told = volume.acquisition.values is not None and counts.high - counts.low >= LEAST_RANGE_HU
    return told or counts.below >= LEAST_BELOW * counts.voxels


def looks_like(values: np.ndarray, counts: ValueCounts) -> Generator[None, None, str | None]:
    """On which of the other `SCALES` values (slices first) that can be no HU seem to be; None: on neither, as of MR or
    a mask."""
    if counts.low >= UNIT_ENDS[0] and counts.high <= UNIT_ENDS[1]:
        return None if np.issubdtype(values.dtype, np.integer) else "unit"
    # Air that is near 0, and soft tissue that is near 1024, as hardly anything else than CT has.
    soft = air = 0
    for slice_ in values:
        soft += np.count_nonzero((slice_ >= 1024 - 200) & (slice_ <= 1024 + 300))
        air += np.count_nonzero((slice_ >= -100) & (slice_ <= 1024 - 300))
        yield
    return "offset" if counts.low >= -100 and min(soft, air) > LEAST_OF_A_CHEST * values.size else None


def _not_hu_sentence(low: float, high: float, kind: str | None) -> str:
    """What to tell of values that can be no HU. kind: what they look like, see `looks_like`."""
    ends = f"The values lie between {low:.4g} and {high:.4g}, which cannot be the Hounsfield units of a chest"
    if kind == "unit":
        return f"{ends}; they look like 0 to 1 for -1024 to 2048 HU: if they are that, give --values unit."
    if kind == "offset":
        return f"{ends}; they look like HU with 1024 added: if they are that, give --values offset."
    return f"{ends} (air near -1000); give a CT in HU, not MR, a mask or a picture of other grey values."
