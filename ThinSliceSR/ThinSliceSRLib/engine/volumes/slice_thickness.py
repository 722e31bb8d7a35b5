"""How thick the slices of a volume are: what its source says, what its user says instead, and what is no thickness."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

from ..errors import UnusableInput
from .volume import Volume

THICKEST_MM = 40.0

ToldBy = Literal["header", "option", "nobody"]


def known_thickness_mm(value: object) -> float | None:
    """What a header says, in mm; None when that is no thickness: no number, 0 or less, infinite."""
    try:
        thickness = float(value)  # type: ignore[arg-type]  # what is no number raises
    except (TypeError, ValueError, OverflowError):
        return None
    return thickness if 0 < thickness < math.inf else None


def require_millimetres(option: str, mm: float | None) -> None:
    """Returns when `mm` may be a thickness or a distance of thick slices. Raises UnusableInput (`wrong_usage`)."""
    if mm is not None and not 0 < mm <= THICKEST_MM:
        raise UnusableInput(
            f"{option} must be a number of millimetres above 0 and no more than {THICKEST_MM:g}; correct it.",
            "wrong_usage",
        )


def with_thickness(volume: Volume, slab_mm: float | None) -> Volume:
    """`volume` with slices as thick as its user says, whatever its source says; unchanged when that is None."""
    if slab_mm is None:
        return volume
    told = replace(volume.acquisition, slice_thickness_mm=float(slab_mm), thickness_told_by="option")
    return replace(volume, acquisition=told)


def thickness_told_by(volume: Volume) -> ToldBy:
    """Who says how thick the slices are: the source, in its header or beside it, the user, or nobody."""
    acquisition = volume.acquisition
    return "nobody" if acquisition.slice_thickness_mm is None else acquisition.thickness_told_by
