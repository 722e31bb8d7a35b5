"""Where the values of an NRRD or MetaImage lie, by its header alone.

ITK looks at nothing of this: of a list or of numbers in names that are none it takes memory as it finds it, or ends the
whole process, and of a pipe it waits for ever.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from ..errors import UnusableInput
from .stored_values import Encoding, StoredValues
from .text_headers import MOST_LINES, TextHeader, is_nrrd, metaimage_header_of, nrrd_header_of

ENCODINGS: dict[str, Encoding] = {
    "raw": "raw",
    "gzip": "gzip",
    "gz": "gzip",
    "hex": "hex",
    "ascii": "text",
    "text": "text",
    "txt": "text",
}
# A name in which the number of a file is to stand, with as many digits as it has at least, and the numbers.
NUMBERED = re.compile(r"([^%]*%0?\d?d[^%]*?)((?:\s+-?\d{1,9})*)\s*")


def locate_values(path: Path) -> StoredValues | None:
    """Where the values of the NRRD or MetaImage at `path` lie; None where its header names no encoding that is known.

    Raises UnusableInput (`not_readable`, `truncated`, `unknown_compression`, `no_place`).
    """
    stored = _nrrd_values(path) if is_nrrd(path) else _metaimage_values(path)
    if stored is not None and not all(file.is_file() for file in stored.paths):
        raise UnusableInput(
            "The file is only the header, and the file with the voxel values that it names is missing; copy both."
            if len(stored.paths) == 1
            else "A file with voxel values that the header names is missing; copy all of them.",
            "truncated",
        )
    return stored


def _nrrd_values(path: Path) -> StoredValues | None:
    """By https://teem.sourceforge.net/nrrd/format.html."""
    header = nrrd_header_of(path)
    fields = header.fields
    named = fields.get("encoding", "").lower()
    if named in ("bzip2", "bz2"):
        raise UnusableInput(
            "The values of this NRRD are compressed by bzip2, which cannot be undone here; save it with gzip or raw.",
            "unknown_compression",
        )
    encoding = ENCODINGS.get(named)
    detached = fields.get("datafile")
    paths = (path,) if detached is None else _nrrd_files(path, header, detached)
    at = header.end if detached is None else 0
    if encoding is None:
        return None
    skip = _whole_number(fields.get("byteskip", "0"))
    lines = _whole_number(fields.get("lineskip", "0"))
    return StoredValues(paths, at, encoding, lines, skip if skip >= 0 else None)


def _nrrd_files(path: Path, header: TextHeader, detached: str) -> tuple[Path, ...]:
    if detached.startswith("LIST"):
        return _files(path, _listed(path, header))
    if re.search(r"%\d*d", detached) is None:
        return (path.parent / detached,)
    name, numbers = _numbered(detached)
    if len(numbers) < 3 or numbers[2] == 0:
        raise _no_files()
    first, last, step = numbers[:3]
    return _files(path, (name % number for number in range(first, last + (1 if step > 0 else -1), step)))


def _metaimage_values(path: Path) -> StoredValues | None:
    """By https://itk.org/Wiki/MetaIO/Documentation."""
    header = metaimage_header_of(path)
    fields = header.fields
    place = fields.get("ElementDataFile", "")
    if not place:
        return None
    compressed = _is_true(fields.get("CompressedData", "False"))
    local = place.upper() == "LOCAL"
    several = place.startswith("LIST") or "%" in place
    if several and compressed:
        raise UnusableInput(
            "The values of this file are compressed in several files, which cannot be read here; save it as one file.",
            "not_readable",
        )
    paths = (path,) if local else _metaimage_files(path, header) if several else (path.parent / place,)
    skip = _whole_number(fields.get("HeaderSize", "0"))
    at = skip if skip > 0 else header.end if local else 0
    if not _is_true(fields.get("BinaryData", "True")):
        return StoredValues(paths, at, "text")
    if not compressed:
        return StoredValues(paths, at, "raw", skip=None if skip == -1 else 0)
    packed = _length(fields.get("CompressedDataSize", "0"))
    # Of a file that holds the values alone, ITK takes all where no size is told.
    unbounded = not packed and not local and not skip
    return StoredValues(paths, at, "zlib", packed=math.inf if unbounded else packed)


def _metaimage_files(path: Path, header: TextHeader) -> tuple[Path, ...]:
    """As many files as the size needs: ITK leaves out what is not listed."""
    place = header.fields["ElementDataFile"]
    sizes = [_length(text) for text in header.fields.get("DimSize", "").split()]
    if place.startswith("LIST"):
        told = place.split()
        in_one = _whole_number(told[1]) if len(told) > 1 else len(sizes) - 1
        if told[0] != "LIST" or not 1 <= in_one < len(sizes):
            raise _no_files()
        files = _files(path, _listed(path, header))
    else:
        name, numbers = _numbered(place)
        in_one = len(sizes) - 1
        first, last, step = [*numbers[:3], *[1, sizes[-1] if sizes else 0, 1][len(numbers[:3]) :]]
        if step < 1:
            raise _no_files()
        files = _files(path, (name % number for number in range(first, last + 1, step)))
    needed = math.prod(sizes[in_one:])
    if len(files) < needed:
        raise UnusableInput(
            "The header of this file names fewer files with voxel values than its size needs; copy or export it again.",
            "truncated",
        )
    return files[:needed]


def _listed(path: Path, header: TextHeader) -> list[str]:
    with path.open("rb") as file:
        file.seek(header.end)
        lines = file.read(MOST_LINES * 256).decode("utf-8", "surrogateescape").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _numbered(text: str) -> tuple[str, list[int]]:
    """The name and the numbers behind it. Raises UnusableInput (`not_readable`)."""
    match = NUMBERED.fullmatch(text)
    if match is None:
        raise _no_files()
    return match[1], [int(number) for number in match[2].split()]


def _files(path: Path, names: Iterable[str]) -> tuple[Path, ...]:
    files = tuple(path.parent / name for name in islice(names, MOST_LINES))
    if not files:
        raise _no_files()
    return files


def _is_true(text: str) -> bool:
    """As ITK understands it."""
    return text[:1] in ("T", "t", "1")


def _length(text: str) -> int:
    """0 of what is none."""
    return int(text) if re.fullmatch(r"\d{1,18}", text) else 0


def _whole_number(text: str) -> int:
    if re.fullmatch(r"-?\d{1,18}", text) is None:
        raise UnusableInput(
            f"The header of this file says {text[:20]!r} where a whole number must stand; correct it, or export the "
            "volume again.",
            "not_readable",
        )
    return int(text)


def _no_files() -> UnusableInput:
    return UnusableInput(
        "The header of this file does not say in which files its values lie; copy or export it again.", "not_readable"
    )
