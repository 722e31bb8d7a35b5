"""Where the lungs are in a chest CT: a simple mask, good enough to say where to measure, not to measure the lungs."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..volumes.volume import Volume

LUNG_BELOW_HU = -320.0  # halfway between lung and soft tissue, roughly
SMALLEST_SHARE = 0.1  # of the larger lung: smaller pockets of air are bowel or windpipe
SMALLEST_LUNG_ML = 20.0
VESSEL_RADIUS_MM = 5.0


def lung_mask(volume: Volume) -> np.ndarray:
    """Bool, shape (k, j, i): the lungs with the vessels and airways inside them; all false where none are found.

    Air that is enclosed by the body in its slice; of that the two largest connected parts (one, where both lungs
    touch), closed by 5 mm in each slice. Slices are those along k. Where the edge of the picture cuts a lung, that lung
    counts as outside of the body in those slices; air in the bowel may count when it is large.
    """
    tissue = _largest_parts(volume.to_image() >= LUNG_BELOW_HU, 1)
    body = _holes_filled(tissue)
    air = sitk.And(body, sitk.Not(tissue))
    lungs = _largest_parts(air, 2)
    voxel_ml = float(np.prod(volume.spacing_mm)) / 1000
    if np.count_nonzero(sitk.GetArrayViewFromImage(lungs)) * voxel_ml < SMALLEST_LUNG_ML:
        return np.zeros(volume.hu.shape, bool)
    radius = [max(1, round(VESSEL_RADIUS_MM / spacing)) for spacing in volume.spacing_mm[:2]]
    closed = sitk.BinaryMorphologicalClosing(lungs, [*radius, 0], sitk.sitkBall)
    return sitk.GetArrayFromImage(sitk.And(closed, body)).astype(bool)


def body_mask(volume: Volume) -> np.ndarray:
    """Bool, shape (k, j, i): the largest connected part that is no air, with what it encloses in each slice along k."""
    tissue = _largest_parts(volume.to_image() >= LUNG_BELOW_HU, 1)
    return sitk.GetArrayFromImage(_holes_filled(tissue)).astype(bool)


def _largest_parts(mask: sitk.Image, most: int) -> sitk.Image:
    """The largest connected part of a mask and, up to `most`, those that are not much smaller."""
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(mask), sortByObjectSize=True)
    sizes = np.bincount(sitk.GetArrayViewFromImage(parts).ravel(), minlength=2)[1 : most + 1]
    last = int(np.count_nonzero(sizes >= max(1.0, SMALLEST_SHARE * sizes[0])))
    return sitk.And(parts > 0, parts <= last)


def _holes_filled(mask: sitk.Image) -> sitk.Image:
    """The mask with what it encloses in each slice. Filled slice by slice: a volume is open at its ends."""
    plain = sitk.Image(mask)  # slices can be joined only where they lie along the third axis of space
    plain.SetOrigin((0.0, 0.0, 0.0))
    plain.SetDirection(np.eye(3).ravel().tolist())
    slices = [sitk.BinaryFillhole(plain[:, :, k]) for k in range(mask.GetSize()[2])]
    filled = sitk.JoinSeries(slices)
    filled.CopyInformation(mask)
    return filled
