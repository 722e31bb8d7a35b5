"""The part of a NIfTI header that ITK passes over: how many bytes must follow, and whether the grid is sheared."""

from __future__ import annotations

import gzip
import math
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnusableInput

GZIP_MAGIC = b"\x1f\x8b"
HEADER_SIZE = 348
NIFTI_2_HEADER_SIZE = 540


@dataclass(frozen=True)
class NiftiHeader:
    """What a NIfTI-1 header promises (nifti1.h of the NIfTI Data Format Working Group).

    compressed: whether the whole file, header and values, is one gzip stream.
    file_size: bytes of header and values, uncompressed.
    sform: 3×3 matrix from (i, j, k) to RAS mm, or None where the header has none.
    """

    compressed: bool
    file_size: int
    sform: np.ndarray | None


def read_nifti_header(path: Path) -> NiftiHeader:
    """The header of the single-file NIfTI-1 at `path`. Raises UnusableInput (`not_readable`, `truncated`)."""
    with path.open("rb") as file:
        compressed = file.read(2) == GZIP_MAGIC
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            header = file.read(HEADER_SIZE)
    except EOFError as error:
        raise UnusableInput("The file ends within its header; copy or export it again.", "truncated") from error
    order = next((order for order in "<>" if header[:4] == struct.pack(f"{order}i", HEADER_SIZE)), None)
    if header[:4] in (struct.pack("<i", NIFTI_2_HEADER_SIZE), struct.pack(">i", NIFTI_2_HEADER_SIZE)):
        raise UnusableInput("NIfTI-2 files cannot be read; save the volume as NIfTI-1 or NRRD.", "not_readable")
    if order is None or header[344:] != b"n+1\0":
        raise UnusableInput(
            "The file is not a single-file NIfTI volume, although its name says so; export it again.", "not_readable"
        )
    dimensions = struct.unpack_from(f"{order}8h", header, 40)
    bits = struct.unpack_from(f"{order}h", header, 72)[0]
    values_at = struct.unpack_from(f"{order}f", header, 108)[0]
    sform_code = struct.unpack_from(f"{order}h", header, 254)[0]
    rows = struct.unpack_from(f"{order}12f", header, 280)
    voxels = math.prod(max(1, extent) for extent in dimensions[1 : 1 + dimensions[0]])
    sform = np.array(rows, dtype=float).reshape(3, 4)[:, :3] if sform_code > 0 else None
    return NiftiHeader(compressed, int(values_at) + voxels * bits // 8, sform)
