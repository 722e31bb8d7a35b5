"""Findings on the values of a volume: whether they are numbers, HU, and those of a chest."""

from __future__ import annotations

import numpy as np

from ..events.finding import Finding
from ..volumes.masks import lung_share
from ..volumes.no_numbers import has_no_numbers, no_numbers_in_body, with_air_for_no_numbers
from ..volumes.value_scale import AIR_HU, on_scale
from ..volumes.volume import Volume

# A CT of a chest holds both. Padding outside of the field of view (-2000, -3024) counts for neither.
LUNG_AND_AIR_HU = (-1100, -300)
SOFT_TISSUE_HU = (-200, 300)
LEAST_SHARE = 0.03
# Bone is a few percent of a chest; a slope that is too large makes bone of all that is soft.
BONE_HU = 500
MOST_BONE_SHARE = 0.1
# Of tissue and lung together: chest, abdomen and pelvis in one have more, a head with its blurred edges has less.
LEAST_LUNG = 0.05
# Neighbouring slices of 5 mm differ by some 30 HU on average; a wrong slope or intercept by hundreds.
UNLIKE_NEIGHBOURS_HU = 200


def on_values(volume: Volume) -> list[Finding]:
    """Errors and warnings on the values of `volume`; see `check_volume`."""
    findings = []
    if has_no_numbers(volume.hu):
        wrong = int(np.count_nonzero(~np.isfinite(volume.hu)))
        inside = no_numbers_in_body(volume)
        if inside:
            message = (
                f"No number (NaN or infinity) stands in {inside} of the voxels within the body; export the volume "
                "again."
            )
            return [Finding("error", "not_finite", message)]
        message = (
            f"No number (NaN or infinity) stands in {wrong} of the voxels around the body; they are taken for air "
            f"({AIR_HU} HU)."
        )
        findings.append(Finding("warning", "no_numbers_around", message))
        volume = with_air_for_no_numbers(volume)
    if cannot_be_hu := on_scale(volume):
        return [*findings, *cannot_be_hu]
    hu = volume.hu
    # Slice by slice, as the cache of a processor holds one: faster than all at once.
    lung, soft = (
        sum(np.count_nonzero((slice_ >= low) & (slice_ <= high)) for slice_ in hu) / hu.size
        for low, high in (LUNG_AND_AIR_HU, SOFT_TISSUE_HU)
    )
    bone = sum(np.count_nonzero(slice_ > BONE_HU) for slice_ in hu) / hu.size
    if min(lung, soft) < LEAST_SHARE or bone > MOST_BONE_SHARE:
        message = (
            "The values do not look like the Hounsfield units of a chest (air near -1000, soft tissue near 0); make "
            "sure that rescale slope and intercept are right and were applied."
        )
        findings.append(Finding("warning", "values_unlike_hu", message))
    elif lung_share(hu) < LEAST_LUNG:
        message = (
            "Hardly any lung is in the picture, so it may be no chest, but the network is made for chests; look at the "
            "result with care."
        )
        findings.append(Finding("warning", "no_lungs", message))
    unlike = _slices_unlike_others(volume)
    if unlike:
        message = (
            f"{len(unlike)} of the slices (number {unlike[0] + 1} in order of place, for example) differ from their "
            f"neighbours by more than {UNLIKE_NEIGHBOURS_HU} HU on average, as with a wrong rescale slope or "
            "intercept; look at them and export the series again."
        )
        findings.append(Finding("warning", "slice_unlike_others", message))
    return findings


def _slices_unlike_others(volume: Volume) -> list[int]:
    """Indices of slices whose mean HU is far from that of every slice within two steps of them."""
    slices = np.moveaxis(volume.hu, 2 - volume.through_plane_axis, 0)
    # Many types of integers cannot hold the HU of air, and few can hold their sum.
    means = np.array([np.maximum(values, np.float32(AIR_HU)).mean(dtype=np.float64) for values in slices])
    unlike = []
    for k, mean in enumerate(means):
        others = np.concatenate([means[max(0, k - 2) : k], means[k + 1 : k + 3]])
        if len(means) > 2 and np.abs(others - mean).min() > UNLIKE_NEIGHBOURS_HU:
            unlike.append(k)
    return unlike
