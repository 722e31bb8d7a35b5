"""Box or bell: the shape of a slab profile, read from the noise of the thick slices.

No header tells the shape. But noise does not know of anatomy: how alike it is in neighbouring slices says how much
tissue they share. Boxes side by side share none, bells of the same thickness about a fifth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .slab_profile import SlabProfile
from .volume import Volume

MOST_PAIRS = 24  # of neighbouring slices, spread over the volume
SOFT_TISSUE_HU = 150  # within so much of water, bone and lung have no borders
FEWEST_VOXELS = 500
LEAST_NOISE_HU = 0.5
NOISE_DEVIATIONS = 2.0  # what lies further out is a border
# Leaving that out makes noise look less alike, and borders that neighbours share make it look more alike: together this
# was measured on three chests, made thick by boxes and by bells.
LIKENESS_KEPT = 0.9
GRAIN_MM = 1.4  # thin slices, too, share noise: as if the scanner saw so much at once
STEP_MM = 0.1
SHARES = np.linspace(0, 1, 21)
TELLING = 0.06  # boxes and bells whose noise differs by less cannot be told apart
UNTOLD = 0.25  # the mean of the shapes that models were trained with: half of them boxes, the others part bell
BOXES_READ = 0.25  # as so much of a bell boxes are read, too: thin slices overlap, and anatomy is alike


def with_measured_shape(profile: SlabProfile, thick: Volume) -> SlabProfile:
    """The profile with the bell share that the noise of a thick volume (slices along k) speaks for.

    A quarter of one where the noise tells nothing: too little of it, too little soft tissue, or slices so far apart
    that neither shape reaches from one to the next.
    """
    expected = [noise_likeness(replace(profile, bell=share)) for share in SHARES]
    measured = measured_noise_likeness(thick.hu) if expected[-1] - expected[0] > TELLING else None
    if measured is None:
        return replace(profile, bell=UNTOLD)
    share = float(np.interp(measured, expected, SHARES))
    return replace(profile, bell=max(share - BOXES_READ, 0.0) / (1 - BOXES_READ))


def noise_likeness(profile: SlabProfile) -> float:
    """Correlation of the noise of neighbouring thick slices, by the tissue that they share."""
    reach = profile.spacing_mm / 2 + profile.thickness_mm + 2 * GRAIN_MM
    places = np.arange(-reach, reach, STEP_MM)
    weights = profile.weights(places, STEP_MM, np.array([-0.5, 0.5]) * profile.spacing_mm)
    grain = SlabProfile(GRAIN_MM, GRAIN_MM, bell=1.0).weights(places, STEP_MM, np.zeros(1))[0]
    first, second = (np.convolve(row, grain, "same") for row in weights)
    return float(first @ second / (first @ first))


def measured_noise_likeness(hu: np.ndarray) -> float | None:
    """The same of thick HU (slices, rows, columns). None where there is no telling.

    The median over pairs of slices, along rows or along columns, whichever is less: anatomy only adds.
    """
    pairs = np.unique(np.linspace(0, len(hu) - 2, MOST_PAIRS).round().astype(int))
    likenesses = [pair for k in pairs if (pair := _likenesses(hu[k], hu[k + 1])) is not None]
    return float(np.median(likenesses, axis=0).min()) / LIKENESS_KEPT if likenesses else None


def _likenesses(one: np.ndarray, other: np.ndarray) -> tuple[float, float] | None:
    """Of two slices, along their rows and along their columns."""
    one, other = (hu.astype(np.float32) for hu in (one, other))
    soft = ((np.abs(one) < SOFT_TISSUE_HU) & (np.abs(other) < SOFT_TISSUE_HU))[1:-1, 1:-1]
    if np.count_nonzero(soft) < FEWEST_VOXELS:
        return None
    along = []
    for before, after in ((np.s_[1:-1, :-2], np.s_[1:-1, 2:]), (np.s_[:-2, 1:-1], np.s_[2:, 1:-1])):
        first, second = ((hu[before] + hu[after] - 2 * hu[1:-1, 1:-1])[soft] for hu in (one, other))
        spreads = [1.4826 * np.median(np.abs(values)) for values in (first, second)]  # as a standard deviation
        if min(spreads) < LEAST_NOISE_HU:
            return None
        noise = (np.abs(first) < NOISE_DEVIATIONS * spreads[0]) & (np.abs(second) < NOISE_DEVIATIONS * spreads[1])
        along.append(float(np.corrcoef(first[noise], second[noise])[0, 1]))
    return along[0], along[1]
