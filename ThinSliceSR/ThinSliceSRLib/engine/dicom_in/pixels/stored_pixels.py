"""What a DICOM file stores for its pixels: whole numbers before any rescale, and which of them stand for nothing."""

from __future__ import annotations

import math
import struct
import warnings
from dataclasses import dataclass

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from ...errors import UnusableInput
from ...silence import itk_silenced
from ..headers import number_told
from ..series import DicomSlice

NATIVE = (
    "",  # a data set without a preamble
    pydicom.uid.ImplicitVRLittleEndian,
    pydicom.uid.ExplicitVRLittleEndian,
    pydicom.uid.ExplicitVRBigEndian,
    pydicom.uid.DeflatedExplicitVRLittleEndian,
)
JPEG_LS = (pydicom.uid.JPEGLSLossless, pydicom.uid.JPEGLSNearLossless)
START_OF_IMAGE, JPEG_LS_FRAME = b"\xff\xd8\xff", b"\xff\xf7"  # the latter before a frame's header
# What GDCM decodes. It decodes RLELossless too, but dies of what is no such thing (a division by zero).
COMPRESSED = (
    pydicom.uid.JPEGBaseline8Bit,
    pydicom.uid.JPEGExtended12Bit,
    "1.2.840.10008.1.2.4.57",  # JPEG lossless; pydicom 2 gives the name JPEGLossless to the next one
    pydicom.uid.JPEGLosslessSV1,
    *JPEG_LS,
    pydicom.uid.JPEG2000Lossless,
    pydicom.uid.JPEG2000,
)
FLOATS = ("FloatPixelData", "DoubleFloatPixelData")
PADDING = ("PixelPaddingValue", "PixelPaddingRangeLimit")
# Overlay Bit Position of each of the groups of overlays: older files keep them in the bits beside those of the values.
OVERLAY_BITS = tuple(Tag(group, 0x0102) for group in range(0x6000, 0x6020, 2))
NUMBERS = [
    *map(Tag, ("SamplesPerPixel", "NumberOfFrames", "Rows", "Columns")),
    *map(Tag, ("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", *PADDING)),
    *OVERLAY_BITS,
]
TAGS = [*NUMBERS, *map(Tag, ("SOPClassUID", "PhotometricInterpretation", "PixelData", *FLOATS))]


@dataclass(frozen=True)
class StoredPixels:
    """The stored values (frames, rows, columns) of a file, and which are padding; None: it has no value for that."""

    values: np.ndarray
    padded: np.ndarray | None


@dataclass(frozen=True)
class _Cell:
    """Where in the bits of a pixel its value lies (PS3.5 8.1.1). overlays: the bits that overlays take."""

    allocated: int
    stored: int
    high: int
    signed: bool
    overlays: int

    @property
    def type(self) -> np.dtype:
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")


