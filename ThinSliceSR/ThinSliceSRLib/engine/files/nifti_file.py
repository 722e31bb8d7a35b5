"""Volumes from NIfTI files. Not by ITK, which makes 0 HU of what is no number and does not mind missing values."""

from __future__ import annotations

import math
import zlib
from pathlib import Path

import numpy as np

from ..errors import UnusableInput
from ..volumes.hounsfield import as_hu_values
from ..volumes.volume import Acquisition, Volume
from .nifti_header import NiftiHeader, read_nifti_header
from .nifti_place import nifti_place
from .rescale import scaled
from .stored_values import CHUNK, MORE_VALUES, MOST_PADDING, damaged_values, gunzipped, missing_values

RAS_TO_LPS = np.diag([-1.0, -1, 1, 1])


def read_nifti(path: Path) -> Volume:
    """The volume of a single-file NIfTI-1, scaled as it says, its geometry that of its form.

    Raises UnusableInput: `components`, `time_points`, `too_few_slices`, `truncated`, `not_readable`, or as
    `nifti_place`.
    """
    header = read_nifti_header(path)
    _require_one_volume(header)
    affine, warnings = nifti_place(header)
    place = RAS_TO_LPS @ affine
    spacing = np.linalg.norm(place[:3, :3], axis=0)
    x, y, z = (float(value) for value in place[:3, 3])
    i, j, k = (float(value) for value in spacing)
    values, surplus = _stored(path, header)
    hu = as_hu_values(scaled(values, header.scale))
    if surplus > MOST_PADDING:
        warnings = (*warnings, MORE_VALUES)
    return Volume(hu, (i, j, k), (x, y, z), place[:3, :3] / spacing, Acquisition(warnings=warnings))


def _require_one_volume(header: NiftiHeader) -> None:
    _ = header.stored_type
    extents = [*header.dimensions, *[1] * 7]
    if extents[4] > 1:
        raise UnusableInput(
            "Each voxel of this file has more than one value (a colour image, for example); give a CT with one.",
            "components",
        )
    if len(header.dimensions) < 3:
        raise UnusableInput("This file holds a single picture; give a volume of at least 2 slices.", "too_few_slices")
    volumes = math.prod(extents[3:])
    if volumes > 1:
        raise UnusableInput(
            f"This file holds {volumes} volumes (time points, for example); save one of them by itself.", "time_points"
        )


def _stored(path: Path, header: NiftiHeader) -> tuple[np.ndarray, int]:
    """The values (k, j, i) as they are stored, in the order of this computer; and how many bytes lie behind them."""
    content = bytearray()
    surplus = 0
    try:
        with path.open("rb") as file:
            # To the end, where the checksum is.
            for chunk in gunzipped(file) if header.compressed else iter(lambda: file.read(CHUNK), b""):
                room = header.file_size - len(content)
                content += chunk[:room]
                surplus += max(0, len(chunk) - room)
    except zlib.error as error:
        raise damaged_values() from error
    except EOFError as error:
        raise missing_values() from error
    if len(content) < header.file_size:
        raise missing_values()
    values = np.frombuffer(content, header.stored_type, math.prod(header.dimensions), header.values_at)
    own_order = header.stored_type.newbyteorder("=")
    return values.reshape(header.dimensions[2::-1]).astype(own_order, copy=False), surplus
