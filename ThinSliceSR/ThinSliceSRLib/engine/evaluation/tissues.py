"""Kinds of tissue in a thin chest CT, to say where errors lie, and where they are to be expected."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..volumes.volume import Volume
from .lung_mask import body_mask, lung_mask

BONE_HU = 250.0
SMOOTHED_MM = 0.8  # standard deviation, so that noise is no tissue of its own
BORDER_MM = 2.0
VESSEL_HU = -700.0  # in the lungs: vessels, bronchial walls and nodules with their borders
SOFT_TISSUE_HU = (-50.0, 150.0)

TISSUES = ("lung", "vessels", "lung borders", "bone", "soft tissue")


COARSE_MM = 1.4  # across pixels, about, that tell tissues apart well enough
FEWEST_VOXELS = 4  # along an axis, which can be smoothed


def tissue_masks(truth: Volume) -> dict[str, np.ndarray]:
    """Where each of TISSUES lies, bool (k, j, i), no voxel in two of them; and "body", which holds them all and more.

    vessels: what is denser than lung inside the lungs, away from their borders. bone: with its borders, and what is as
        dense, such as contrast medium in large vessels.
    """
    body, lungs = (sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in (body_mask(truth), lung_mask(truth)))
    reach = [max(1, round(BORDER_MM / spacing)) for spacing in truth.spacing_mm]
    smooth = sitk.SmoothingRecursiveGaussian(sitk.Cast(truth.to_image(), sitk.sitkFloat32), SMOOTHED_MM)
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


def tissue_numbers(volume: Volume) -> np.ndarray:
    """The number of the tissue of each voxel in TISSUES, from 1 on, uint8 (k, j, i); 0 where it is none of them.

    Seen in coarser pixels than those of the volume, in a fraction of the time and memory. Volumes of fewer than four
    slices, rows or columns show none.
    """
    factors = [max(1, round(COARSE_MM / spacing)) for spacing in volume.spacing_mm[:2]]
    factors = [min(factor, size) for factor, size in zip(factors, volume.size, strict=False)]
    coarse = sitk.BinShrink(sitk.GetImageFromArray(volume.hu), [*factors, 1])
    if min(coarse.GetSize()) < FEWEST_VOXELS:
        return np.zeros(volume.hu.shape, np.uint8)
    spacing = (factors[0] * volume.spacing_mm[0], factors[1] * volume.spacing_mm[1], volume.spacing_mm[2])
    masks = tissue_masks(Volume(sitk.GetArrayFromImage(coarse), spacing))
    numbers = np.zeros(masks["body"].shape, np.uint8)
    for number, tissue in enumerate(TISSUES, start=1):
        numbers[masks[tissue]] = number
    i, j = (
        np.minimum(np.arange(size) // factor, kept - 1)  # the last pixels may fill no coarser one
        for size, factor, kept in zip(volume.size, factors, coarse.GetSize(), strict=False)
    )
    return numbers[:, j[:, None], i]
