"""Which image series a folder or a ZIP file of DICOM files holds, from their headers alone."""

from __future__ import annotations

import os
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ..errors import UnusableInput
from ..events.finding import Finding
from .file_kind import START_BYTES, Census
from .headers import is_localiser, is_media_directory, read_header
from .media_directory import files_not_there
from .parts.acquisitions import acquisitions_of
from .parts.copies import Opener
from .parts.mixed_series import volumes_of
from .parts.places import lie_alike
from .series import DicomSeries, series_of_file
from .zip_file import is_zip, packed_files


def find_series(place: Path, through_links: bool = True) -> list[DicomSeries]:
    """The image series in `place`, a folder (at any depth), a ZIP file or one file, without localisers, by number.

    What is hidden is left out. The paths of slices in a ZIP file are the names that they have when it is unpacked.
    through_links: whether links to folders are followed.
    Raises UnusableInput (`truncated`) when a DICOM file is damaged, as its slice would be missing without a word, or
    when there are but links to DICOM files that are not there; of a ZIP file also as `unpacked`.
    """
    census = Census()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        with _opened(place, census, through_links) as (paths, open_file):
            found = _series_of(paths, open_file, census)
    left_out = _left_out(census)
    return [replace(series, warnings=(*series.warnings, *left_out)) for series in found]


def _series_of(paths: Iterable[Path], open_file: Opener, census: Census) -> list[DicomSeries]:
    """No header is kept, as those of a million files would not find the memory."""
    files: dict[str, list[DicomSeries]] = defaultdict(list)
    localisers: dict[str, list[DicomSeries]] = defaultdict(list)
    count = damaged = nameless = 0
    for path in paths:
        count += 1
        try:
            with open_file(path) as file:
                header = read_header(file)
            if header is None:
                damaged += 1
            elif is_media_directory(header):
                census.not_there.update(files_not_there(path))
            elif not header.get("SeriesInstanceUID"):
                nameless += not is_localiser(header)
            else:
                of_kind = localisers if is_localiser(header) else files
                of_kind[str(header.SeriesInstanceUID)].append(series_of_file(path, header))
        except Exception:  # noqa: BLE001 (see `image_headers`; the file is counted as damaged and reported)
            damaged += 1
    damaged, count = damaged + census.empty, count + census.empty
    if damaged:
        raise UnusableInput(
            f"{damaged} of the {count} DICOM files are empty, cut short, or not DICOM in spite of their names, "
            "so slices may be missing; copy or export the series again, or take these files out.",
            "truncated",
        )
    if nameless:
        raise UnusableInput(
            f"{nameless} of the {count} DICOM files do not say to which series they belong (no Series Instance UID), "
            "so slices may be missing; export the series again, or take these files out.",
            "no_series_uid",
        )
    if census.lost and not files:
        raise UnusableInput(
            f"{census.lost} of the files are links to files that are not there, as those of git-annex and DataLad are "
            "until they are fetched; fetch the files.",
            "truncated",
        )
    series = []
    for uid, of_one in files.items():
        not_there = census.not_there[uid]
        wholes = [_told_of_left_out(_whole(part), localisers[uid], not_there) for part in volumes_of(of_one)]
        parts = [part for whole in wholes for part in acquisitions_of(whole, open_file)]
        parts = [item for item in parts if item.slices or item.multi_frame or item.is_ct_without_place]
        several = len(parts) > 1
        series += [replace(item, part=number if several else 0) for number, item in enumerate(parts, start=1)]
    return sorted(series, key=lambda item: (item.number is None, item.number or 0, item.uid, item.part))


def _left_out(census: Census) -> list[Finding]:
    """What is told of the files that were passed over, of each series, as nobody knows of which they are."""
    messages = []
    if census.others:
        messages.append(
            f"{census.others} of the files among the slices are no DICOM and were left out; make sure that they are no "
            "slices."
        )
    if census.lost:
        messages.append(
            f"{census.lost} of the files are links to DICOM files that are not there, as those of git-annex and "
            "DataLad are until they are fetched; make sure that they are of no slices of this series."
        )
    if census.archives:
        messages.append(
            f"{census.archives} of the files are packed (ZIP, for example) and were not looked into; make sure that "
            "they hold no slices of this series."
        )
    return [Finding("warning", "files_left_out", message) for message in messages]


def _told_of_left_out(series: DicomSeries, localisers: Iterable[DicomSeries], not_there: int) -> DicomSeries:
    """The series with warnings of images that call themselves localisers but lie as its slices do, and of files that a
    DICOMDIR lists but that are not there."""
    told = []
    first = series.slices[0] if series.slices else None
    among = sum(lie_alike(item, first) for file in localisers for item in file.slices) if first else 0
    if among:
        message = (
            f"{among} of the images of the series are said to be localisers (scouts), but lie as its slices do; they "
            "were left out, so make sure that they are no slices."
        )
        told.append(Finding("warning", "scouts_left_out", message))
    if not_there:
        message = (
            f"{not_there} of the files of the series that the DICOMDIR lists are not there, so slices may be missing; "
            "copy the medium again."
        )
        told.append(Finding("warning", "files_not_there", message))
    return replace(series, warnings=(*series.warnings, *told))


@contextmanager
def _opened(place: Path, census: Census, through_links: bool) -> Iterator[tuple[Iterable[Path], Opener]]:
    """The files that are DICOM, or that are called so, and what opens them; `place` itself if it is a file."""
    if is_zip(place):
        with packed_files(place, census) as opened:
            yield opened
    else:
        files = [place] if place.is_file() else _dicom_in(place, census, through_links)
        yield files, lambda path: path.open("rb")


def _dicom_in(folder: Path, census: Census, through_links: bool) -> Iterator[Path]:
    census.take_over(folder)
    for path in _visible_in(folder, through_links):
        if not path.is_file():
            if path.is_symlink():
                census.count_lost(path)
            continue
        with path.open("rb") as file:
            start = file.read(START_BYTES)
        if census.is_dicom(path, start):
            yield path


def _visible_in(folder: Path, through_links: bool) -> list[Path]:
    """All files in a folder at any depth but hidden ones, each folder once."""
    files: list[Path] = []
    seen = set()
    for inner, folders, names in os.walk(folder, followlinks=through_links):
        seen.add(os.path.realpath(inner))
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and os.path.realpath(os.path.join(inner, name)) not in seen
        )
        files += [Path(inner, name) for name in names if not name.startswith(".")]
    return sorted(files)


def _whole(parts: list[DicomSeries]) -> DicomSeries:
    """The series of these parts; what should be the same in all of them is that of the first."""
    slices = [item for part in parts for item in part.slices]
    normal = slices[0].normal if slices else None
    return replace(
        parts[0],
        synthetic=any(part.synthetic for part in parts),
        slices=tuple(sorted(slices, key=lambda item: (float(item.position_mm @ normal), item.instance_number))),
        without_place=sum(part.without_place for part in parts),
        multi_frame=any(part.multi_frame for part in parts),
    )
