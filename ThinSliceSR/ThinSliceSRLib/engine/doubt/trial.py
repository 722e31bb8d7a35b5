"""A trial of the network on the volume itself: how far it errs there where the truth is known.

Some chests are harder than what a model was calibrated on: their scanner was sharper, or their vessels are finer. Made
twice as coarse along every axis, a thick volume is the truth of what the network makes of it; and what makes lungs hard
at one size makes them hard at half of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..evaluation.lung_mask import box_of_mask, lung_mask
from ..evaluation.tissues import TISSUES
from ..synthesis.memory_ladder import Rung
from ..synthesis.slab import along_slices
from ..synthesis.synthesize import synthesize
from ..volumes.slab_profile import SlabProfile, slab_profile_of
from ..volumes.volume import Acquisition, Volume
from ..weights.weights_file import Model
from .seen_tissues import seen_tissues

MOST_SLICES = 16  # thick ones: as many as one layer of cubes takes when they are half as many
FEWEST_SLICES = 6
LUNG_HU = (-950, -700)
FEWEST_VOXELS = {"lung": 5000, "vessels": 500}  # by which it can be told
MARGIN_MM = 20.0


def lung_trial(thick: Volume, model: Model, rungs: Sequence[Rung]) -> dict[str, float]:
    """The mean error in a thick volume (slices along k) that was made twice as coarse, as a share of what the network
    tells of it, see `Synthesis.doubt`: in lung and in vessels, without those of which the volume shows too little.

    rungs: as of `synthesize`. Raises DeviceError.
    """
    halved = _halved_in_plane(_slices_with_most_lung(thick))
    known = _around_lungs(halved) if halved else None
    if known is None:
        return {}
    made = synthesize(_pairs(known), model, rungs, doubt=True)
    assert made.doubt
    distance_mm = known.spacing_mm[2]
    places = np.arange(len(made.dls.hu)) * made.dls.spacing_mm[2]
    # All but the first and the last one, which lie outside of the coarse slices' centres.
    centres = (np.arange(len(known.hu) - 2) + 0.5) * distance_mm
    weights = SlabProfile(distance_mm, distance_mm).weights(places, made.dls.spacing_mm[2], centres)
    dls, told = (along_slices(weights, volume.hu) for volume in (made.dls, made.doubt))
    error = np.abs(dls - known.hu[1:-1])
    seen = seen_tissues(Volume(np.rint(dls).astype(np.int16), known.spacing_mm))
    inside_of = {tissue: seen == TISSUES.index(tissue) + 1 for tissue in FEWEST_VOXELS}
    return {
        tissue: float(error[inside].mean() / max(told[inside].mean(), 1.0))
        for tissue, inside in inside_of.items()
        if np.count_nonzero(inside) >= FEWEST_VOXELS[tissue]
    }


def _slices_with_most_lung(thick: Volume) -> Volume:
    """So many neighbouring slices as the trial takes, an even number."""
    count = min(MOST_SLICES, len(thick.hu) // 2 * 2)
    lung = [np.count_nonzero((hu > LUNG_HU[0]) & (hu < LUNG_HU[1])) for hu in thick.hu]
    first = int(np.argmax(np.convolve(lung, np.ones(count), "valid")))
    return Volume(thick.hu[first : first + count], thick.spacing_mm, acquisition=thick.acquisition)


def _halved_in_plane(volume: Volume) -> Volume | None:
    """Means of 2×2 pixels, int16; None of too small a volume."""
    slices, rows, columns = (size // 2 * 2 for size in volume.hu.shape)
    if slices < FEWEST_SLICES or min(rows, columns) < 2:
        return None
    squares = volume.hu[:, :rows, :columns].astype(np.float32).reshape(slices, rows // 2, 2, columns // 2, 2)
    i_mm, j_mm, k_mm = volume.spacing_mm
    hu = np.rint(squares.mean(axis=(2, 4))).astype(np.int16)
    return Volume(hu, (2 * i_mm, 2 * j_mm, k_mm), acquisition=volume.acquisition)


def _around_lungs(volume: Volume) -> Volume | None:
    """The part of all slices that holds the lungs, with MARGIN_MM of what lies around; None where none are found."""
    lungs = box_of_mask(lung_mask(volume))
    if lungs is None:
        return None
    i_mm, j_mm, _ = volume.spacing_mm
    rows, columns = (
        slice(max(0, side.start - math.ceil(MARGIN_MM / mm)), side.stop + math.ceil(MARGIN_MM / mm))
        for side, mm in zip(lungs[1:], (j_mm, i_mm), strict=True)
    )
    hu = np.ascontiguousarray(volume.hu[:, rows, columns])
    return Volume(hu, volume.spacing_mm, acquisition=volume.acquisition)


def _pairs(known: Volume) -> Volume:
    """Means of each two neighbouring slices, as a scanner would have measured slices of that thickness."""
    profile = slab_profile_of(known)
    slices, rows, columns = known.hu.shape
    hu = known.hu.astype(np.float32).reshape(slices // 2, 2, rows, columns).mean(axis=1)
    i_mm, j_mm, k_mm = known.spacing_mm
    # Variances of profiles add up: that of a box, and that of two places one distance apart.
    thickness_mm = math.sqrt(profile.thickness_mm**2 + 3 * profile.spacing_mm**2)
    acquisition = Acquisition(slice_thickness_mm=thickness_mm)
    return Volume(np.rint(hu).astype(np.int16), (i_mm, j_mm, 2 * k_mm), acquisition=acquisition)
