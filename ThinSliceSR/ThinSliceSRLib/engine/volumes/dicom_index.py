"""Which CT series a folder of DICOM files holds, from their headers alone, and the choice of one."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.uid import CTImageStorage, MediaStorageDirectoryStorage

from ..errors import UnusableInput

# Nothing else is read from a file, so nothing else, and no name of a patient, can turn up in a message.
TAGS = [
    "SOPClassUID",
    "SOPInstanceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "Modality",
    "ImageType",
    "InstanceNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PixelSpacing",
    "SliceThickness",
    "ImageOrientationPatient",
    "ImagePositionPatient",
]
DICOM_SUFFIXES = (".dcm", ".dicom", ".ima")


@dataclass(frozen=True)
class DicomSlice:
    """One file of a series. Geometry as in DICOM PS3.3 C.7.6.2.1.1, in mm of the patient's LPS coordinates."""

    path: Path
    instance_number: int
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    row_and_column: np.ndarray
    position_mm: np.ndarray
    thickness_mm: float | None

    @property
    def normal(self) -> np.ndarray:
        """The unit vector across the slice, such that row, column and it are right-handed."""
        normal = np.cross(self.row_and_column[0], self.row_and_column[1])
        return normal / np.linalg.norm(normal)


@dataclass(frozen=True)
class DicomSeries:
    """The slices of one series, sorted along their normal, and how many of its files are no such slices."""

    uid: str
    number: int | None
    description: str
    modality: str
    slices: tuple[DicomSlice, ...]
    without_place: int
    multi_frame: bool

    def __str__(self) -> str:
        name = f'number {self.number} "{self.description}"' if self.number is not None else f'"{self.description}"'
        positions = [item.position_mm @ item.normal for item in self.slices]
        step = (positions[-1] - positions[0]) / max(1, len(positions) - 1) if positions else 0.0
        return f"{name} ({len(self.slices)} slices, {step:.4g} mm apart)"


