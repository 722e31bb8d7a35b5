"""Which image series a folder or a ZIP file of DICOM files holds, from their headers alone."""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ..errors import UnusableInput
from .dicom_headers import (
    START_BYTES,
    decimals,
    image_headers,
    is_localiser,
    is_media_directory,
    is_multi_frame,
    is_other_than_hu,
    is_synthetic,
    may_be_dicom,
    read_header,
    whole_number,
)
from .dicom_zip import is_zip, packed_headers
from .slice_steps import SAME_PLACE_MM, slice_steps

# How far from 1 a direction that was rounded, or written by hand, may be in length.
COSINES_TOLERANCE = 0.1
THICKEST_MM = 1e3


@dataclass(frozen=True)
class DicomSlice:
    """One image of a series. Geometry as in DICOM PS3.3 C.7.6.2.1.1, in mm of the patient's LPS coordinates.

    frame: which of a multi-frame file it is, from 1; None in a file of its own.
    rescale: slope and intercept; not a number where the header holds none that can be read. by_table: whether a table
    (Modality LUT) stands in their place. is_hu: unless it says that its values are another quantity.
    transfer_syntax: how the file is encoded; empty where it does not tell.
    """

    path: Path
    frame: int | None
    instance_number: int
    shape: tuple[int, int]
    spacing_mm: tuple[float, float]
    row_and_column: np.ndarray
    position_mm: np.ndarray
    thickness_mm: float | None
    rescale: tuple[float, float]
    by_table: bool
    is_hu: bool
    photometric: str
    transfer_syntax: str

    @property
    def normal(self) -> np.ndarray:
        """The unit vector across the slice, such that row, column and it are right-handed."""
        normal = np.cross(self.row_and_column[0], self.row_and_column[1])
        return normal / np.linalg.norm(normal)


@dataclass(frozen=True)
class DicomSeries:
    """The slices of one series, sorted along their normal.

    without_place: how many of its images are no such slices. multi_frame: whether a file of it holds frames of which
    it does not tell one by one. synthetic: whether it says that no scanner made it.
    """

    uid: str
    number: int | None
    description: str
    modality: str
    body_part: str
    synthetic: bool
    slices: tuple[DicomSlice, ...]
    without_place: int
    multi_frame: bool

    @property
    def positions_mm(self) -> tuple[float, ...]:
        """Of the slices along the normal of the first one, ascending."""
        normal = self.slices[0].normal if self.slices else None
        return tuple(float(item.position_mm @ normal) for item in self.slices)

    @property
    def spacing_mm(self) -> float:
        """The usual step between slices; 0 when they lie at one place."""
        positions = self.positions_mm
        if not positions or positions[-1] - positions[0] <= SAME_PLACE_MM:
            return 0.0
        return slice_steps(positions).step_mm

    @property
    def thickness_mm(self) -> float | None:
        """The usual thickness of a slice, if the files tell it."""
        told = [item.thickness_mm for item in self.slices if item.thickness_mm is not None]
        return median(told) if told else None

    def __str__(self) -> str:
        name = f'number {self.number} "{self.description}"' if self.number is not None else f'"{self.description}"'
        facts = [f"{len(self.slices)} slices", f"{self.spacing_mm:.4g} mm apart"]
        if self.thickness_mm is not None:
            facts.append(f"{self.thickness_mm:.4g} mm thick")
        if self.modality != "CT":
            facts.append(f"modality {self.modality}")
        return f"{name} ({', '.join([*facts, *['synthetic'] * self.synthetic])})"


