"""One DICOM series by its headers: its slices, each with its place, and what tells it from others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

import numpy as np
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

from ..events.finding import Finding
from ..volumes.slice_steps import SAME_PLACE_MM, slice_steps
from ..volumes.volume import UNKNOWN_MODALITY
from .headers import (
    CT_STORAGES,
    ENHANCED_CT,
    as_stored,
    decimals,
    header_is_synthetic,
    image_headers,
    image_type,
    is_multi_frame,
    is_other_than_hu,
    number_told,
)
from .thickest import Stack

# How far from 1 a direction that was rounded, or written by hand, may be in length.
COSINES_TOLERANCE = 0.1
MOST_BELIEVED_MM = 1e3


@dataclass(frozen=True)
class DicomSlice:
    """One image of a series. Geometry as in DICOM PS3.3 C.7.6.2.1.1, in mm of the patient's LPS coordinates.

    frame: which of a multi-frame file it is, from 1; None in a file of its own.
    rescale: slope and intercept; not a number where the header holds none that can be read, 1 and 0 where they are left
    out. rescale_told: whether neither is. applied_rescale: those that GDCM applies to all images of the file.
    by_table: whether a table (Modality LUT) stands in their place. is_hu: unless it says that its values are another
    quantity.
    transfer_syntax: how the file is encoded; empty where it does not tell. acquisition: number of the one it is of.
    kernel: that it was reconstructed with; "" where it is not told. instance: the SOP Instance UID of its file.
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
    rescale_told: bool
    applied_rescale: tuple[float, float]
    by_table: bool
    is_hu: bool
    photometric: str
    transfer_syntax: str
    acquisition: int | None
    kernel: str
    instance: str

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
    body_part, protocol, study: what its first file says of the part of the body, its protocol and its study.
    study_uid, frame_of_reference, patient (a digest of the number): of its first file; "" where it is not told.
    image_type: of its first file and the frames in it, see `image_type`. storage: UID of the kind of its objects.
    warnings: of what was noticed where it lies. part: which of the volumes that it holds, from 1; 0 where it holds but
    one, see `volumes_of` and `acquisitions_of`.
    """

    uid: str
    number: int | None
    description: str
    modality: str
    body_part: str
    protocol: str
    study: str
    study_uid: str
    patient: str
    frame_of_reference: str
    image_type: tuple[str, ...]
    storage: str
    synthetic: bool
    slices: tuple[DicomSlice, ...]
    without_place: int
    multi_frame: bool
    warnings: tuple[Finding, ...] = ()
    part: int = 0

    @property
    def name(self) -> str:
        """Its UID, or of one of several volumes under it the UID and which of them it is: 1.2.3-2."""
        return f"{self.uid}-{self.part}" if self.part else self.uid

    @property
    def is_ct_without_place(self) -> bool:
        """Whether it holds CT images and none of them says where it lies."""
        return self.storage in CT_STORAGES and self.without_place > 0 and not self.slices

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
        return median_low(told) if told else None

    @property
    def stack(self) -> Stack:
        """What tells whether it is the thick one of its study."""
        positions = self.positions_mm or (0.0,)
        return Stack(self.study_uid, self.thickness_mm or self.spacing_mm, positions[-1] - positions[0])

    @property
    def title(self) -> str:
        """Its number and description, and which of several volumes it is."""
        title = f'number {self.number} "{self.description}"' if self.number is not None else f'"{self.description}"'
        return f"{title} volume {self.part}" if self.part else title

    def __str__(self) -> str:
        facts = [f"{len(self.slices)} slices", f"{self.spacing_mm:.4g} mm apart"]
        if self.without_place:
            facts.append(f"{self.without_place} images that do not say where they lie")
        if self.thickness_mm is not None:
            facts.append(f"{self.thickness_mm:.4g} mm thick")
        if self.modality != "CT":
            facts.append(f"modality {self.modality}")
        return f"{self.title} ({', '.join([*facts, *['synthetic'] * self.synthetic])})"


def series_of_file(path: Path, header: Dataset) -> DicomSeries:
    """What one file with this header holds of its series, its slices as they come. Raises as `image_headers`."""
    images = image_headers(header)
    image_types = [image_type(image) for image in (header, *(image for image in images if image is not header))]
    patient = as_stored(header, "PatientID")
    storage = str(header.get("SOPClassUID") or "")
    # GDCM takes the first frame for all, or what stands outside the functional groups of other objects than CT.
    applied = _rescale(images[0] if images and storage in ENHANCED_CT else header)
    slices = tuple(item for image in images if (item := _slice(path, header, image, applied)))
    return DicomSeries(
        uid=str(header.SeriesInstanceUID),
        number=number_told(header, "SeriesNumber"),
        description=_one_line(header.get("SeriesDescription")),
        modality=str(header.get("Modality") or ("CT" if storage in CT_STORAGES else UNKNOWN_MODALITY)),
        body_part=_one_line(header.get("BodyPartExamined")),
        protocol=_one_line(header.get("ProtocolName")),
        study=_one_line(header.get("StudyDescription")),
        study_uid=str(header.get("StudyInstanceUID") or ""),
        patient=hashlib.sha256(patient.encode()).hexdigest() if patient else "",
        frame_of_reference=as_stored(header, "FrameOfReferenceUID"),
        image_type=tuple(dict.fromkeys(word for words in image_types for word in words)),
        storage=storage,
        synthetic=header_is_synthetic(header),
        slices=slices,
        without_place=len(images) - len(slices),
        multi_frame=not images,
    )


def _slice(path: Path, header: Dataset, image: Dataset, applied: tuple[float, float]) -> DicomSlice | None:
    """The slice of one of the images of a file, or None when nothing says where it lies (a screenshot, for example)."""
    try:
        row_and_column = np.array(decimals(image, "ImageOrientationPatient"), dtype=float).reshape(2, 3)
        position = np.array(decimals(image, "ImagePositionPatient"), dtype=float).reshape(3)
        row_spacing, column_spacing = decimals(image, "PixelSpacing") or []
        lengths = np.linalg.norm(row_and_column, axis=1)
        if np.abs(lengths - 1).max() > COSINES_TOLERANCE or np.linalg.norm(np.cross(*row_and_column)) < 0.5:
            return None
        if min(row_spacing, column_spacing) <= 0:
            return None
        number = number_told(image, "InstanceNumber") or 0
        return DicomSlice(
            path=path,
            frame=number if is_multi_frame(header) else None,
            instance_number=number,
            shape=(int(image.Rows), int(image.Columns)),
            spacing_mm=(column_spacing, row_spacing),
            row_and_column=row_and_column / lengths[:, None],
            position_mm=position,
            thickness_mm=_thickness(image),
            rescale=_rescale(image),
            rescale_told=all(_is_told(image, keyword) for keyword in ("RescaleSlope", "RescaleIntercept")),
            applied_rescale=applied,
            by_table=bool(image.get("ModalityLUTSequence")),
            is_hu=not is_other_than_hu(image),
            photometric=str(image.get("PhotometricInterpretation") or ""),
            transfer_syntax=str(getattr(header, "file_meta", {}).get("TransferSyntaxUID", "")),
            acquisition=number_told(image, "AcquisitionNumber"),
            kernel=as_stored(image, "ConvolutionKernel"),
            instance=as_stored(header, "SOPInstanceUID"),
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
    return told.pop() if len(told) == 1 and 0 < min(told) <= MOST_BELIEVED_MM else None


def _rescale(image: Dataset) -> tuple[float, float]:
    """Slope and intercept, see `DicomSlice`."""
    return _factor(image, "RescaleSlope", 1.0), _factor(image, "RescaleIntercept", 0.0)


def _is_told(image: Dataset, keyword: str) -> bool:
    """Whether an element is there and not empty."""
    return keyword in image and image.get_item(keyword).value not in (None, "", b"")


def _factor(image: Dataset, keyword: str, missing: float) -> float:
    """The number of an element, `missing` where it is left out or empty; not a number where nobody can read it."""
    if not _is_told(image, keyword):
        return missing
    stored = image.get_item(keyword).value
    numbers = decimals(image, keyword) or ()
    with_comma = b"," in stored if isinstance(stored, bytes) else False  # of which GDCM reads the whole number
    return numbers[0] if len(numbers) == 1 and not with_comma else float("nan")
