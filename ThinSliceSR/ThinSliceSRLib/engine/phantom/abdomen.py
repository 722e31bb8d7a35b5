"""The phantom's diaphragm and what lies under it: liver, spleen, stomach, fat."""

from __future__ import annotations

import numpy as np

from .shapes import Ellipsoid, paint, share_inside, smooth_maximum
from .tissues import AIR, FAT, FLUID, LIVER, MUSCLE, SPLEEN

SPLEEN_BODY = Ellipsoid((82, 34, -98), (24, 40, 34))
STOMACH = Ellipsoid((56, -18, -104), (36, 40, 30))
STOMACH_AIR_LEVEL = -30.0
SLOPE = 0.8


def diaphragm_height(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """z of the diaphragm's upper side: a dome under each lung, the right one higher, falling off towards the wall."""
    right = -62 - 34 * ((x + 58) / 62) ** 2 - 40 * ((y - 2) / 76) ** 2
    left = -71 - 34 * ((x - 60) / 62) ** 2 - 40 * ((y - 4) / 76) ** 2
    return smooth_maximum(right, left, 12.0)


def diaphragm_distance(x: np.ndarray, y: np.ndarray, z: float | np.ndarray) -> np.ndarray:
    """Distance from the upper side of the diaphragm, negative above it."""
    return SLOPE * (diaphragm_height(x, y) - z)


def paint_abdomen(
    hu: np.ndarray, x: np.ndarray, y: np.ndarray, z: float, inside: np.ndarray, grain: np.ndarray, blur: float
) -> None:
    """The diaphragm and the organs below it, where `inside` (0 to 1) says: within the rib cage, below the lungs."""
    below = -diaphragm_distance(x, y, z)
    paint(hu, MUSCLE, inside)
    paint(hu, FAT + 6 * grain, inside * share_inside(below + 2.5, blur))
    liver = np.maximum(below + 3.0, x - 26 + 0.35 * (y + 40) + 0.2 * (z + 90))
    paint(hu, LIVER + 4 * grain, inside * share_inside(liver, blur))
    for organ, value in ((SPLEEN_BODY, SPLEEN), (STOMACH, MUSCLE)):
        if organ.reaches(z):
            distance = smooth_maximum(organ.distance(x, y, z), below + 5.0, 6.0)
            paint(hu, value + 4 * grain, inside * share_inside(distance, blur))
            if organ is STOMACH:
                paint(hu, FLUID + 10, inside * share_inside(distance + 3.5, blur))
                gas = np.maximum(distance + 3.5, y - STOMACH_AIR_LEVEL)
                paint(hu, AIR, inside * share_inside(gas, blur))
