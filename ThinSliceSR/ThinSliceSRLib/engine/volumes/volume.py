"""A volume: HU values together with their place in the patient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import SimpleITK as sitk

from ..events.finding import Finding

SQUARE_PIXEL_TOLERANCE = 1e-3
UNKNOWN_MODALITY = "unknown"  # of a DICOM series that tells none and is not stored as CT


@dataclass(frozen=True)
class Acquisition:
    """What the source tells of how a volume was made; None where it does not tell.

    thickness_told_by: who said the slice thickness, see `slice_thickness.thickness_told_by`.
    values: on which scale its user says that they are stored, see `value_scale.SCALES`; None: nobody says it.
    Positions are along the slice normal in mm, one per stored slice, ascending; they show gaps and uneven steps that
    the regular grid of a volume cannot hold. `slice_files` are the files of these slices in the same order, and
    `slice_frames` which frames of them, from 1 (None in a file of its own). synthetic: made by no scanner.
    warnings: of what was noticed when it was read. tilt_degrees: of the gantry, by which its slices were moved upright.
    """

    modality: str | None = None
    slice_thickness_mm: float | None = None
    thickness_told_by: Literal["header", "option"] = "header"
    values: str | None = None
    slice_positions_mm: tuple[float, ...] | None = None
    series_uid: str | None = None
    series_description: str | None = None
    slice_files: tuple[Path, ...] = ()
    slice_frames: tuple[int | None, ...] = ()
    synthetic: bool = False
    warnings: tuple[Finding, ...] = ()
    tilt_degrees: float = 0.0


@dataclass(frozen=True)
class Volume:
    """HU values with their geometry, as ITK defines it (patient coordinates LPS, in mm).

    hu: array (slices, rows, columns), index order k, j, i.
    spacing_mm: distance of neighbouring voxels along i, j, k.
    origin_mm: centre of voxel (0, 0, 0).
    direction: 3×3, its columns are the unit vectors of the axes i, j, k. A column may lean (tilted gantry) and the
        three may be left-handed: both are kept as they are.
    """

    hu: np.ndarray
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: np.ndarray = field(default_factory=lambda: np.eye(3))
    acquisition: Acquisition = Acquisition()

    @property
    def size(self) -> tuple[int, int, int]:
        """Voxels along i, j, k."""
        k, j, i = self.hu.shape
        return (i, j, k)

    @property
    def through_plane_axis(self) -> int:
        """The axis (0, 1, 2 for i, j, k) along which slices are stacked.

        It is the one whose spacing differs from that of square pixels on the other two; k when all three are equal,
        else the one of the widest spacing.
        """
        for axis in (2, 1, 0):
            first, second = (self.spacing_mm[other] for other in range(3) if other != axis)
            if math.isclose(first, second, rel_tol=SQUARE_PIXEL_TOLERANCE):
                return axis
        return max(range(3), key=lambda axis: self.spacing_mm[axis])

    def permuted(self, axes: Sequence[int]) -> Volume:
        """The same voxels at the same places, stored with the present axes (of i, j, k) in the order `axes`.

        `permuted(order)` is undone by `permuted(inverse of order)`; no value is copied.
        """
        i, j, k = axes
        return replace(
            self,
            hu=self.hu.transpose(2 - k, 2 - j, 2 - i),
            spacing_mm=(self.spacing_mm[i], self.spacing_mm[j], self.spacing_mm[k]),
            direction=self.direction[:, [i, j, k]],
        )

    def stacked_along_k(self, axis: int) -> Volume:
        """The same volume stored so that its slices along `axis` (0, 1, 2 for i, j, k) are stacked along k."""
        return self.permuted([*(other for other in range(3) if other != axis), axis])

    def on_slice_grid(self, hu: np.ndarray, slice_spacing_mm: float) -> Volume:
        """`hu` on this volume's rows and columns and on slices `slice_spacing_mm` apart from its first slice on."""
        return replace(self, hu=hu, spacing_mm=(*self.spacing_mm[:2], slice_spacing_mm), acquisition=Acquisition())

    @staticmethod
    def from_image(image: sitk.Image, acquisition: Acquisition = Acquisition()) -> Volume:
        """The volume of a three-dimensional SimpleITK image with one component."""
        return Volume(
            hu=sitk.GetArrayFromImage(image),
            spacing_mm=image.GetSpacing(),
            origin_mm=image.GetOrigin(),
            direction=np.array(image.GetDirection()).reshape(3, 3),
            acquisition=acquisition,
        )

    def to_image(self) -> sitk.Image:
        """A SimpleITK image with this volume's values and geometry."""
        image = sitk.GetImageFromArray(np.ascontiguousarray(self.hu))
        image.SetSpacing([float(value) for value in self.spacing_mm])
        image.SetOrigin([float(value) for value in self.origin_mm])
        image.SetDirection([float(value) for value in np.asarray(self.direction).ravel()])
        return image
