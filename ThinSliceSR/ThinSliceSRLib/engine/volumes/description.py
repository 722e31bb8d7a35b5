"""A volume in words: what was read, or made."""

from __future__ import annotations

import numpy as np

from .geometry import OBLIQUE_DEGREES
from .volume import Volume


def described(volume: Volume) -> str:
    """Such as "64 axial slices of 512 by 512 pixels, 0.7 by 0.7 mm, 5 mm apart and 5 mm thick; values -1024 to 900"."""
    axis = volume.through_plane_axis
    columns, rows = (other for other in range(3) if other != axis)
    size, spacing = volume.size, volume.spacing_mm
    thickness = volume.acquisition.slice_thickness_mm
    thick = f" and {thickness:.4g} mm thick" if thickness else ""
    return (
        f"{size[axis]} {_orientation(volume)} slices of {size[columns]} by {size[rows]} pixels, "
        f"{spacing[columns]:.3g} by {spacing[rows]:.3g} mm, {spacing[axis]:.4g} mm apart{thick}; "
        f"values {_values(volume.hu)}"
    )


def _orientation(volume: Volume) -> str:
    normal = np.abs(volume.direction[:, volume.through_plane_axis])
    nearest = int(np.argmax(normal))
    degrees = np.degrees(np.arccos(min(1.0, normal[nearest] / np.linalg.norm(normal))))
    return ("sagittal", "coronal", "axial")[nearest] if degrees <= OBLIQUE_DEGREES else "oblique"


def _values(hu: np.ndarray) -> str:
    numbers = hu if np.issubdtype(hu.dtype, np.integer) else hu[np.isfinite(hu)]
    return f"{numbers.min():.4g} to {numbers.max():.4g}" if numbers.size else "none"
