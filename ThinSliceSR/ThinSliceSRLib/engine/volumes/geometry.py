"""Whether a volume lies anywhere, and the angles between its axes and those of the patient."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ..errors import UnusableInput
from .volume import Volume

# What lies further away, or is larger or smaller, is no place in a patient, whatever the numbers mean.
FARTHEST_MM = 1e5
SPACINGS_MM = (1e-3, 1e3)
LEAST_VOLUME_OF_AXES = 1e-3
NO_PLACE = (
    "The origin, the spacing or the directions of the volume are no numbers of a place in a patient; copy or export it "
    "again, or correct its header."
)
NO_SPACING = (
    "The header of this file holds no spacing, so nobody can tell how far apart its slices lie; export the volume "
    "again with its spacing, or correct the header."
)

# Gantries tilt in steps of half a degree, and rounded positions of slices lean by less than this.
SHEAR_TOLERANCE_DEGREES = 0.25
# Slices that are further off the head-foot axis are not axial.
OBLIQUE_DEGREES = 20.0


def has_place(volume: Volume) -> bool:
    """Whether its geometry gives each voxel a place of its own that can be in a patient."""
    spacing, origin, direction = (
        np.asarray(values, dtype=float) for values in (volume.spacing_mm, volume.origin_mm, volume.direction)
    )
    return bool(
        np.isfinite([*spacing, *origin, *direction.flat]).all()
        and spacing.min() >= SPACINGS_MM[0]
        and spacing.max() <= SPACINGS_MM[1]
        and np.abs(origin).max() <= FARTHEST_MM
        and np.abs(direction).max() < 2  # its columns are unit vectors
        and abs(np.linalg.det(direction)) > LEAST_VOLUME_OF_AXES
    )


def require_place(volume: Volume) -> Volume:
    """The volume, if it `has_place`. Raises UnusableInput (`no_place`)."""
    if not has_place(volume):
        raise UnusableInput(NO_PLACE, "no_place")
    return volume


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
