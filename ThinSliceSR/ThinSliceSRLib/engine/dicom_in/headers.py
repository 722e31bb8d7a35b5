"""The headers of DICOM files: what tells the series of an image and its place, frame by frame, and nothing else."""

from __future__ import annotations

import math
from pathlib import Path
from typing import IO, Any

import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag
from pydicom.uid import (
    CTImageStorage,
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    MediaStorageDirectoryStorage,
)

ENHANCED_CT = (EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage)
CT_STORAGES = (CTImageStorage, *ENHANCED_CT)
# What marks the series that this program writes. By its tag: the dictionary of pydicom 2 lacks it.
SYNTHETIC_DATA = 0x0008001C
MANUFACTURER = "ThinSliceSR"
# Rescale Types (PS3.3 C.11.1.1.2) of what is no HU: scanners with several energies store such maps as CT too.
OTHER_THAN_HU = ("OD", "MGML", "Z_EFF", "ED", "EDW", "PCT")

# Where the functional groups of a multi-frame image (PS3.3 C.7.6.16.2) keep what the header of a single one says.
FUNCTIONAL_GROUPS = {
    "PixelMeasuresSequence": ("PixelSpacing", "SliceThickness"),
    "PlaneOrientationSequence": ("ImageOrientationPatient",),
    "PlanePositionSequence": ("ImagePositionPatient",),
    "PixelValueTransformationSequence": ("RescaleSlope", "RescaleIntercept", "RescaleType"),
    "CTReconstructionSequence": ("ConvolutionKernel",),
    "CTImageFrameTypeSequence": ("FrameType", "VolumeBasedCalculationTechnique"),
}
# Nothing else is read from a file, so no name of a patient can turn up in a message. Of the number of a patient only a
# digest is kept, see `series_of_file`.
ELEMENTS: tuple[str | int, ...] = (
    "SOPClassUID",
    "SOPInstanceUID",
    "PatientID",
    "StudyInstanceUID",
    "FrameOfReferenceUID",
    "SeriesInstanceUID",
    "SeriesNumber",
    "SeriesDescription",
    "Modality",
    "ImageType",
    SYNTHETIC_DATA,
    "Manufacturer",
    "BodyPartExamined",
    "ProtocolName",
    "StudyDescription",
    "InstanceNumber",
    "AcquisitionNumber",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "PhotometricInterpretation",
    "ModalityLUTSequence",
    *(keyword for keywords in FUNCTIONAL_GROUPS.values() for keyword in keywords),
    "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence",
)
TAGS = [Tag(element) for element in ELEMENTS]


def read_header(file: Path | IO[bytes]) -> Dataset | None:
    """The header without pixels, or None when the file is damaged or no DICOM."""
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=TAGS, force=True)
        return None if _is_cut_short(header) else header
    except Exception:  # noqa: BLE001 (whatever pydicom runs into, the file is counted as damaged and reported)
        return None


