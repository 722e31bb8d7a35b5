"""Thick slices that a scanner would have stored, simulated from thin ones by the measuring model."""

from __future__ import annotations

import numpy as np

from ..errors import UnusableInput
from ..volumes.slab_profile import SlabProfile
from ..volumes.volume import Acquisition, Volume
from .slab import along_slices


def simulate_thick(thin: Volume, profile: SlabProfile) -> Volume:
    """The thick volume of a thin one: thick slice k is centred k·spacing from the first thin slice.

    The slices are those of the through-plane axis; values keep their type (integers are rounded). The first and the
    last slab reach beyond the volume and average what is there. The result tells its slice thickness.
    Raises UnusableInput when the thin slices are not thinner than the slabs, further apart than these, or too few.
    """
    axis = thin.through_plane_axis
    step = thin.spacing_mm[axis]
    slab, spacing = profile.thickness_mm, profile.spacing_mm
    if step >= slab or step > spacing:
        raise UnusableInput(
            f"The slices are {step:g} mm apart, too far for slabs {slab:g} mm thick and {spacing:g} mm apart; give a "
            "thin-slice volume.",
            "not_thin",
        )
    last = 2 - axis
    places = np.arange(thin.hu.shape[last]) * step
    centres = np.arange(int(places[-1] / spacing + 1e-6) + 1) * spacing
    if len(centres) < 2:
        raise UnusableInput(
            f"The volume is too short for two slabs {spacing:g} mm apart; give a longer one.", "too_few_slices"
        )
    weights = profile.weights(places, step, centres)
    thick = np.moveaxis(along_slices(weights, np.moveaxis(thin.hu, last, 0)), 0, last)
    if np.issubdtype(thin.hu.dtype, np.integer):
        thick = np.rint(thick)
    i_mm, j_mm, k_mm = (spacing if index == axis else value for index, value in enumerate(thin.spacing_mm))
    told = Acquisition(slice_thickness_mm=slab)
    return Volume(thick.astype(thin.hu.dtype), (i_mm, j_mm, k_mm), thin.origin_mm, thin.direction, told)
