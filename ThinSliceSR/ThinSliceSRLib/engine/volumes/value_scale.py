"""On which scale the values of a volume are stored: HU, or one of two others that are common; and what can be no HU."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..errors import UnusableInput
from ..events.finding import Finding
from .hounsfield import as_hu_values
from .volume import Volume

# hu: as they are, whatever they look like. unit: 0 to 1 for -1024 to 2048 HU. offset: HU + 1024, without a sign.
SCALES = ("hu", "unit", "offset")
AIR_HU = -1024
UNIT_HU = 3072
# What was resampled on such a scale swings a little beyond its ends.
UNIT_ENDS = (-0.1, 1.1)
# Lung and the air around a patient lie below, soft tissue and fat above.
NEVER_WITHOUT_HU = -200
LEAST_BELOW = 0.001
SMALLEST_MATRIX = 8


def require_scale(values: str | None) -> None:
    """Returns when `values` is None or one of `SCALES`. Raises UnusableInput (`wrong_usage`)."""
    if values is not None and values not in SCALES:
        raise UnusableInput(f"--values must be one of {', '.join(SCALES)}; correct it.", "wrong_usage")


def in_hu(volume: Volume, values: str | None) -> Volume:
    """`volume` in HU, by the word of its user: `values` is one of `SCALES`, or None, which leaves it as it is.

    Raises UnusableInput (`wrong_values`) when its values cannot be on that scale.
    """
    require_scale(values)
    if values is None:
        return volume
    told = replace(volume.acquisition, values=values)
    if values == "hu":
        return replace(volume, acquisition=told)
    low, high = _ends(volume.hu)
    if values == "unit":
        if low < UNIT_ENDS[0] or high > UNIT_ENDS[1]:
            raise UnusableInput(
                f"The values lie between {low:.4g} and {high:.4g}, so they are not on the scale from 0 to 1; leave out "
                "--values unit.",
                "wrong_values",
            )
        hu = volume.hu.astype(np.float32) * UNIT_HU + AIR_HU
    else:
        if _share_below(volume.hu, NEVER_WITHOUT_HU) >= LEAST_BELOW:
            raise UnusableInput(
                f"The values lie between {low:.4g} and {high:.4g}, so 1024 was not added to them; leave out --values "
                "offset.",
                "wrong_values",
            )
        hu = as_hu_values(volume.hu).astype(np.float32) + AIR_HU
        if np.issubdtype(volume.hu.dtype, np.integer):
            hu = as_hu_values(hu.astype(np.int64))
    return replace(volume, hu=hu, acquisition=told)


def on_scale(volume: Volume) -> list[Finding]:
    """What tells that the values can be no HU of a chest, as an error, or nothing.

    Errors: too_small, constant, not_hu; the last not when the user has said on which scale they are.
    """
    pixels = [extent for axis, extent in enumerate(volume.size) if axis != volume.through_plane_axis]
    if min(pixels) < SMALLEST_MATRIX:
        message = (
            f"The slices have only {pixels[0]} by {pixels[1]} pixels, in which no chest can be seen; give the whole "
            "volume."
        )
        return [Finding("error", "too_small", message)]
    low, high = _ends(volume.hu)
    if low == high:
        message = f"All voxels have the same value ({low:.4g}), so nothing is in the picture; export the volume again."
        return [Finding("error", "constant", message)]
    if volume.acquisition.values is not None or _share_below(volume.hu, NEVER_WITHOUT_HU) >= LEAST_BELOW:
        return []
    return [Finding("error", "not_hu", not_hu_sentence(low, high, looks_like(volume.hu)))]


def looks_like(values: np.ndarray) -> str | None:
    """On which of the other `SCALES` values that can be no HU seem to be; None: on neither, as of MR or a mask."""
    low, high = _ends(values)
    if low >= UNIT_ENDS[0] and high <= UNIT_ENDS[1]:
        return None if np.issubdtype(values.dtype, np.integer) else "unit"
    # Air that is near 0, and soft tissue that is near 1024, as hardly anything else than CT has.
    soft = _share_between(values, (1024 - 200, 1024 + 300))
    air = _share_between(values, (-100, 1024 - 300))
    return "offset" if low >= -100 and min(soft, air) > 0.03 else None


def not_hu_sentence(low: float, high: float, kind: str | None) -> str:
    """What to tell of values that can be no HU. kind: what they look like, see `looks_like`."""
    ends = f"The values lie between {low:.4g} and {high:.4g}, which cannot be the Hounsfield units of a chest"
    if kind == "unit":
        return f"{ends}; they look like 0 to 1 for -1024 to 2048 HU: if they are that, give --values unit."
    if kind == "offset":
        return f"{ends}; they look like HU with 1024 added: if they are that, give --values offset."
    return f"{ends} (air near -1000); give a CT in HU, not MR, a mask or a picture of other grey values."


def _ends(values: np.ndarray) -> tuple[float, float]:
    """The lowest and highest number; 0 and 0 where there is none."""
    if np.issubdtype(values.dtype, np.floating):
        values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def _share_below(values: np.ndarray, limit: float) -> float:
    return float(np.count_nonzero(values < limit)) / max(1, values.size)


def _share_between(values: np.ndarray, ends: tuple[float, float]) -> float:
    return float(np.count_nonzero((values >= ends[0]) & (values <= ends[1]))) / max(1, values.size)
