"""A CT volume from the DICOM files of one series."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import numpy as np
import SimpleITK as sitk

from ..errors import UnusableInput
from .dicom_index import DicomSeries, DicomSlice, choose_series, find_series
from .hounsfield import as_hu_values
from .silence import itk_silenced
from .volume import Acquisition, Volume

# Positions are often rounded to a tenth of a millimetre, cosines and pixel spacings to six digits.
SIDEWAYS_TOLERANCE_PIXELS = 0.5
COSINE_TOLERANCE = 1e-3
SPACING_TOLERANCE = 1e-4
ONE_PLACE_MM = 1e-3


def read_dicom_folder(folder: Path, series: str | None = None) -> Volume:
    """The volume of the CT series in `folder` (at any depth) that `series` names, or of the only one there.

    Raises UnusableInput with the code `no_series`, `several_series`, `multi_frame`, `mixed_slices`, `shifted_slices`,
    `uneven_slices`, `too_few_slices`, `truncated` or `components`.
    """
    return read_series(choose_series(find_series(folder), series))


def read_series(series: DicomSeries) -> Volume:
    """The volume of `series`, HU by each slice's own rescale slope and intercept, slices sorted along their normal.

    The third axis points from the first to the last position, so a tilted gantry shows as a leaning axis; the slice
    spacing is the distance of these positions divided by the number of steps. Duplicated, missing and unevenly spaced
    slices stay in: `acquisition.slice_positions_mm` shows them. Raises as `read_dicom_folder`.
    """
    _require_one_stack(series)
    slices = series.slices
    first, last = slices[0], slices[-1]
    way = last.position_mm - first.position_mm
    length = float(np.linalg.norm(way))
    thicknesses = [item.thickness_mm for item in slices if item.thickness_mm is not None]
    return Volume(
        hu=np.stack([_read_hu(item) for item in slices]),
        spacing_mm=(*first.spacing_mm, length / (len(slices) - 1)),
        origin_mm=tuple(float(value) for value in first.position_mm),
        direction=np.column_stack([*first.row_and_column, way / length]),
        acquisition=Acquisition(
            modality=series.modality,
            slice_thickness_mm=median(thicknesses) if thicknesses else None,
            slice_positions_mm=tuple(float(item.position_mm @ first.normal) for item in slices),
            series_uid=series.uid,
            series_description=series.description,
            slice_files=tuple(item.path for item in slices),
        ),
    )


def _require_one_stack(series: DicomSeries) -> None:
    """Returns when the slices lie on top of each other, equal in size, resolution and orientation."""
    slices = series.slices
    if series.without_place:
        raise UnusableInput(
            f"{series.without_place} of the files of this series do not say where their slice lies, so the volume "
            "would have holes; copy or export the series again.",
            "mixed_slices",
        )
    if len(slices) < 2:
        raise UnusableInput("The series holds a single slice; give one of at least 2 slices.", "too_few_slices")
    first = slices[0]
    differences = {
        "matrix": any(item.shape != first.shape for item in slices),
        "orientation": any(
            not np.allclose(item.row_and_column, first.row_and_column, rtol=0, atol=COSINE_TOLERANCE) for item in slices
        ),
        "pixel spacing": any(
            not np.allclose(item.spacing_mm, first.spacing_mm, rtol=SPACING_TOLERANCE, atol=0) for item in slices
        ),
    }
    mixed = [name for name, differs in differences.items() if differs]
    if mixed:
        raise UnusableInput(
            f"The slices of this series differ in {' and '.join(mixed)}, so they are not one volume; choose a series "
            "of equal slices.",
            "mixed_slices",
        )
    if (slices[-1].position_mm - first.position_mm) @ first.normal < ONE_PLACE_MM:
        raise UnusableInput(
            "All slices of this series lie at one position; choose a series of a volume.", "uneven_slices"
        )
    sideways = _largest_sideways_shift(slices)
    if sideways > SIDEWAYS_TOLERANCE_PIXELS * min(first.spacing_mm):
        raise UnusableInput(
            f"The slices of this series are shifted sideways against each other by up to {sideways:.1f} mm, so they "
            "are not one volume; choose another series.",
            "shifted_slices",
        )


def _largest_sideways_shift(slices: tuple[DicomSlice, ...]) -> float:
    """How far, in mm within its plane, any slice lies off the line from the first to the last position."""
    positions = np.stack([item.position_mm for item in slices])
    heights = (positions - positions[0]) @ slices[0].normal
    line = (heights / heights[-1])[:, None] * (positions[-1] - positions[0])
    return float(np.linalg.norm(positions - positions[0] - line, axis=1).max())


def _read_hu(item: DicomSlice) -> np.ndarray:
    """The HU (rows, columns) of one slice. GDCM undoes any compression and applies the slice's own rescale."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(item.path))
    reader.SetImageIO("GDCMImageIO")
    try:
        with itk_silenced():
            image = reader.Execute()
    except RuntimeError as error:
        raise UnusableInput(
            f"Slice {item.instance_number} of the series cannot be read: its file is cut short, damaged, or "
            "compressed in an unknown way; copy or export the series again.",
            "truncated",
        ) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise UnusableInput("The series holds colour pictures; choose the CT series itself.", "components")
    return as_hu_values(sitk.GetArrayViewFromImage(image)[0].copy())
