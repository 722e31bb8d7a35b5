"""Angles between the axes of a volume and of the patient."""

from __future__ import annotations

from itertools import combinations

import numpy as np

# Gantries tilt in steps of half a degree, and rounded positions of slices lean by less than this.
SHEAR_TOLERANCE_DEGREES = 0.25
# Slices that are further off the head-foot axis are not axial.
OBLIQUE_DEGREES = 20.0


def shear_degrees(direction: np.ndarray) -> float:
    """How far, in degrees, the pair of axes that is furthest from a right angle is from it.

    direction: 3×3, its columns are the axes, of any length.
    """
    axes = np.asarray(direction, dtype=float)
    axes = axes / np.linalg.norm(axes, axis=0)
    cosines = [abs(axes[:, a] @ axes[:, b]) for a, b in combinations(range(3), 2)]
    return float(np.degrees(np.arcsin(min(1.0, max(cosines)))))


def degrees_from_patient_axis(axis: np.ndarray) -> float:
    """The angle, 0 to 90 degrees, between `axis` and the patient's head-foot axis (S in LPS coordinates)."""
    cosine = abs(axis[2]) / np.linalg.norm(axis)
    return float(np.degrees(np.arccos(min(1.0, cosine))))
