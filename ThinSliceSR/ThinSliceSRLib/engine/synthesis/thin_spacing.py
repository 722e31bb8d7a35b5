"""How far apart thin slices lie: as radiologists mean it, as the network makes them, or as somebody asks."""

from __future__ import annotations

import math

from ..errors import UnusableInput
from ..volumes.slice_steps import ROUNDING_MM

AUTO, NATIVE = "auto", "native"
AUTO_MM = 1.0
# Where the network's own grid is that near, slices are left as it makes them.
NEAR_AUTO_MM = (0.9, 1.1)
LEAST_MM = 0.1


def require_spacing(spacing: str | float) -> None:
    """Returns when `thin_spacing_mm` knows what is meant. Raises UnusableInput (`wrong_usage`)."""
    if spacing in (AUTO, NATIVE):
        return
    try:
        millimetres = float(spacing)
    except ValueError:
        millimetres = math.nan
    if not LEAST_MM <= millimetres < math.inf:
        raise UnusableInput(
            f"--spacing must be auto, native, or a number of millimetres from {LEAST_MM:g} on; correct it.",
            "wrong_usage",
        )


def thin_spacing_mm(spacing: str | float, thick_spacing_mm: float, ratio: int) -> float:
    """The distance of thin slices in mm; exactly that of the network's own grid, thick_spacing_mm / ratio, where it is
    meant.

    spacing: a number of mm, "native", or "auto": 1 mm, unless the native distance is near that, or the thick slices are
    no further apart.
    Raises UnusableInput (`wrong_usage`) as `require_spacing`, and for a distance beyond that of the thick slices.
    """
    require_spacing(spacing)
    native = thick_spacing_mm / ratio
    if spacing == NATIVE:
        return native
    if spacing == AUTO:
        near = NEAR_AUTO_MM[0] - ROUNDING_MM <= native <= NEAR_AUTO_MM[1] + ROUNDING_MM
        return native if near or thick_spacing_mm <= AUTO_MM else AUTO_MM
    asked = float(spacing)
    if math.isclose(asked, native, rel_tol=1e-6):
        return native
    if asked > thick_spacing_mm + ROUNDING_MM:
        raise UnusableInput(
            f"Slices {asked:g} mm apart would lie no closer than the {thick_spacing_mm:.3g} mm of the thick ones; give "
            "--spacing a smaller number.",
            "wrong_usage",
        )
    return min(asked, thick_spacing_mm)