def find_series(place: Path) -> list[DicomSeries]:
    """The image series in `place`, a folder (at any depth) or a ZIP file, without localisers, sorted by number.

    What is hidden is left out. The paths of slices in a ZIP file are the names that they have when it is unpacked.
    Raises UnusableInput (`truncated`) when a DICOM file is damaged, as its slice would be missing without a word; of a
    ZIP file also as `packed_headers`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
        return _series_of(packed_headers(place) if is_zip(place) else _headers_in(place))


def _series_of(headers: Iterable[tuple[Path, Dataset | None]]) -> list[DicomSeries]:
    """No header is kept, as those of a million files would not find the memory."""
    parts: dict[str, list[DicomSeries]] = defaultdict(list)
    seen = set()
    count = damaged = 0
    for path, header in headers:
        count += 1
        if header is None:
            damaged += 1
        elif not is_media_directory(header) and not is_localiser(header):
            # The same object may lie in a folder twice; some writers give one identifier to all slices.
            identity = (str(header.get("SOPInstanceUID", path)), str(header.get("ImagePositionPatient")))
            if identity in seen:
                continue
            seen.add(identity)
            try:
                parts[str(header.SeriesInstanceUID)].append(series_of_file(path, header))
            except Exception:  # noqa: BLE001 (see `image_headers`; the file is counted as damaged and reported)
                damaged += 1
    if damaged:
        raise UnusableInput(
            f"{damaged} of the {count} DICOM files are empty, cut short, or not DICOM in spite of their names, "
            "so slices may be missing; copy or export the series again, or take these files out.",
            "truncated",
        )
    series = [_whole(of_one) for of_one in parts.values()]
    series = [item for item in series if item.slices or item.multi_frame]
    return sorted(series, key=lambda item: (item.number is None, item.number or 0, item.uid))


def _headers_in(folder: Path) -> Iterator[tuple[Path, Dataset | None]]:
    """The headers of the files that are DICOM, or that are called so."""
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file():
            continue
        with path.open("rb") as file:
            start = file.read(START_BYTES)
        if may_be_dicom(path.name, start):
            yield path, read_header(path)


def series_of_file(path: Path, header: Dataset) -> DicomSeries:
    """What one file with this header holds of its series, its slices as they come. Raises as `image_headers`."""
    images = image_headers(header)
    slices = tuple(item for image in images if (item := _slice(path, header, image)))
    return DicomSeries(
        uid=str(header.SeriesInstanceUID),
        number=whole_number(header, "SeriesNumber"),
        description=_one_line(header.get("SeriesDescription")),
        modality=str(header.get("Modality") or "unknown"),
        body_part=str(header.get("BodyPartExamined") or ""),
        synthetic=is_synthetic(header),
        slices=slices,
        without_place=len(images) - len(slices),
        multi_frame=not images,
    )


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


def _slice(path: Path, header: Dataset, image: Dataset) -> DicomSlice | None:
    """The slice of one of the images of a file, or None when nothing says where it lies (a screenshot, for example)."""
    try:
        row_and_column = np.array(decimals(image, "ImageOrientationPatient"), dtype=float).reshape(2, 3)
        position = np.array(decimals(image, "ImagePositionPatient"), dtype=float).reshape(3)
        row_spacing, column_spacing = decimals(image, "PixelSpacing") or ()
        lengths = np.linalg.norm(row_and_column, axis=1)
        if np.abs(lengths - 1).max() > COSINES_TOLERANCE or np.linalg.norm(np.cross(*row_and_column)) < 0.5:
            return None
        if min(row_spacing, column_spacing) <= 0:
            return None
        number = whole_number(image, "InstanceNumber") or 0
        return DicomSlice(
            path=path,
            frame=number if is_multi_frame(header) else None,
            instance_number=number,
            shape=(int(image.Rows), int(image.Columns)),
            spacing_mm=(column_spacing, row_spacing),
            row_and_column=row_and_column / lengths[:, None],
            position_mm=position,
            thickness_mm=_thickness(image),
            rescale=(_factor(image, "RescaleSlope", 1.0), _factor(image, "RescaleIntercept", 0.0)),
            by_table=bool(image.get("ModalityLUTSequence")),
            is_hu=not is_other_than_hu(image),
            photometric=str(image.get("PhotometricInterpretation") or ""),
            transfer_syntax=str(getattr(header, "file_meta", {}).get("TransferSyntaxUID", "")),
        )
    except (AttributeError, TypeError, ValueError):
        return None


def _one_line(text: object) -> str:
    """The text of an element without what it should not have: line breaks, escapes, backslashes, which part values."""
    whole = " ".join(map(str, text)) if isinstance(text, MultiValue) else str(text or "")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in whole).split())


def _thickness(image: Dataset) -> float | None:
    """The thickness of a slice in mm; None where it is not told, or cannot be meant."""
    told = set(decimals(image, "SliceThickness") or ())
    return told.pop() if len(told) == 1 and 0 < min(told) <= THICKEST_MM else None


def _factor(image: Dataset, keyword: str, missing: float) -> float:
    """The number of an element, `missing` where it is left out or empty; not a number where nobody can read it."""
    if keyword not in image or image.get_item(keyword).value in (None, "", b""):
        return missing
    numbers = decimals(image, keyword) or ()
    with_comma = b"," in image.get_item(keyword).value  # of which GDCM reads the whole number
    return numbers[0] if len(numbers) == 1 and not with_comma else float("nan")
