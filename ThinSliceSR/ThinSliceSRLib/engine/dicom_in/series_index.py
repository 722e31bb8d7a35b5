"""Which image series a folder or a ZIP file of DICOM files holds, from their headers alone."""

from __future__ import annotations

import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from pydicom.dataset import Dataset

from ..errors import UnusableInput
from ..events.finding import Finding
from .acquisitions import acquisitions_of
from .file_kind import START_BYTES, Census
from .headers import is_localiser, is_media_directory, read_header
from .series import DicomSeries, series_of_file
from .zip_file import is_zip, packed_headers


def find_series(place: Path) -> list[DicomSeries]:
    """The image series in `place`, a folder (at any depth), a ZIP file or one file, without localisers, by number.

    What is hidden is left out. The paths of slices in a ZIP file are the names that they have when it is unpacked.
    Raises UnusableInput (`truncated`) when a DICOM file is damaged, as its slice would be missing without a word; of a
    ZIP file also as `packed_headers`.
    """
    census = Census()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        headers = packed_headers(place, census) if is_zip(place) else _headers_in(place, census)
        found = _series_of(headers, census)
    if census.others:
        message = (
            f"{census.others} of the files among the slices are no DICOM and were left out; make sure that they are no "
            "slices."
        )
        left_out = Finding("warning", "files_left_out", message)
        found = [replace(series, warnings=(*series.warnings, left_out)) for series in found]
    return found


def _series_of(headers: Iterable[tuple[Path, Dataset | None]], census: Census) -> list[DicomSeries]:
    """No header is kept, as those of a million files would not find the memory."""
    parts: dict[str, list[DicomSeries]] = defaultdict(list)
    seen = set()
    copies: Counter[str] = Counter()
    count = damaged = nameless = 0
    for path, header in headers:
        count += 1
        try:
            if header is None:
                damaged += 1
            elif is_media_directory(header) or is_localiser(header):
                continue
            elif not header.get("SeriesInstanceUID"):
                nameless += 1
            else:
                # The same object may lie in a folder twice; some writers give one identifier to all slices.
                identity = (str(header.get("SOPInstanceUID", path)), _as_stored(header, "ImagePositionPatient"))
                if identity in seen:
                    copies[str(header.SeriesInstanceUID)] += 1
                else:
                    seen.add(identity)
                    parts[str(header.SeriesInstanceUID)].append(series_of_file(path, header))
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
    wholes = [_with_copies_told(_whole(of_one), copies[uid]) for uid, of_one in parts.items()]
    series = [part for whole in wholes for part in acquisitions_of(whole)]
    series = [item for item in series if item.slices or item.multi_frame or item.is_ct_without_place]
    return sorted(series, key=lambda item: (item.number is None, item.number or 0, item.uid, item.part))


def _with_copies_told(series: DicomSeries, copies: int) -> DicomSeries:
    if not copies:
        return series
    message = (
        f"{copies} of the files are of slices that are there already, under the same identifier, and were left out."
    )
    return replace(series, warnings=(*series.warnings, Finding("warning", "copies_left_out", message)))


def _as_stored(header: Dataset, keyword: str) -> str:
    """The value of an element, which nobody need be able to read."""
    return str(header.get_item(keyword).value) if keyword in header else ""


def _headers_in(folder: Path, census: Census) -> Iterator[tuple[Path, Dataset | None]]:
    """The headers of the files that are DICOM, or that are called so; of `folder` itself if it is a file."""
    if folder.is_file():
        yield folder, read_header(folder)
        return
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file():
            continue
        with path.open("rb") as file:
            start = file.read(START_BYTES)
        if census.is_dicom(path, start):
            yield path, read_header(path)


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
