"""Whether a file holds all the voxel values that its header promises, undamaged.

ITK does not see to that: its NIfTI reader takes a file that was cut short for whole and leaves the rest as it found
the memory, and no reader of it minds the checksums of compressed values.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import UnusableInput
from .nifti_header import read_nifti_header
from .text_headers import metaimage_header_of, nrrd_header_of

CHUNK = 1 << 22


@dataclass(frozen=True)
class StoredValues:
    """Where the values of a volume lie: from byte `at` on in `path`.

    compression: "none", "gzip" or "zlib".
    promised: bytes from `at` on, uncompressed, where the header tells by itself (NIfTI).
    """

    path: Path
    at: int
    compression: str
    promised: int | None = None


def locate_values(path: Path) -> StoredValues | None:
    """Where the values of the NRRD, NIfTI or MetaImage at `path` lie, by its header alone.

    None for values in several files, as text, or behind bytes to skip: these are rare and left to ITK, which refuses
    short ones. Raises UnusableInput (`not_readable`, `truncated`).
    """
    name = path.name.lower()
    if name.endswith((".nii", ".nii.gz")):
        header = read_nifti_header(path)
        return StoredValues(path, 0, "gzip" if header.compressed else "none", header.file_size)
    stored = _nrrd_values(path) if name.endswith((".nrrd", ".nhdr")) else _metaimage_values(path)
    if stored is not None and not stored.path.is_file():
        raise UnusableInput(
            "The file is only the header, and the file with the voxel values that it names is missing; copy both.",
            "truncated",
        )
    return stored


def require_whole(stored: StoredValues, size: int) -> None:
    """Returns when all of the values are there, `size` bytes uncompressed if the header did not promise otherwise.

    Raises UnusableInput (`truncated`, `not_readable`).
    """
    try:
        held = _held_bytes(stored)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise UnusableInput(
            "The file is damaged: its compressed values or their checksum are wrong; copy or export it again.",
            "not_readable",
        ) from error
    except EOFError:
        held = -1
    if held < (size if stored.promised is None else stored.promised):
        raise UnusableInput(
            "The file is cut short: voxel values that its header promises are missing; copy or export it again.",
            "truncated",
        )


def _held_bytes(stored: StoredValues) -> int:
    """Bytes of values, uncompressed. Raises EOFError, gzip.BadGzipFile or zlib.error."""
    if stored.compression == "none":
        return stored.path.stat().st_size - stored.at
    with stored.path.open("rb") as file:
        file.seek(stored.at)
        if stored.compression == "gzip":
            with gzip.GzipFile(fileobj=file) as stream:
                return sum(len(chunk) for chunk in iter(lambda: stream.read(CHUNK), b""))
        return sum(len(chunk) for chunk in _unzipped(file))


def _unzipped(file: BinaryIO) -> Iterator[bytes]:
    unzip = zlib.decompressobj()
    while not unzip.eof:
        chunk = unzip.unconsumed_tail or file.read(CHUNK)
        if not chunk:
            raise EOFError
        yield unzip.decompress(chunk, CHUNK)


def _nrrd_values(path: Path) -> StoredValues | None:
    header = nrrd_header_of(path)
    fields = header.fields
    compression = {"raw": "none", "gzip": "gzip", "gz": "gzip"}.get(fields.get("encoding", "").lower())
    detached = fields.get("datafile")
    several = detached is not None and (detached.startswith("LIST") or "%" in detached)
    skips = any(fields.get(name, "0") != "0" for name in ("byteskip", "lineskip"))
    if compression is None or several or skips:
        return None
    if detached is None:
        return StoredValues(path, header.end, compression)
    return StoredValues(path.parent / detached, 0, compression)


def _metaimage_values(path: Path) -> StoredValues | None:
    header = metaimage_header_of(path)
    fields = header.fields
    compression = "zlib" if fields.get("CompressedData", "").lower() in ("true", "1") else "none"
    place = fields.get("ElementDataFile", "")
    several = place.startswith("LIST") or "%" in place
    if not place or several or fields.get("HeaderSize", "0") != "0" or fields.get("BinaryData", "").lower() == "false":
        return None
    if place.upper() == "LOCAL":
        return StoredValues(path, header.end, compression)
    return StoredValues(path.parent / place, 0, compression)
