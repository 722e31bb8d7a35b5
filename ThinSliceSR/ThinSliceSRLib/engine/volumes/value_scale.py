"""On which scale the values of a volume are stored: HU, or one of two others that are common."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

import numpy as np

from ..errors import UnusableInput
from .hounsfield import AIR_HU, as_hu_values
from .pieces import whole
from .volume import Volume

# hu: as they are, whatever they look like. unit: 0 to 1 for -1024 to 2048 HU. offset: HU + 1024, without a sign.
SCALES = ("hu", "unit", "offset")
UNIT_HU = 3072
# What was resampled on such a scale swings a little beyond its ends.
UNIT_ENDS = (-0.1, 1.1)
# Lung and the air around a patient lie below, soft tissue and fat above.
NEVER_WITHOUT_HU = -200
OFFSET = 1024
LEAST_BELOW = 0.001


def require_scale(values: str | None) -> None:
    """Returns when `values` is None or one of `SCALES`. Raises UnusableInput (`wrong_usage`)."""
    if values is not None and values not in SCALES:
        raise UnusableInput(f"--values must be one of {', '.join(SCALES)}; correct it.", "wrong_usage")


def in_hu(volume: Volume, values: str | None) -> Volume:
    """`volume` in HU, by the word of its user: `values` is one of `SCALES`, or None, which leaves it as it is.

    Raises UnusableInput (`wrong_values`) when its values cannot be on that scale.
    """
    require_scale(values)
    whole(require_values_on(volume.hu, values))
    return volume if values is None else replace(told_scale(volume, values), hu=in_hu_from(volume.hu, values))


def told_scale(volume: Volume, values: str | None) -> Volume:
    """`volume` as it is, with the word of its user on which scale its values are; unchanged when that is None."""
    return volume if values is None else replace(volume, acquisition=replace(volume.acquisition, values=values))


def require_values_on(stored: np.ndarray, values: str | None) -> Generator[None, None, None]:
    """Comes to its end when the stored values (slices first) can be on this scale; None is HU.

    Raises UnusableInput (`wrong_values`).
    """
    if values not in ("unit", "offset"):
        return
    low, high, below = np.inf, -np.inf, 0
    for slice_ in stored:
        known = slice_[np.isfinite(slice_)]
        if known.size:
            low, high = min(low, float(known.min())), max(high, float(known.max()))
        below += np.count_nonzero(known < NEVER_WITHOUT_HU)
        yield
    if low > high:  # there is no number in it
        low = high = 0.0
    between = f"The values lie between {low:.4g} and {high:.4g}"
    if values == "unit" and (low < UNIT_ENDS[0] or high > UNIT_ENDS[1]):
        sentence = f"{between}, so they are not on the scale from 0 to 1; leave out --values unit."
        raise UnusableInput(sentence, "wrong_values")
    dark = low < high < NEVER_WITHOUT_HU + OFFSET
    if values == "offset" and (dark or below >= LEAST_BELOW * max(1, stored.size)):
        sentence = f"{between}, so 1024 was not added to them; leave out --values offset."
        raise UnusableInput(sentence, "wrong_values")


def rescale_to_hu(values: str | None) -> tuple[float, float]:
    """The slope and the intercept by which what is stored on this scale becomes HU; None is HU."""
    return {"unit": (UNIT_HU, AIR_HU), "offset": (1.0, AIR_HU)}.get(values or "hu", (1.0, 0.0))


def in_hu_from(stored: np.ndarray, values: str | None) -> np.ndarray:
    """The HU of values that are stored on this scale; None is HU."""
    if values == "unit":
        return stored.astype(np.float32) * UNIT_HU + AIR_HU
    if values == "offset":
        hu = as_hu_values(stored).astype(np.float32) + AIR_HU
        return as_hu_values(hu.astype(np.int64)) if np.issubdtype(stored.dtype, np.integer) else hu
    return stored
