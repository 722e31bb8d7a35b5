"""Simulated nodules in real lungs: what a reader would find of them in thick slices, in BIS and in DLS."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from ThinSliceSRLib.engine.evaluation.lung_mask import lung_mask
from ThinSliceSRLib.engine.volumes.volume import Volume

KINDS = ("solid", "part-solid", "ground-glass")
DIAMETERS_MM = (3.0, 10.0)
SOLID_HU, PART_SOLID_CORE_HU, GROUND_GLASS_HU = 40.0, 0.0, -600.0
CORE_SHARE = 0.5  # of the diameter of a part-solid one
BLUR_MM = 0.6  # standard deviation of the scanner's point spread, in every direction
APART_MM = 10.0  # between the surfaces of two: more than a thick slice is
CLEAR_MM = 1.5  # around each there is nothing but lung
DENSE_HU = -600.0
SMOOTHED_MM = 0.8  # so that noise does not count as dense
MARGIN_MM = 5.0  # at the ends of the volume, where slices are not measured
REACH_SIGMAS = 4.0
PROFILE_STEP_MM = 0.01
TRIES = 100_000


@dataclass(frozen=True)
class Nodule:
    """centre: i, j, k. around_hu: the mean of the lung where it was put."""

    kind: str
    diameter_mm: float
    centre: tuple[int, int, int]
    around_hu: float

    @property
    def outer_hu(self) -> float:
        """Of its rim, by which its border is told."""
        return SOLID_HU if self.kind == "solid" else GROUND_GLASS_HU


def put_nodules(thin: Volume, count: int, seed: int) -> tuple[Volume, list[Nodule], np.ndarray]:
    """The volume with up to `count` nodules in its lungs, as many of each kind, and what they are; and the lungs.

    Their diameters are spread evenly; the largest look for a place first. Fewer are put where no room is left.
    """
    lungs = lung_mask(thin)
    clear_mm = _clear_mm(thin, lungs)
    random = np.random.default_rng(seed)
    inside = np.flatnonzero(clear_mm >= DIAMETERS_MM[0] / 2 + CLEAR_MM)
    diameters = np.linspace(*DIAMETERS_MM, count)[::-1]
    kinds = np.array([KINDS[number % len(KINDS)] for number in range(count)])
    hu = thin.hu.astype(np.float32)
    nodules: list[Nodule] = []
    for kind, diameter in zip(kinds.tolist(), diameters.tolist(), strict=True):
        tried = random.choice(inside, min(TRIES, inside.size), replace=False) if inside.size else inside
        fitting = tried[clear_mm.flat[tried] >= diameter / 2 + CLEAR_MM]
        if not fitting.size:
            continue
        k, j, i = (int(index) for index in np.unravel_index(fitting[0], hu.shape))
        box, distance_mm = ball_box(thin, (i, j, k), diameter / 2 + APART_MM + DIAMETERS_MM[1] / 2)
        around_hu = float(thin.hu[box][distance_mm <= diameter / 2].mean())
        nodule = Nodule(kind, diameter, (i, j, k), around_hu)
        hu[box] += _contrast(nodule, distance_mm)
        nodules.append(nodule)
        # What is left for others: their surfaces stay away from this one's.
        clear_mm[box] = np.minimum(clear_mm[box], distance_mm - diameter / 2 - APART_MM + CLEAR_MM)
    return replace(thin, hu=np.rint(hu).astype(np.int16)), nodules, lungs


def ball_box(volume: Volume, centre: tuple[int, int, int], radius_mm: float) -> tuple[tuple[slice, ...], np.ndarray]:
    """The box (k, j, i) that holds a ball around a voxel, cut to the volume, and the distance of its voxels in mm."""
    sides, squares = [], []
    for axis in (2, 1, 0):
        reach = math.ceil(radius_mm / volume.spacing_mm[axis])
        start, stop = max(0, centre[axis] - reach), min(volume.size[axis], centre[axis] + reach + 1)
        sides.append(slice(start, stop))
        squares.append(((np.arange(start, stop) - centre[axis]) * volume.spacing_mm[axis]) ** 2)
    k, j, i = squares
    return tuple(sides), np.sqrt(k[:, None, None] + j[None, :, None] + i[None, None, :])


def blurred_ball(distance_mm: np.ndarray, radius_mm: float, sigma_mm: float = BLUR_MM) -> np.ndarray:
    """How much of a ball is seen at a distance from its centre after a blur, 0 to 1: the exact convolution."""
    far = np.arange(1, (radius_mm + REACH_SIGMAS * sigma_mm) / PROFILE_STEP_MM) * PROFILE_STEP_MM
    scale = math.sqrt(2) * sigma_mm
    erf = np.vectorize(math.erf, otypes=[float])  # which numpy lacks
    edges = (erf((radius_mm - far) / scale) + erf((radius_mm + far) / scale)) / 2
    bells = np.exp(-(((far - radius_mm) / scale) ** 2)) - np.exp(-(((far + radius_mm) / scale) ** 2))
    profile = edges - sigma_mm / (far * math.sqrt(2 * math.pi)) * bells
    return np.interp(distance_mm, far, profile, right=0.0)


def _contrast(nodule: Nodule, distance_mm: np.ndarray) -> np.ndarray:
    """HU that a nodule adds to lung; the lung's noise stays."""
    radius = nodule.diameter_mm / 2
    added = blurred_ball(distance_mm, radius) * (nodule.outer_hu - nodule.around_hu)
    if nodule.kind == "part-solid":
        added += blurred_ball(distance_mm, radius * CORE_SHARE) * (PART_SOLID_CORE_HU - GROUND_GLASS_HU)
    return added.astype(np.float32)


def _clear_mm(thin: Volume, lungs: np.ndarray) -> np.ndarray:
    """How far each voxel of the lungs lies from what is denser than lung, from their borders and from the ends."""
    image = thin.to_image()
    dense = sitk.SmoothingRecursiveGaussian(sitk.Cast(image, sitk.sitkFloat32), SMOOTHED_MM) > DENSE_HU
    clear = lungs & ~sitk.GetArrayFromImage(dense).astype(bool)
    margin = math.ceil(MARGIN_MM / thin.spacing_mm[2])
    clear[:margin] = clear[len(clear) - margin :] = False
    mask = sitk.GetImageFromArray(clear.astype(np.uint8))
    mask.CopyInformation(image)
    distance = sitk.SignedMaurerDistanceMap(mask, insideIsPositive=True, squaredDistance=False, useImageSpacing=True)
    return np.array(sitk.GetArrayFromImage(distance))
