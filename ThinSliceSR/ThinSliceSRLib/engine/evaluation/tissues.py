"""Kinds of tissue in a thin chest CT, to say where errors lie, and where they are to be expected."""

from __future__ import annotations

import math

import numpy as np
import SimpleITK as sitk

from ..volumes.volume import Volume
from .lung_mask import body_mask, lung_mask

BONE_HU = 250.0
SMOOTHED_MM = 0.8  # standard deviation, so that noise is no tissue of its own
BORDER_MM = 2.0
VESSEL_HU = -700.0  # in the lungs: vessels, bronchial walls and nodules with their borders
SOFT_TISSUE_HU = (-50.0, 150.0)
SLICES_AT_ONCE = 48
MARGIN_MM = 6.0  # of slices beside those, further than smoothing and borders reach
FEWEST_VOXELS = 4  # along an axis, which can be smoothed

TISSUES = ("lung", "vessels", "lung borders", "bone", "soft tissue")


def tissue_masks(truth: Volume) -> dict[str, np.ndarray]:
    """Where each of TISSUES lies, bool (k, j, i), no voxel in two of them; and "body", which holds them all and more.

    vessels: what is denser than lung inside the lungs, away from their borders. bone: with its borders, and what is as
        dense, such as contrast medium in large vessels.
    """
    return _masks(truth, body_mask(truth), lung_mask(truth))


def tissue_numbers(volume: Volume) -> np.ndarray:
    """The number of the tissue of each voxel in TISSUES, from 1 on, uint8 (k, j, i); 0 where it is none of them.

    As `tissue_masks`, but in some slices at a time once body and lungs are found, which takes less memory. Volumes of
    fewer than four slices, rows or columns show none.
    """
    numbers = np.zeros(volume.hu.shape, np.uint8)
    if min(volume.size) < FEWEST_VOXELS:
        return numbers
    body, lungs = body_mask(volume), lung_mask(volume)
    margin = math.ceil(MARGIN_MM / volume.spacing_mm[2])
    for start in range(0, len(numbers), SLICES_AT_ONCE):
        stop = min(start + SLICES_AT_ONCE, len(numbers))
        seen = slice(max(0, start - margin), stop + margin)
        masks = _masks(Volume(volume.hu[seen], volume.spacing_mm), body[seen], lungs[seen])
        for number, tissue in enumerate(TISSUES, start=1):
            numbers[start:stop][masks[tissue][start - seen.start : stop - seen.start]] = number
    return numbers


def _masks(volume: Volume, inside: np.ndarray, in_lungs: np.ndarray) -> dict[str, np.ndarray]:
    body, lungs = (sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (inside, in_lungs))
    reach = [max(1, round(BORDER_MM / spacing)) for spacing in volume.spacing_mm]
    smooth = sitk.SmoothingRecursiveGaussian(sitk.Cast(volume.to_image(), sitk.sitkFloat32), SMOOTHED_MM)
    for image in (body, lungs):
        image.CopyInformation(smooth)
    inner = sitk.BinaryErode(lungs, reach, sitk.sitkBox)
    borders = sitk.And(sitk.BinaryDilate(lungs, reach, sitk.sitkBox), sitk.Not(inner))
    bone = sitk.And(sitk.BinaryDilate(smooth > BONE_HU, [1, 1, 1], sitk.sitkBox), sitk.And(body, sitk.Not(inner)))
    dense = sitk.And(inner, smooth > VESSEL_HU)
    elsewhere = sitk.And(body, sitk.Not(sitk.Or(sitk.Or(lungs, borders), bone)))
    soft = sitk.And(elsewhere, sitk.And(smooth > SOFT_TISSUE_HU[0], smooth < SOFT_TISSUE_HU[1]))
    masks = {
        "body": body,
        "lung": sitk.And(inner, sitk.Not(dense)),
        "vessels": dense,
        "lung borders": sitk.And(sitk.And(borders, body), sitk.Not(bone)),
        "bone": bone,
        "soft tissue": soft,
    }
    return {name: sitk.GetArrayFromImage(mask).astype(bool) for name, mask in masks.items()}
