"""A CT volume from the DICOM files of one series."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import UnusableInput
from ..events.finding import Finding
from ..volumes.geometry import require_place
from ..volumes.hounsfield import as_hu_values
from ..volumes.volume import Acquisition, Volume
from .pixels.padding import PaddedSlice, findings_on_padding, with_air_for_padding
from .pixels.stored_pixels import colours, read_stored_pixels
from .series import DicomSeries, DicomSlice
from .series_choice import choose_series, warnings_about
from .series_index import find_series

# Positions are often rounded to a tenth of a millimetre, cosines and pixel spacings to six digits.
SIDEWAYS_TOLERANCE_PIXELS = 0.5
COSINE_TOLERANCE = 1e-3
PIXEL_SPACING_TOLERANCE = 1e-4
ONE_PLACE_MM = 1e-3
MOST_WHOLE = 2**31  # so that a product with a stored value is one of 64 bits


def read_dicom_folder(folder: Path, series: str | None = None) -> Volume:
    """The volume of the CT series in `folder` (at any depth) that `series` names, or of the one that fits.

    Raises UnusableInput with the code `no_series`, `several_series`, `multi_frame`, `mixed_slices`, `shifted_slices`,
    `uneven_slices`, `too_few_slices`, `components`, `inverted`, `not_hu`, `wrong_rescale` or as `read_stored_pixels`.
    """
    return read_series(choose_series(find_series(folder), series))


def read_series(series: DicomSeries) -> Volume:
    """The volume of `series`, HU by each slice's own rescale slope and intercept, slices sorted along their normal.

    The third axis points from the first to the last position, so a tilted gantry shows as a leaning axis; the slice
    spacing is the distance of these positions divided by the number of steps. Duplicated, missing and unevenly spaced
    slices stay in: `acquisition.slice_positions_mm` shows them. What pads the slices is air, with a warning where it
    would not be by its value. Raises as `read_dicom_folder`.
    """
    _require_one_stack(series)
    _require_hu(series.slices)
    slices = series.slices
    first, last = slices[0], slices[-1]
    way = last.position_mm - first.position_mm
    length = float(np.linalg.norm(way))
    x, y, z = (float(value) for value in first.position_mm)
    volume = Volume(
        hu=np.broadcast_to(np.int16(0), (len(slices), *first.shape)),
        spacing_mm=(*first.spacing_mm, length / (len(slices) - 1)),
        origin_mm=(x, y, z),
        direction=np.column_stack([*first.row_and_column, way / length]),
        acquisition=Acquisition(
            modality=series.modality,
            slice_thickness_mm=series.thickness_mm,
            slice_positions_mm=series.positions_mm,
            series_uid=series.uid,
            series_description=series.description,
            slice_files=tuple(item.path for item in slices),
            slice_frames=tuple(item.frame for item in slices),
            synthetic=series.synthetic,
            warnings=(*series.warnings, *warnings_about(series)),
        ),
    )
    volume = require_place(volume)
    hu, findings = _read_hu(slices)
    _require_rescale_told(slices)  # what a file that is cut short lacks too, which reading it tells
    warnings = (*volume.acquisition.warnings, *findings)
    return replace(volume, hu=hu, acquisition=replace(volume.acquisition, warnings=warnings))


def _require_one_stack(series: DicomSeries) -> None:
    """Returns when the slices lie on top of each other, equal in size, resolution and orientation."""
    slices = series.slices
    if series.without_place:
        raise UnusableInput(
            f"{series.without_place} of the images of series {series.title} do not say where they lie (or not in a "
            "way that can be read), so the volume would have holes; copy or export the series again.",
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
            not np.allclose(item.spacing_mm, first.spacing_mm, rtol=PIXEL_SPACING_TOLERANCE, atol=0) for item in slices
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


def _require_hu(slices: tuple[DicomSlice, ...]) -> None:
    """Returns when the headers say how the stored values become HU."""
    if not all(item.photometric in ("", "MONOCHROME1", "MONOCHROME2") for item in slices):
        raise colours()
    if any(item.photometric == "MONOCHROME1" for item in slices):  # GDCM would turn the values over
        raise UnusableInput(
            "The slices are stored with black and white exchanged (MONOCHROME1), from which HU cannot be read; export "
            "the series again as MONOCHROME2.",
            "inverted",
        )
    if not all(item.is_hu for item in slices):
        raise UnusableInput(
            "The series says that its values are no HU but another quantity (a density, for example); choose the CT "
            "series in HU.",
            "not_hu",
        )
    by_table = sum(item.by_table for item in slices)
    if by_table:
        raise UnusableInput(
            f"The stored values of {by_table} of the {len(slices)} slices become HU by a table (Modality LUT), which "
            "is not read here; export the series with rescale slope and intercept.",
            "wrong_rescale",
        )
    wrong = [item for item in slices if not (0 < item.rescale[0] < math.inf and math.isfinite(item.rescale[1]))]
    if wrong:
        raise UnusableInput(
            f"The rescale slope or intercept of {len(wrong)} of the {len(slices)} slices is no usable number (slice "
            f"{wrong[0].instance_number}, for example), so their HU are unknown; export the series again.",
            "wrong_rescale",
        )


def _require_rescale_told(slices: tuple[DicomSlice, ...]) -> None:
    """Returns when no slice lacks a rescale that others have."""
    untold = [item for item in slices if not item.rescale_told]
    if untold and len({item.rescale for item in slices}) > 1:
        raise UnusableInput(
            f"{len(untold)} of the {len(slices)} slices do not tell rescale slope and intercept, as others do (slice "
            f"{untold[0].instance_number}, for example), so their HU are unknown; export the series again.",
            "wrong_rescale",
        )


def _read_hu(slices: tuple[DicomSlice, ...]) -> tuple[np.ndarray, list[Finding]]:
    """The HU (slices, rows, columns), each file read once, and what is to be told of their padding."""
    made = [PaddedSlice(np.empty(0))] * len(slices)
    places = defaultdict(list)
    for k, item in enumerate(slices):
        places[item.path].append(k)
    for in_one_file in places.values():
        pixels = read_stored_pixels(slices[in_one_file[0]])
        for k in in_one_file:
            frame = (slices[k].frame or 1) - 1
            hu = _rescaled(pixels.values[frame], *slices[k].rescale)
            made[k] = PaddedSlice(hu) if pixels.padded is None else with_air_for_padding(hu, pixels.padded[frame])
            made[k] = replace(made[k], hu=as_hu_values(made[k].hu))
    return np.stack([item.hu for item in made]), findings_on_padding(made)


def _rescaled(values: np.ndarray, slope: float, intercept: float) -> np.ndarray:
    """The HU of stored values, whole numbers where both factors are."""
    if slope.is_integer() and intercept.is_integer() and max(slope, abs(intercept)) < MOST_WHOLE:
        return values.astype(np.int64) * int(slope) + int(intercept)
    return values * slope + intercept