def read_stored_pixels(item: DicomSlice) -> StoredPixels:
    """What the file of a slice stores, of all of its frames.

    Raises UnusableInput: `truncated`, `components`, `float_pixels`, `wrong_bits`, `wrong_rescale`, `unknown_kind` or
    `unknown_compression`.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom remarks on the form of values, and quotes them
            header = pydicom.dcmread(item.path, specific_tags=TAGS, force=True)
            for tag in NUMBERS:  # pydicom reads each when it is first asked for it
                header.get(tag)
            cell, padding = _cell(header), _told(header, PADDING)
    except Exception as error:  # whatever pydicom runs into
        raise _unreadable(item) from error
    if any(keyword in header for keyword in FLOATS):
        raise UnusableInput(
            "The slices hold floating-point numbers (Float Pixel Data), which are not read here; export the series "
            "as whole numbers with rescale slope and intercept.",
            "float_pixels",
        )
    if "PixelData" not in header or not header.get_item("PixelData").value:
        raise _unreadable(item)
    if (number_told(header, "SamplesPerPixel") or 1) != 1:
        raise colours()
    if cell.allocated not in (8, 16, 32) or not 0 < cell.stored <= cell.high + 1 <= cell.allocated:
        raise _wrong_bits(item, "are not read here")
    if item.transfer_syntax not in (*NATIVE, pydicom.uid.RLELossless):
        values = _decoded(item, header, cell)
        return StoredPixels(values, _padded(values, values.astype(cell.type), cell, padding))
    words = (_words if item.transfer_syntax in NATIVE else _run_lengths)(item, header, cell)
    values = _shifted(words, cell)
    padded = _padded(values, words, cell, padding)
    _require_value_bits(item, cell, words, values, padded)
    return StoredPixels(values, padded)


def colours() -> UnusableInput:
    return UnusableInput("The series holds colour pictures; choose the CT series itself.", "components")


def _cell(header: Dataset) -> _Cell:
    allocated = number_told(header, "BitsAllocated") or 0
    stored = number_told(header, "BitsStored") or allocated
    high = number_told(header, "HighBit") if stored < allocated else None  # else there is but one that it can be
    return _Cell(
        allocated,
        stored,
        stored - 1 if high is None else high,
        signed=number_told(header, "PixelRepresentation") == 1,
        overlays=sum({1 << position for position in _told(header, OVERLAY_BITS) if 0 <= position < allocated}),
    )


def _told(header: Dataset, elements: tuple) -> list[int]:
    """The whole numbers of those elements that hold one."""
    return [number for element in elements if (number := number_told(header, element)) is not None]


def _words(item: DicomSlice, header: Dataset, cell: _Cell) -> np.ndarray:
    """The pixels (frames, rows, columns) with all of their bits, of data that are not compressed."""
    element = header.get_item("PixelData")
    shape = (number_told(header, "NumberOfFrames") or 1, *item.shape)
    pixel_bytes = cell.allocated // 8
    told, there = math.prod(shape) * pixel_bytes, len(element.value)
    # What some writers add at the end is less than a row or column, by which a wrong header would be off.
    if not 0 <= there - told < min(item.shape) * pixel_bytes:
        raise UnusableInput(
            f"The file of slice {item.instance_number} holds {there} bytes of pixels, but its header tells of {told}, "
            "so it is cut short or damaged; copy or export the series again.",
            "truncated",
        )
    stored = cell.type.newbyteorder("<" if getattr(element, "is_little_endian", True) else ">")
    return np.frombuffer(element.value, stored, math.prod(shape)).reshape(shape).astype(cell.type, copy=False)


def _run_lengths(item: DicomSlice, header: Dataset, cell: _Cell) -> np.ndarray:
    """As `_words`, of data that are compressed by run lengths, which pydicom decodes."""
    try:
        with warnings.catch_warnings(record=True) as remarks:
            warnings.simplefilter("always")
            pixels = header.pixel_array.reshape(-1, *item.shape).astype(cell.type, copy=False)
            too_many = bool(remarks) and _hold_more(header)
    except Exception as error:
        raise _unreadable(item) from error
    if too_many:
        raise _unreadable(item)
    return pixels


def _hold_more(header: Dataset) -> bool:
    """Whether run lengths stand for another row or column than is told; pydicom only remarks that they are too many."""
    if header.Rows < header.Columns:
        header.Columns += 1
    else:
        header.Rows += 1
    try:
        return header.pixel_array.size > 0
    except (ValueError, RuntimeError):  # pydicom 2 and 3
        return False


def _shifted(words: np.ndarray, cell: _Cell) -> np.ndarray:
    """The values of pixels: their own bits, with the sign that the highest of them tells."""
    above = cell.allocated - 1 - cell.high
    return words << above >> cell.allocated - cell.stored if cell.stored < cell.allocated else words


def _require_value_bits(
    item: DicomSlice, cell: _Cell, words: np.ndarray, values: np.ndarray, padded: np.ndarray | None
) -> None:
    """Returns when the bits beside those of the values hold nothing of them.

    So it is when they are the same in all pixels, or repeat the sign. Overlays and padding may stand there.
    """
    if cell.stored == cell.allocated:
        return
    below = cell.high + 1 - cell.stored
    own = ((1 << cell.stored) - 1) << below
    unsigned = np.dtype(f"u{cell.type.itemsize}")
    others = unsigned.type(((1 << cell.allocated) - 1) & ~own & ~cell.overlays)
    beside, signs = words.view(unsigned) & others, (values << below).view(unsigned) & others
    if padded is not None:
        beside, signs = beside[~padded], signs[~padded]
    if beside.size and (beside != beside.flat[0]).any() and (beside != signs).any():
        raise _wrong_bits(item, "do not hold all of them")


def _padded(values: np.ndarray, words: np.ndarray, cell: _Cell, padding: list[int]) -> np.ndarray | None:
    """Which pixels hold the value for padding, or lie between its two ends (PS3.3 C.7.5.1.1.2).

    Writers let it stand in bits that values do not have, or tell it without its sign.
    """
    if not padding:
        return None
    least = -(1 << cell.stored - 1) if cell.signed else 0
    if all(least <= end < least + (1 << cell.stored) for end in padding):
        return (values >= min(padding)) & (values <= max(padding))
    ends = np.array(padding, dtype=np.int64).astype(cell.type)
    return (words >= ends.min()) & (words <= ends.max())


def _decoded(item: DicomSlice, header: Dataset, cell: _Cell) -> np.ndarray:
    """The stored values (frames, rows, columns) of compressed data. GDCM decodes them and applies a rescale, which is
    undone."""
    if cell.high != cell.stored - 1:
        raise _wrong_bits(item, "are not the lowest ones")
    slope, intercept = item.applied_rescale
    if not (0 < slope < math.inf and math.isfinite(intercept)):
        raise UnusableInput(
            "The rescale slope or intercept of the first frame of a file is no usable number, with which its values "
            "cannot be decoded; export the series uncompressed.",
            "wrong_rescale",
        )
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(item.path))
    reader.SetImageIO("GDCMImageIO")
    try:
        with itk_silenced():
            image = reader.Execute()
    except RuntimeError as error:
        raise _not_decoded(item, header) from error
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise colours()
    if item.transfer_syntax in JPEG_LS and _jpeg_ls_shape(header.PixelData) != item.shape:
        raise _unreadable(item)
    hu = sitk.GetArrayFromImage(image)
    if hu.shape != (number_told(header, "NumberOfFrames") or 1, *item.shape):
        raise _unreadable(item)
    return hu if (slope, intercept) == (1, 0) else np.rint((hu - np.float64(intercept)) / slope).astype(np.int64)


def _jpeg_ls_shape(content: bytes) -> tuple[int, ...]:
    """Rows and columns that the first frame itself tells (ISO 14495-1 C.2.2), where GDCM believes those of the file."""
    frame = content.find(JPEG_LS_FRAME, content.find(START_OF_IMAGE))
    return struct.unpack_from(">HH", content, frame + 5) if frame >= 0 and len(content) >= frame + 9 else ()


def _not_decoded(item: DicomSlice, header: Dataset) -> UnusableInput:
    """What to tell when compressed data cannot be read."""
    if item.transfer_syntax not in COMPRESSED:
        name = pydicom.uid.UID(item.transfer_syntax).name
        return UnusableInput(
            f"The slices are compressed in a way that cannot be undone here ({name}); export the series uncompressed "
            "or as JPEG 2000.",
            "unknown_compression",
        )
    storage = str(header.get("SOPClassUID") or "")
    if storage and pydicom.uid.UID(storage).is_private:
        return UnusableInput(
            "The slices are objects of a kind that is private to their maker, of which compressed ones are not read "
            "here; export the series uncompressed, or as CT images.",
            "unknown_kind",
        )
    return _unreadable(item)


def _wrong_bits(item: DicomSlice, wrong: str) -> UnusableInput:
    return UnusableInput(
        f"Slice {item.instance_number} is said to hold its values in bits that {wrong} (Bits Stored, High Bit), so its "
        "HU are unknown; export the series again.",
        "wrong_bits",
    )


def _unreadable(item: DicomSlice) -> UnusableInput:
    return UnusableInput(
        f"Slice {item.instance_number} of the series cannot be read: its file is cut short or damaged; copy or export "
        "the series again.",
        "truncated",
    )
