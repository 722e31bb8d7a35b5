"""Padding: pixels that hold no measured value, as those outside a round field of view (PS3.3 C.7.5.1.1.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from ...events.finding import Finding
from ...volumes.hounsfield import AIR_HU
from ...volumes.masks import LUNG_HU, as_picture


@dataclass(frozen=True)
class PaddedSlice:
    """HU (rows, columns) with air for the padding around them.

    around: how many of its voxels were no air before. within: how many elsewhere hold the value of padding and are no
    air; they are as they were, as they may be measured.
    """

    hu: np.ndarray
    around: int = 0
    within: int = 0


def with_air_for_padding(hu: np.ndarray, padded: np.ndarray) -> PaddedSlice:
    """The slice with air where padding reaches from its corners, unless it is air already."""
    unlike_air = padded & (hu > LUNG_HU[0])
    if not unlike_air.any():
        return PaddedSlice(hu)
    rows, columns = hu.shape
    corners = [(column, row) for row in (0, rows - 1) for column in (0, columns - 1)]
    from_corners = as_picture(padded, lambda image: sitk.ConnectedThreshold(image, corners, 1, 1))
    around = from_corners & unlike_air
    count = int(np.count_nonzero(around))
    return PaddedSlice(np.where(around, AIR_HU, hu), count, int(np.count_nonzero(unlike_air)) - count)


def findings_on_padding(slices: Sequence[PaddedSlice]) -> list[Finding]:
    """What is to be told of the padding of slices: nothing where it is air by its own value."""
    around, within = sum(item.around for item in slices), sum(item.within for item in slices)
    findings = []
    if around:
        message = (
            f"{around} of the voxels around the picture hold the value for padding (Pixel Padding Value), which would "
            f"not be air; they are taken for air ({AIR_HU} HU)."
        )
        findings.append(Finding("warning", "padding_around", message))
    if within:
        message = (
            f"{within} of the voxels within the picture hold the value for padding (Pixel Padding Value); they may be "
            "measured and are left as they are, so look at them with care."
        )
        findings.append(Finding("warning", "padding_within", message))
    return findings
