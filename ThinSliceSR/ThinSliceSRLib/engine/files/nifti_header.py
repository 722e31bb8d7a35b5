"""The header of a NIfTI-1 file (nifti1.h of the NIfTI Data Format Working Group)."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnusableInput
from .rescale import scale_of
from .stored_values import GZIP_MAGIC, damaged_values

HEADER_SIZE = 348
VALUES_AT = 352
NIFTI_2_HEADER_SIZE = 540
MOST_DIMENSIONS = 7
# Types of one number per voxel, by their codes.
VALUE_TYPES = {
    2: "u1",
    4: "i2",
    8: "i4",
    16: "f4",
    64: "f8",
    256: "i1",
    512: "u2",
    768: "u4",
    1024: "i8",
    1280: "u8",
}
COLOURS_AND_COMPLEX = (32, 128, 1792, 2048, 2304)
FORM_CODES = range(1, 6)  # any other one means, as 0, that there is no such form
MM_PER_UNIT = {1: 1e3, 3: 1e-3}


@dataclass(frozen=True)
class NiftiHeader:
    """What a header says of the values behind it and of their place.

    compressed: whether the whole file, header and values, is one gzip stream. order: "<" or ">".
    dimensions: lengths of the axes, the fastest first. values_at: where the values begin, uncompressed.
    value_type: code of the type of the values. scale: slope and intercept; None where nothing is to be scaled.
    pixdim: the 4 first ones, as they are stored. sform, qform: code and 12 or 6 numbers, as they are stored.
    mm_per_unit: of all lengths.
    """

    compressed: bool
    order: str
    dimensions: tuple[int, ...]
    values_at: int
    value_type: int
    scale: tuple[float, float] | None
    pixdim: np.ndarray
    sform_code: int
    sform: np.ndarray
    qform_code: int
    qform: np.ndarray
    mm_per_unit: float

    @property
    def stored_type(self) -> np.dtype:
        """Of one value. Raises UnusableInput (`components`, `not_readable`)."""
        if self.value_type in COLOURS_AND_COMPLEX:
            raise UnusableInput(
                "Each voxel of this file has more than one value (a colour image, for example); give a CT with one.",
                "components",
            )
        if self.value_type not in VALUE_TYPES:
            raise _not_readable("names a type of values that is not known")
        return np.dtype(self.order + VALUE_TYPES[self.value_type])

    @property
    def file_size(self) -> int:
        """Bytes of header and values, uncompressed. Raises as `stored_type`."""
        return self.values_at + math.prod(self.dimensions) * self.stored_type.itemsize


def read_nifti_header(path: Path) -> NiftiHeader:
    """The header of the single-file NIfTI-1 at `path`. Raises UnusableInput (`not_readable`, `truncated`)."""
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
    try:
        with gzip.open(path) if compressed else path.open("rb") as content:
            header = content.read(HEADER_SIZE)
    except EOFError as error:
        raise UnusableInput("The file ends within its header; copy or export it again.", "truncated") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise damaged_values() from error
    order = next((order for order in "<>" if header[:4] == struct.pack(f"{order}i", HEADER_SIZE)), None)
    if header[:4] in (struct.pack("<i", NIFTI_2_HEADER_SIZE), struct.pack(">i", NIFTI_2_HEADER_SIZE)):
        raise UnusableInput("NIfTI-2 files cannot be read; save the volume as NIfTI-1 or NRRD.", "not_readable")
    if order is None or header[344:] != b"n+1\0":
        raise UnusableInput(
            "The file is not a single-file NIfTI volume, although its name says so; export it again.", "not_readable"
        )

    def numbers(form: str, at: int) -> tuple[float, ...]:
        return struct.unpack_from(order + form, header, at)

    extents = struct.unpack_from(f"{order}8h", header, 40)
    if not 1 <= extents[0] <= MOST_DIMENSIONS or any(extent < 0 for extent in extents[1 : 1 + extents[0]]):
        raise _not_readable("gives impossible lengths of its axes")
    codes = struct.unpack_from(f"{order}2h", header, 252)
    qform_code, sform_code = (code if code in FORM_CODES else 0 for code in codes)
    return NiftiHeader(
        compressed,
        order,
        dimensions=tuple(max(1, extent) for extent in extents[1 : 1 + extents[0]]),
        values_at=_values_at(*numbers("f", 108)),
        value_type=struct.unpack_from(f"{order}h", header, 70)[0],
        scale=scale_of(*numbers("2f", 112)),
        pixdim=np.array(numbers("4f", 76)),
        sform_code=sform_code,
        sform=np.array(numbers("12f", 280)).reshape(3, 4),
        qform_code=qform_code,
        qform=np.array(numbers("6f", 256)),
        mm_per_unit=MM_PER_UNIT.get(header[123] & 7, 1.0),
    )


def _values_at(told: float) -> int:
    if told == 0:
        return VALUES_AT
    if not VALUES_AT <= told < 2**31:
        raise _not_readable("does not say where its values begin")
    return int(told)


def _not_readable(fault: str) -> UnusableInput:
    return UnusableInput(f"The header of this file {fault}; it is damaged, so copy or export it again.", "not_readable")