def image_headers(header: Dataset) -> list[Dataset]:
    """One header per image in the file: `header` itself or, of a multi-frame file, what those of its frames would say.

    Empty when a multi-frame file does not tell of its frames one by one. pydicom reads sequences when they are asked
    for, so whatever it runs into in damaged ones is raised here.
    """
    if not is_multi_frame(header):
        return [header]
    shared = (header.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    frames = header.get("PerFrameFunctionalGroupsSequence") or []
    return [_frame_header(header, shared, frame, number) for number, frame in enumerate(frames, start=1)]


def is_multi_frame(header: Dataset) -> bool:
    """Whether the file holds several images, or one in the form of several."""
    return (number_told(header, "NumberOfFrames") or 1) > 1 or bool(header.get("PerFrameFunctionalGroupsSequence"))


def is_media_directory(header: Dataset) -> bool:
    """Whether it is a DICOMDIR."""
    return getattr(header, "file_meta", {}).get("MediaStorageSOPClassUID") == MediaStorageDirectoryStorage


def image_type(header: Dataset) -> tuple[str, ...]:
    """The values of the image type, in capitals, and after them what else tells how the values of pixels were made of
    others (PS3.3 C.8.15.2.1.1): the frame type and the volume based calculation technique."""
    told = (header.get(keyword) or [] for keyword in ("ImageType", "FrameType", "VolumeBasedCalculationTechnique"))
    return tuple(
        str(value).strip().upper() for values in told for value in ([values] if isinstance(values, str) else values)
    )


def is_localiser(header: Dataset) -> bool:
    """Whether the image type says so."""
    return "LOCALIZER" in image_type(header)


def header_is_synthetic(header: Dataset) -> bool:
    """Whether it says that no scanner made it, or that this program did: older archives drop what is new to them."""
    told = SYNTHETIC_DATA in header and header[SYNTHETIC_DATA].value == "YES"
    return told or header.get("Manufacturer") == MANUFACTURER


def is_other_than_hu(image: Dataset) -> bool:
    """Whether the header of an image (see `image_headers`) says that its values are another quantity, as density is."""
    return str(image.get("RescaleType") or "").upper() in OTHER_THAN_HU


def as_stored(header: Dataset, keyword: str) -> str:
    """The value of an element for comparisons, which nobody need be able to read; "" when it is missing or empty."""
    value = header.get_item(keyword).value if keyword in header else ""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value or "")
    return text.strip(" \0")


def decimals(header: Dataset, keyword: str) -> list[float] | None:
    """The numbers of an element; None when it is missing, empty or holds what nobody can read as finite numbers.

    A decimal comma is read as a point: programs that follow the language of their computer write it so, and DICOM
    (PS3.5 6.2) has no other use for a comma in a number.
    """
    if keyword not in header:
        return None
    value = header.get_item(keyword).value
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace").strip(" \0").split("\\")
    texts = [str(text).strip() for text in (value if isinstance(value, (list, MultiValue)) else [value])]
    try:
        numbers = [float(text if "." in text or text.count(",") != 1 else text.replace(",", ".")) for text in texts]
    except ValueError:
        return None
    readable = all(map(math.isfinite, numbers)) and not any("_" in text for text in texts)
    return numbers if readable else None


def number_told(header: Dataset, element: str | int) -> int | None:
    """The whole number of an element; None when it is missing, empty or no number, as some writers leave it."""
    try:
        value: Any = header[element].value if element in header else None
        return int(value)
    except (TypeError, ValueError, OverflowError):  # the last of infinity
        return None


def _is_cut_short(header: Dataset) -> bool:
    """Whether the file ends within its header, which pydicom takes for its end.

    Elements ascend: if Rows (0028,0010) is there, so is the UID of the series (0020,000E) in full.
    """
    if is_media_directory(header):
        return False
    storage = header.get("SOPClassUID")
    frames = header.get("PerFrameFunctionalGroupsSequence") or []
    return (
        (not header.get("SeriesInstanceUID") and "Rows" not in header)
        or (storage == CTImageStorage and "Rows" not in header)
        or (storage in ENHANCED_CT and not frames)
        or (bool(frames) and len(frames) != number_told(header, "NumberOfFrames"))
    )


def _frame_header(header: Dataset, shared: Dataset, frame: Dataset, number: int) -> Dataset:
    image = Dataset()
    image.InstanceNumber = number
    # Secondary captures tell their rescale outside the functional groups (PS3.3 C.8.6.3.1).
    of_all = ("Rows", "Columns", "PhotometricInterpretation", "AcquisitionNumber", "ModalityLUTSequence")
    for keyword in (*of_all, *FUNCTIONAL_GROUPS["PixelValueTransformationSequence"]):
        if keyword in header:
            image[keyword] = header.get_item(keyword)
    for group, keywords in FUNCTIONAL_GROUPS.items():
        items = frame.get(group) or shared.get(group) or [Dataset()]
        for keyword in keywords:
            if keyword in items[0]:
                image[keyword] = items[0].get_item(keyword)  # as it is stored, whatever it is
    return image
