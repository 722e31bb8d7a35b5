"""Which DICOM series are thick chest CT: those of folders and ZIP files, and by what an archive tells of an image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydicom.dataset import Dataset

from ..errors import UnusableInput, in_plain_words
from ..volumes.dicom_headers import is_localiser
from ..volumes.dicom_index import find_series, series_of_file
from ..volumes.dicom_zip import is_zip
from ..volumes.series_choice import is_fitting, may_fit
from ..volumes.slice_steps import ROUNDING_MM, THIN_MM
from .source import Source, unusable_place, version_of


def thick_series_in(place: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    """Each series of thick chest CT in `place`, a folder (at any depth, but not within `apart_from`) or a ZIP file.

    Damaged files in one folder do not keep the series of others from being found: they are told as a problem of it.
    """
    try:
        yield from _thick_series_in(place, apart_from, least_thickness_mm)
    except Exception as error:  # noqa: BLE001 - whatever a reader makes of one folder must not stop the others
        failure = in_plain_words(error)
        yield unusable_place(place, failure.code, str(failure))


def _thick_series_in(place: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    try:
        found = find_series(place)
    except UnusableInput as error:
        below = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
        visible = (path for path in below if path != apart_from and not path.name.startswith("."))
        sources = [source for path in visible for source in thick_series_in(path, apart_from, least_thickness_mm)]
        if not any(source.problem for source in sources):
            yield unusable_place(place, error.code, str(error))
        yield from sources
        return
    for series in found:
        files = list(dict.fromkeys(item.path for item in series.slices))
        own = any(apart_from in path.parents for path in files)
        if not own and is_fitting(series) and _is_thick(series.thickness_mm, least_thickness_mm):
            # Of a folder the innermost one, as a run looks through all that it is given.
            held_by = place if is_zip(place) else Path(os.path.commonpath([path.parent for path in files]))
            version = version_of([place] if is_zip(place) else files)
            yield Source(series.uid, str(held_by), series=series.uid, slices=len(series.slices), version=version)


def may_be_thick_chest(header: Dataset, instances: int | None, least_thickness_mm: float | None) -> bool:
    """Whether a series is worth to be fetched, by the header of one of its images and their number, if it is known.

    Headers of CT tell all that speaks against it, as of a series in a folder, but for the distance of the slices. A
    single image is none, unless it holds frames.
    """
    series = series_of_file(Path(), header)
    several = len(series.slices) > 1 or instances != 1
    return (
        several and not is_localiser(header) and may_fit(series) and _is_thick(series.thickness_mm, least_thickness_mm)
    )


def _is_thick(thickness_mm: float | None, least_mm: float | None) -> bool:
    if thickness_mm is None:
        return True
    return thickness_mm > THIN_MM + ROUNDING_MM if least_mm is None else thickness_mm >= least_mm - ROUNDING_MM
