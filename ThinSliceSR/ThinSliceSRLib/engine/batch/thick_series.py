"""Which DICOM series are thick chest CT: those of a folder, and by what an archive tells of one of their images."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset

from ..errors import UnusableInput
from ..volumes.dicom_headers import image_headers, is_localiser, is_synthetic
from ..volumes.dicom_index import DicomSeries, find_series
from ..volumes.series_choice import CHEST_WORDS, is_fitting
from ..volumes.slice_steps import ROUNDING_MM, THIN_MM
from .source import Source, unusable_folder, version_of


def thick_series_in(folder: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    """Each series of thick chest CT in `folder`, at any depth, but not within `apart_from`.

    Damaged files in one folder do not keep the series of others from being found: they are told as a problem of it.
    """
    if folder == apart_from or folder.name.startswith("."):
        return
    try:
        found = find_series(folder)
    except UnusableInput as error:
        below = sorted(path for path in folder.iterdir() if path.is_dir())
        sources = [source for path in below for source in thick_series_in(path, apart_from, least_thickness_mm)]
        if not any(source.problem for source in sources):
            yield unusable_folder(folder, error.code, str(error))
        yield from sources
        return
    for series in found:
        files = list(dict.fromkeys(item.path for item in series.slices))
        own = any(apart_from in path.parents for path in files)
        if not own and is_fitting(series) and _is_thick(series.thickness_mm, least_thickness_mm):
            yield _source(series, files)


def may_be_thick_chest(header: Dataset, least_thickness_mm: float | None) -> bool:
    """Whether a series is worth to be fetched, by the header of one of its images.

    What is not told does not speak against it: the check of the volume decides then.
    """
    body_part = str(header.get("BodyPartExamined") or "").upper()
    images = image_headers(header)
    thickness = images[0].get("SliceThickness") if images else None
    return (
        not is_synthetic(header)
        and not is_localiser(header)
        and (not body_part or any(word in body_part for word in CHEST_WORDS))
        and _is_thick(float(thickness) if thickness else None, least_thickness_mm)
    )


def _is_thick(thickness_mm: float | None, least_mm: float | None) -> bool:
    if thickness_mm is None:
        return True
    return thickness_mm > THIN_MM + ROUNDING_MM if least_mm is None else thickness_mm >= least_mm - ROUNDING_MM


def _source(series: DicomSeries, files: list[Path]) -> Source:
    # The innermost folder, as a run looks through all that it is given.
    folder = os.path.commonpath([path.parent for path in files])
    return Source(series.uid, folder, series=series.uid, version=version_of(files))
