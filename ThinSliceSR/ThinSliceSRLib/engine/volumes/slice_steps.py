"""Whether stored slices lie evenly, from their positions: what is missing, doubled or out of step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from statistics import median_low

# Scanners round positions, often to a tenth of a millimetre.
STEP_TOLERANCE_MM = 0.1
STEP_TOLERANCE = 0.03
# As far a place may lie from itself, rounded by another program; no slices of CT lie so close.
SAME_PLACE_MM = 0.05
# Slices that lie no further apart are thin.
THIN_MM = 1.5
# NIfTI keeps spacings as float32, so 2 mm may arrive as 2.0000001 mm.
ROUNDING_MM = 1e-3


@dataclass(frozen=True)
class SliceSteps:
    """Positions in mm at which slices lie twice, are missing, or are followed by a step of another length.

    step_mm: the usual step. off_grid_mm: how far a slice lies off its place among as many at even distances from the
    first place to the last, at most, where that is more than rounding does and all steps are usual ones; else 0.
    """

    step_mm: float
    doubled_mm: tuple[float, ...]
    missing_mm: tuple[float, ...]
    uneven_mm: tuple[float, ...]
    off_grid_mm: float


def slice_steps(positions_mm: tuple[float, ...]) -> SliceSteps:
    """What the ascending `positions_mm` of at least two places show.

    The usual step is the median of all; a step of twice, three times … its length means missing slices.
    """
    places = [positions_mm[0]]
    doubled = []
    for position in positions_mm[1:]:
        if position - places[-1] > SAME_PLACE_MM:
            places.append(position)
        else:
            doubled.append(position)
    steps = [upper - lower for lower, upper in pairwise(places)]
    usual = median_low(steps)
    tolerance = max(STEP_TOLERANCE_MM, STEP_TOLERANCE * usual) + 1e-6
    missing: list[float] = []
    uneven = []
    for lower, step in zip(places, steps, strict=False):
        times = max(1, round(step / usual))
        if abs(step - times * usual) > tolerance:
            uneven.append(lower)
        else:
            missing.extend(lower + number * step / times for number in range(1, times))
    off_grid = 0.0
    if not (missing or uneven):
        even = (places[-1] - places[0]) / len(steps)
        off_grid = max(abs(place - places[0] - number * even) for number, place in enumerate(places))
    return SliceSteps(usual, tuple(doubled), tuple(missing), tuple(uneven), off_grid if off_grid > tolerance else 0.0)
