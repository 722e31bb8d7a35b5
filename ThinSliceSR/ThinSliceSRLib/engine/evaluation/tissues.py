"""Kinds of tissue in a thin chest CT, to say where errors lie, and where they are to be expected."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..volumes.volume import Volume
from .lung_mask import body_and_lungs

BONE_HU = 250.0
SMOOTHED_MM = 0.8  # standard deviation, so that noise is no tissue of its own
BORDER_MM = 2.0
VESSEL_HU = -700.0  # in the lungs: vessels, bronchial walls and nodules with their borders
SOFT_TISSUE_HU = (-50.0, 150.0)

TISSUES = ("lung", "vessels", "lung borders", "bone", "soft tissue")


def tissue_masks(truth: Volume) -> dict[str, np.ndarray]:
    """Where each of TISSUES lies, bool (k, j, i), no voxel in two of them; and "body", which holds them all and more.

    vessels: what is denser than lung inside the lungs, away from their borders. bone: with its borders, and what is as
        dense, such as contrast medium in large vessels.
    """
    body, lungs = (sitk.GetImageFromArray(mask.astype(np.uint8)) for mask in body_and_lungs(truth))
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
