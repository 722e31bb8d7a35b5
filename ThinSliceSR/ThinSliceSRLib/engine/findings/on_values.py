"""Findings on the values of a volume: whether they are numbers, HU, and those of a chest."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from ..events.finding import Finding
from ..volumes.hounsfield import AIR_HU
from ..volumes.no_numbers import FARTHEST_HU, WRAPPED_HU, no_numbers_in_body, wrapped_in_body
from ..volumes.pieces import whole
from ..volumes.volume import Volume
from .on_scale import can_be_hu, looks_like, on_scale
from .value_counts import ValueCounts, value_counts

# Of all voxels, those of lung and air, and those of soft tissue.
LEAST_SHARE = 0.03
MOST_BONE_SHARE = 0.1
# Of tissue and lung together: chest, abdomen and pelvis in one have more, a head with its blurred edges has less.
LEAST_LUNG = 0.05
# Neighbouring slices of 5 mm differ by some 30 HU on average; a wrong slope or intercept by hundreds.
UNLIKE_NEIGHBOURS_HU = 200


@dataclass(frozen=True)
class ValueFindings:
    """The findings on the values of a volume.

    low, high: the lowest and highest HU. kind: on which scale they seem to be where they can be no HU, see
    `looks_like`.
    """

    findings: tuple[Finding, ...]
    low: float
    high: float
    kind: str | None


def on_values(volume: Volume) -> list[Finding]:
    """Errors and warnings on the values of `volume`; see `check_volume`."""
    return list(whole(on_values_in_pieces(volume)).findings)


def on_values_in_pieces(volume: Volume, values: str | None = None) -> Generator[None, None, ValueFindings]:
    """As `on_values`, so that others can do their work in between.

    values: on which of the `SCALES` those of `volume` still are; None: HU.
    """
    counts = yield from value_counts(volume, values)
    findings: list[Finding] = []
    no_hu = f"No HU (NaN, infinity, or a number beyond {FARTHEST_HU - 1}) stands in"
    if counts.no_numbers:
        inside = yield from no_numbers_in_body(volume)
        if inside:
            message = f"{no_hu} {inside} of the voxels within the body; export the volume again, in HU."
            return ValueFindings((Finding("error", "not_finite", message),), counts.low, counts.high, None)
        message = f"{no_hu} {counts.no_numbers} of the voxels around the body; they are taken for air ({AIR_HU} HU)."
        findings.append(Finding("warning", "no_numbers_around", message))
    if counts.low < WRAPPED_HU and values in (None, "hu"):
        wrapped = yield from wrapped_in_body(volume)
        if wrapped:
            message = (
                f"{wrapped} of the voxels within the body lie below {WRAPPED_HU} HU, as bone or metal does whose HU "
                "did not fit into 16 bits; export the volume again, or look at the result there with care."
            )
            findings.append(Finding("warning", "wrapped_values", message))
    kind = None if can_be_hu(volume, counts) else (yield from looks_like(volume.hu, counts))
    on_its_scale = on_scale(volume, counts, kind)
    findings += on_its_scale or [*_on_tissues(counts), *_on_slices(counts.slice_means)]
    return ValueFindings(tuple(findings), counts.low, counts.high, kind)


def _on_tissues(counts: ValueCounts) -> list[Finding]:
    lung_and_air, soft_tissue, bone = (
        count / counts.voxels for count in (counts.lung_and_air, counts.soft_tissue, counts.bone)
    )
    if min(lung_and_air, soft_tissue) < LEAST_SHARE or bone > MOST_BONE_SHARE:
        message = (
            "The values do not look like the Hounsfield units of a chest (air near -1000, soft tissue near 0); make "
            "sure that rescale slope and intercept are right and were applied."
        )
        return [Finding("warning", "values_unlike_hu", message)]
    if counts.lung < LEAST_LUNG * max(1, counts.lung + counts.tissue):
        message = (
            "Hardly any lung is in the picture, so it may be no chest, but the network is made for chests; look at the "
            "result with care."
        )
        return [Finding("warning", "no_lungs", message)]
    return []


def _on_slices(means: np.ndarray) -> list[Finding]:
    """means: HU of the slices, in order of place."""
    unlike = []
    for k, mean in enumerate(means):
        others = np.concatenate([means[max(0, k - 2) : k], means[k + 1 : k + 3]])
        if len(means) > 2 and np.abs(others - mean).min() > UNLIKE_NEIGHBOURS_HU:
            unlike.append(k)
    if not unlike:
        return []
    message = (
        f"{len(unlike)} of the slices (number {unlike[0] + 1} in order of place, for example) differ from their "
        f"neighbours by more than {UNLIKE_NEIGHBOURS_HU} HU on average, as with a wrong rescale slope or "
        "intercept; look at them and export the series again."
    )
    return [Finding("warning", "slice_unlike_others", message)]
