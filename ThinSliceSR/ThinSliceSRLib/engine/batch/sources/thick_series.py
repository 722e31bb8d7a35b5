"""Which DICOM series are thick chest CT: those of folders and ZIP files, and by what an archive tells of an image."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from ...dicom_in.series import DicomSeries
from ...dicom_in.series_choice import why_left_out, why_unlikely
from ...dicom_in.series_index import find_series
from ...dicom_in.zip_file import is_zip
from ...errors import UnusableInput, in_plain_words
from ...outputs.file_names import short_hash
from ...volumes.slice_steps import ROUNDING_MM, THIN_MM
from .source import Source, unusable_place, version_of


def thick_series_in(place: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    """Each CT series in `place`, a folder (at any depth, but not within `apart_from`) or a ZIP file.

    All but those of thick chest CT tell why they are left out; those made by no scanner are passed over. Damaged files
    in one folder do not keep the series of others from being found: they are told as a problem of it.
    """
    try:
        yield from _thick_series_in(place, apart_from, least_thickness_mm)
    except Exception as error:  # noqa: BLE001 - whatever a reader makes of one folder must not stop the others
        failure = in_plain_words(error)
        yield unusable_place(place, failure.code, str(failure))


def _thick_series_in(place: Path, apart_from: Path, least_thickness_mm: float | None) -> Iterator[Source]:
    try:
        found = find_series(place, through_links=False)  # which lead to places of their own
    except UnusableInput as error:
        below = sorted(path for path in place.iterdir() if path.is_dir()) if place.is_dir() else []
        below = [path for path in below if not path.is_symlink()]
        visible = (path for path in below if path != apart_from and not path.name.startswith("."))
        sources = [source for path in visible for source in thick_series_in(path, apart_from, least_thickness_mm)]
        if not any(source.problem for source in sources):
            yield unusable_place(place, error.code, str(error))
        yield from sources
        return
    of_uid: dict[str, set[Path]] = defaultdict(set)  # whose parts are named by what lies together
    for series in found:
        of_uid[series.uid].update(item.path.parent for item in series.slices)
    for series in found:
        files = list(dict.fromkeys(item.path for item in series.slices))
        own = place in apart_from.parents and any(apart_from in path.parents for path in files)
        if series.modality == "CT" and not series.synthetic and not own:
            # Of a folder the innermost one, as a run looks through all that it is given.
            held_by = Path(os.path.commonpath(of_uid[series.uid])) if files and not is_zip(place) else place
            source = Source(
                series.name, str(held_by), series=series.name, slices=len(series.slices), images=_images_of(series)
            )
            if series.is_ct_without_place:
                sentence = f"{series.without_place} of its images do not say where they lie; export the series again."
                yield replace(source, problem=("mixed_slices", sentence))
            elif reason := _why_left_out(series, least_thickness_mm):
                yield replace(source, left_out=reason)
            else:
                version = version_of([place] if is_zip(place) else files)
                yield replace(source, version=version, stack=series.stack)


def _images_of(series: DicomSeries) -> str:
    """As `Source.images`, by study and places: copies have the same, whatever program has unpacked or encoded them."""
    places = [item.position_mm.round(2).tolist() for item in series.slices]
    return short_hash(f"{series.study_uid} {places}")


def _why_left_out(series: DicomSeries, least_thickness_mm: float | None) -> str | None:
    return _why_too_thin(series, least_thickness_mm) or why_left_out(series)


def _why_too_thin(series: DicomSeries, least_thickness_mm: float | None) -> str | None:
    if _is_thick(series.thickness_mm, least_thickness_mm):
        return None
    return f"Its slices are {series.thickness_mm:.3g} mm thick, less than is wanted."


def why_not_fetched(
    series: DicomSeries, localiser: bool, instances: int, least_thickness_mm: float | None
) -> str | None:
    """Why a series is not worth to be fetched, by what one of its files says of it and the number of its instances.

    Headers of CT tell all that speaks against it, as of a series in a folder, but for the distance of the slices. A
    single image is none, unless it holds frames.
    """
    if localiser:
        return "It is a localiser (a scout)."
    if reason := why_unlikely(series):
        return reason
    if len(series.slices) == 1 == instances:
        return "It holds a single slice."
    return _why_too_thin(series, least_thickness_mm)


def _is_thick(thickness_mm: float | None, least_mm: float | None) -> bool:
    if thickness_mm is None:
        return True
    return thickness_mm > THIN_MM + ROUNDING_MM if least_mm is None else thickness_mm >= least_mm - ROUNDING_MM