def find_series(folder: Path) -> list[DicomSeries]:
    """The image series in `folder` and the folders below it, localisers left out, sorted by number.

    Raises UnusableInput (`truncated`) when a DICOM file is damaged, as its slice would be missing without a word.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        return _find_series(folder)


def _find_series(folder: Path) -> list[DicomSeries]:
    headers = {path: _read_header(path) for path in _candidates(folder)}
    damaged = sum(header is None for header in headers.values())
    if damaged:
        raise UnusableInput(
            f"{damaged} of the DICOM files in the folder cannot be read to their end; copy or export the series again.",
            "truncated",
        )
    groups: dict[str, list[tuple[Path, pydicom.Dataset]]] = defaultdict(list)
    seen = set()
    for path, header in headers.items():
        # The same object may lie in a folder twice; some writers give one identifier to all slices.
        identity = (header.get("SOPInstanceUID", path), str(header.get("ImagePositionPatient")))
        if identity not in seen and not _is_media_directory(header) and not _is_localiser(header):
            seen.add(identity)
            groups[str(header.SeriesInstanceUID)].append((path, header))
    series = [_series(uid, files) for uid, files in groups.items()]
    series = [item for item in series if item.slices or item.multi_frame]
    return sorted(series, key=lambda item: (item.number is None, item.number or 0, item.uid))


def choose_series(found: list[DicomSeries], named: str | None) -> DicomSeries:
    """The only CT series, or the one that `named` means: a UID, a number, a description or a part of one (any case).

    When there is no CT, the only series of another kind: the check of the volume then says what it is.
    Raises UnusableInput: `no_series` (none, or none of that name), `several_series`, `multi_frame`.
    """
    if named is None:
        fitting = [item for item in found if item.modality == "CT" and len(item.slices) > 1]
        fitting = fitting or [item for item in found if item.modality == "CT"] or found
    else:
        fitting = _named(found, named)
    if not found:
        raise UnusableInput("The folder holds no DICOM images; give the folder of a CT series.", "no_series")
    if not fitting:
        raise UnusableInput(f"No series of the folder is {named!r}; it holds {_listed(found)}.", "no_series")
    if len(fitting) > 1:
        raise UnusableInput(
            f"Several series fit; name one by its number, description or UID: {_listed(fitting)}.", "several_series"
        )
    chosen = fitting[0]
    if chosen.multi_frame:
        raise UnusableInput(
            "The series is stored as a multi-frame (enhanced) object, which cannot be read yet; export it as single "
            "slices.",
            "multi_frame",
        )
    return chosen


def _named(found: list[DicomSeries], named: str) -> list[DicomSeries]:
    wanted = named.strip().casefold()
    ways = (
        lambda item: item.uid == named.strip(),
        lambda item: str(item.number) == wanted,
        lambda item: item.description.casefold() == wanted,
        lambda item: wanted in item.description.casefold(),
    )
    return next((fitting for way in ways if (fitting := [item for item in found if way(item)])), [])


def _listed(found: list[DicomSeries]) -> str:
    return ", ".join(str(item) for item in found)


def _candidates(folder: Path) -> Iterator[Path]:
    """The files that are DICOM, or that are called so."""
    for path in sorted(folder.rglob("*")):
        if path.name.startswith(".") or not path.is_file():
            continue
        with path.open("rb") as file:
            start = file.read(132)
        if start[128:] == b"DICM" or path.suffix.lower() in DICOM_SUFFIXES:
            yield path


def _read_header(path: Path) -> pydicom.Dataset | None:
    """The header without pixels, or None when the file is damaged."""
    try:
        header = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=TAGS, force=True)
    except Exception:  # noqa: BLE001 (whatever pydicom runs into, the file is counted as damaged and reported)
        return None
    return None if _is_cut_short(header) else header


def _is_cut_short(header: pydicom.Dataset) -> bool:
    """Whether the file ends within its header, which pydicom takes for its end.

    Elements ascend: if Rows (0028,0010) is there, so is the number of the series (0020,000E) in full.
    """
    if _is_media_directory(header):
        return False
    return not header.get("SeriesInstanceUID") or (header.get("SOPClassUID") == CTImageStorage and "Rows" not in header)


def _is_media_directory(header: pydicom.Dataset) -> bool:
    return getattr(header, "file_meta", {}).get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage


def _is_localiser(header: pydicom.Dataset) -> bool:
    image_type = header.get("ImageType") or []
    return "LOCALIZER" in ([image_type] if isinstance(image_type, str) else image_type)


def _series(uid: str, files: list[tuple[Path, pydicom.Dataset]]) -> DicomSeries:
    first = files[0][1]
    slices = [item for path, header in files if (item := _slice(path, header)) is not None]
    normal = slices[0].normal if slices else None
    return DicomSeries(
        uid=uid,
        number=_number(first, "SeriesNumber"),
        description=str(first.get("SeriesDescription") or ""),
        modality=str(first.get("Modality") or "unknown"),
        slices=tuple(sorted(slices, key=lambda item: (float(item.position_mm @ normal), item.instance_number))),
        without_place=len(files) - len(slices),
        multi_frame=any((_number(header, "NumberOfFrames") or 1) > 1 for _, header in files),
    )


def _slice(path: Path, header: pydicom.Dataset) -> DicomSlice | None:
    """The slice, or None when the header does not say where it lies (a dose report or a screenshot, for example)."""
    try:
        row_and_column = np.array(header.ImageOrientationPatient, dtype=float).reshape(2, 3)
        position = np.array(header.ImagePositionPatient, dtype=float).reshape(3)
        row_spacing, column_spacing = (float(value) for value in header.PixelSpacing)
        thickness = header.get("SliceThickness")
        if np.linalg.norm(np.cross(*row_and_column)) < 0.5 or not (row_spacing > 0 and column_spacing > 0):
            return None
        return DicomSlice(
            path=path,
            instance_number=_number(header, "InstanceNumber") or 0,
            shape=(int(header.Rows), int(header.Columns)),
            spacing_mm=(column_spacing, row_spacing),
            row_and_column=row_and_column / np.linalg.norm(row_and_column, axis=1, keepdims=True),
            position_mm=position,
            thickness_mm=float(thickness) if thickness else None,
        )
    except (AttributeError, TypeError, ValueError):
        return None


def _number(header: pydicom.Dataset, keyword: str) -> int | None:
    """The whole number of an element; None when it is missing, empty or no number, as some writers leave it."""
    try:
        return int(header.get(keyword))
    except (TypeError, ValueError):
        return None
