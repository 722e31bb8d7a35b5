"""NRRD files, written and compared slice by slice: no second copy of a volume is ever in memory, as ITK would make.

The format: https://teem.sourceforge.net/nrrd/format.html.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import SimpleITK as sitk

from ..devices.threads import threads_in_use
from ..silence import itk_silenced
from ..volumes.volume import Volume
from .gzip_stream import write_gzip
from .value_places import locate_values

TYPES = {"int16": "<i2", "float32": "<f4"}


def write_nrrd(volume: Volume, path: Path, entries: Mapping[str, str], compressed: bool, new: bool = True) -> None:
    """Writes a volume of int16 or float32 HU, with `entries` in its header. Raises OSError.

    new: makes the file; else it is there, empty, and is not made again if somebody removes it.
    """
    with path.open("wb" if new else "r+b") as file:
        file.write(nrrd_header(volume, entries, "gzip" if compressed else "raw").encode())
        if compressed:
            write_gzip(file, _slices(volume), threads_in_use())
        else:
            for slice_ in _slices(volume):
                file.write(slice_.data)


def nrrd_grid(path: Path) -> Volume:
    """The geometry of the file, as ITK reads it; the values are all 0 and take no memory. Raises RuntimeError."""
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    reader.SetImageIO("NrrdImageIO")
    with itk_silenced():
        reader.ReadImageInformation()
    hu = np.broadcast_to(np.int16(0), reader.GetSize()[::-1])
    return Volume(hu, reader.GetSpacing(), reader.GetOrigin(), np.array(reader.GetDirection()).reshape(3, 3))


def nrrd_holds(path: Path, volume: Volume) -> bool:
    """Whether the file, by `write_nrrd`, holds the values of this volume. Raises OSError or EOFError."""
    stored = locate_values(path)
    assert stored is not None  # `write_nrrd` leaves no values elsewhere
    with path.open("rb") as file:
        file.seek(stored.at)
        with _values_from(file, stored.encoding == "gzip") as values:
            whole = all(values.read(slice_.nbytes) == slice_.tobytes() for slice_ in _slices(volume))
            return whole and not values.read(1)


def nrrd_header(volume: Volume, entries: Mapping[str, str], encoding: str, values_file: str | None = None) -> str:
    """The header of a volume of int16 or float32 HU, up to the values or to the end of a header with a file of its own.

    The thickness of the slices, where it is known, is told along their axis. entries: keys and values of one line each.
    """

    def vector(values: Iterable[float]) -> str:
        return "(" + ",".join(repr(float(value)) for value in values) + ")"

    axes = " ".join(vector(volume.direction[:, axis] * volume.spacing_mm[axis]) for axis in range(3))
    lines = (
        "NRRD0004",
        f"type: {'float' if volume.hu.dtype == np.float32 else 'int16'}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {' '.join(str(length) for length in volume.size)}",
        *_thicknesses(volume),
        f"space directions: {axes}",
        "kinds: domain domain domain",
        "endian: little",
        f"encoding: {encoding}",
        f"space origin: {vector(volume.origin_mm)}",
        *(f"{key}:={value}" for key, value in entries.items()),
        *([f"data file: {values_file}"] if values_file else []),
    )
    return "\n".join(lines) + "\n\n"


def _thicknesses(volume: Volume) -> list[str]:
    """The field for the slice thickness, a number for the axis of the slices, or none where it is not known."""
    thickness = volume.acquisition.slice_thickness_mm
    if thickness is None:
        return []
    told = [repr(float(thickness)) if axis == volume.through_plane_axis else "NaN" for axis in range(3)]
    return [f"thicknesses: {' '.join(told)}"]


def _slices(volume: Volume) -> Iterator[np.ndarray]:
    """The stored slices, one after the other, as the bytes of the file have them."""
    stored_as = TYPES[volume.hu.dtype.name]
    for hu in volume.hu:
        yield np.ascontiguousarray(hu, stored_as)


@contextmanager
def _values_from(file: BinaryIO, compressed: bool) -> Iterator[BinaryIO | gzip.GzipFile]:
    if not compressed:
        yield file
        return
    with gzip.GzipFile(fileobj=file) as stream:
        yield stream
