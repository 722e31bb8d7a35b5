"""Whether a file holds all the voxel values that its header promises, undamaged.

ITK does not see to that: no reader of it minds the checksums of compressed values.
"""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import UnusableInput
from .text_headers import TextHeader, metaimage_header_of, nrrd_header_of

CHUNK = 1 << 22


@dataclass(frozen=True)
class StoredValues:
    """Where the values of a volume lie: from byte `at` on in `path`.

    compression: "none", "gzip" or "zlib". packed: how many compressed bytes (zlib) the header tells.
    """

    path: Path
    at: int
    compression: str
    packed: float = math.inf


def locate_values(path: Path) -> StoredValues | None:
    """Where the values of the NRRD or MetaImage at `path` lie, by its header alone.

    None for values in several files, as text, or behind bytes to skip: these are rare and left to ITK, which refuses
    short ones. Raises UnusableInput (`not_readable`, `truncated`, `unknown_compression`, `no_place`).
    """
    is_nrrd = path.name.lower().endswith((".nrrd", ".nhdr"))
    stored = _nrrd_values(path) if is_nrrd else _metaimage_values(path)
    if stored is not None and not stored.path.is_file():
        raise UnusableInput(
            "The file is only the header, and the file with the voxel values that it names is missing; copy both.",
            "truncated",
        )
    return stored


def require_whole(stored: StoredValues, size: int) -> None:
    """Returns when all of the values are there, `size` bytes uncompressed.

    Raises UnusableInput (`truncated`, `not_readable`).
    """
    try:
        held = _held_bytes(stored)
    except (gzip.BadGzipFile, zlib.error) as error:
        raise damaged_values() from error
    except EOFError:
        held = -1
    if held < size:
        raise missing_values()


def damaged_values() -> UnusableInput:
    """What to tell of a file whose compressed values cannot be right."""
    return UnusableInput(
        "The file is damaged: its compressed values or their checksum are wrong; copy or export it again.",
        "not_readable",
    )


def missing_values() -> UnusableInput:
    """What to tell of a file that holds fewer values than its header says."""
    return UnusableInput(
        "The file is cut short: voxel values that its header promises are missing; copy or export it again.",
        "truncated",
    )


def _held_bytes(stored: StoredValues) -> int:
    """Bytes of values, uncompressed. Raises EOFError, gzip.BadGzipFile, zlib.error or UnusableInput."""
    if stored.compression == "none":
        return stored.path.stat().st_size - stored.at
    with stored.path.open("rb") as file:
        file.seek(stored.at)
        if stored.compression == "gzip":
            with gzip.GzipFile(fileobj=file) as stream:
                return sum(len(chunk) for chunk in iter(lambda: stream.read(CHUNK), b""))
        return _unzipped_bytes(file, stored)


def _unzipped_bytes(file: BinaryIO, stored: StoredValues) -> int:
    """ITK unpacks as many bytes as the header tells, and leaves what is missing then as it found the memory."""
    unzip = zlib.decompressobj()
    held = 0
    while not unzip.eof:
        chunk = unzip.unconsumed_tail or file.read(CHUNK)
        if not chunk:
            raise EOFError
        held += len(unzip.decompress(chunk, CHUNK))
    packed = file.tell() - len(unzip.unused_data) - stored.at
    if packed > stored.packed:
        raise UnusableInput(
            "The header of this file tells no size of its compressed values (CompressedDataSize) or too small a one; "
            "save the volume again, or uncompressed.",
            "not_readable",
        )
    return held


def _nrrd_values(path: Path) -> StoredValues | None:
    header = nrrd_header_of(path)
    fields = header.fields
    encoding = fields.get("encoding", "").lower()
    if encoding in ("bzip2", "bz2"):
        raise UnusableInput(
            "The values of this NRRD are compressed by bzip2, which cannot be undone here; save it with gzip or raw.",
            "unknown_compression",
        )
    compression = {"raw": "none", "gzip": "gzip", "gz": "gzip"}.get(encoding)
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
    compressed = fields.get("CompressedData", "").lower() in ("true", "1")
    place = fields.get("ElementDataFile", "")
    if place.startswith("LIST") or "%" in place:
        _require_all_listed(path, header, compressed)
        return None
    if not place or fields.get("BinaryData", "").lower() == "false":
        return None
    local = place.upper() == "LOCAL"
    skip = fields.get("HeaderSize", "0")
    if skip != "0" and not compressed:
        return None
    told = fields.get("CompressedDataSize", "0")
    packed = int(told) if told.isdecimal() else 0
    # Of a file that holds the values alone, ITK takes all where no size is told.
    unbounded = not packed and not local and skip == "0"
    stored = path if local else path.parent / place
    return StoredValues(
        stored, header.end if local else 0, "zlib" if compressed else "none", math.inf if unbounded else packed
    )


def _require_all_listed(path: Path, header: TextHeader, compressed: bool) -> None:
    """Returns when a MetaImage lists as many files as its size needs: ITK leaves out what is not listed."""
    place = header.fields["ElementDataFile"].split()
    sizes = [int(length) for length in header.fields.get("DimSize", "").split() if length.isdecimal()]
    if compressed:
        raise UnusableInput(
            "The values of this file are compressed in several files, which cannot be read here; save it as one file.",
            "not_readable",
        )
    try:
        if place[0] == "LIST":
            in_one = int(place[1]) if len(place) > 1 else len(sizes) - 1
            with path.open("rb") as file:
                file.seek(header.end)
                listed = sum(1 for line in file.read(CHUNK).splitlines() if line.strip())
        else:
            first, last, step = (int(text) for text in [*place[1:4], *["1", str(sizes[-1]), "1"][len(place[1:4]) :]])
            in_one, listed = len(sizes) - 1, len(range(first, last + 1, step))
    except (ValueError, IndexError) as error:
        raise UnusableInput(
            "The header of this file does not say in which files its values lie; copy or export it again.",
            "not_readable",
        ) from error
    if listed < math.prod(sizes[in_one:]):
        raise missing_values()
