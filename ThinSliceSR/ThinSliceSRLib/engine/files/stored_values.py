"""Whether a file holds all the voxel values that its header promises, undamaged.

ITK does not see to that: no reader of it minds the checksums of compressed values.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from ..errors import UnusableInput
from ..events.finding import Finding

Encoding = Literal["raw", "gzip", "zlib", "hex", "text"]

CHUNK = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
GZIP = 16 + zlib.MAX_WBITS
# Some programs fill a file up to a whole number of blocks.
MOST_PADDING = 4096
MORE_VALUES = Finding(
    "warning",
    "more_values",
    "The file holds more than the voxel values that its header tells, so sizes or type may be wrong there; look at the "
    "volume before you use the result.",
)


@dataclass(frozen=True)
class StoredValues:
    """Where the values of a volume lie: in equal parts in `paths`, in each from byte `at` on behind `lines` lines.

    skip: how many bytes, uncompressed, lie between these and the values; None: the values are the last bytes.
    packed: how many compressed bytes (zlib) the header tells.
    """

    paths: tuple[Path, ...]
    at: int = 0
    encoding: Encoding = "raw"
    lines: int = 0
    skip: int | None = 0
    packed: float = math.inf


@contextmanager
def opened_values(stored: StoredValues, path: Path) -> Iterator[BinaryIO]:
    """One of the files, at its values or the bytes to skip before them. Raises OSError."""
    with path.open("rb") as file:
        file.seek(stored.at)
        for _ in range(stored.lines):
            if not file.readline():
                break
        yield file


def require_whole(stored: StoredValues, values: int, value_bytes: int) -> list[Finding]:
    """Whether there is more than these `values`, as a warning, when all of them are there.

    Raises UnusableInput (`truncated`, `not_readable`).
    """
    size = values * value_bytes // len(stored.paths)
    surplus = 0
    for path in stored.paths:
        try:
            held = _held_bytes(stored, path, value_bytes)
        except zlib.error as error:
            raise damaged_values() from error
        except EOFError:
            held = -1
        if held < size:
            raise missing_values()
        surplus += held - size
    told = stored.skip is not None and stored.encoding in ("raw", "gzip", "zlib")
    return [MORE_VALUES] if told and surplus > MOST_PADDING else []


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


def gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """What the gzip members of a file hold, in pieces; other bytes behind them are none of it, as for gzip itself.

    Raises EOFError or zlib.error.
    """
    rest = b""
    while True:
        unzip = zlib.decompressobj(GZIP)
        while not unzip.eof:
            chunk = unzip.unconsumed_tail or rest or file.read(CHUNK)
            rest = b""
            if not chunk:
                raise EOFError
            yield unzip.decompress(chunk, CHUNK)
        rest = unzip.unused_data if len(unzip.unused_data) > 1 else unzip.unused_data + file.read(CHUNK)
        if not rest.startswith(GZIP_MAGIC):
            return


def _held_bytes(stored: StoredValues, path: Path, value_bytes: int) -> int:
    """Bytes of values in one of the files, uncompressed. Raises EOFError, zlib.error or UnusableInput."""
    skip = stored.skip or 0
    with opened_values(stored, path) as file:
        if stored.encoding == "gzip":
            return sum(len(chunk) for chunk in gunzipped(file)) - skip
        if stored.encoding == "zlib":
            return _unzipped_bytes(file, stored) - skip
        held = path.stat().st_size - file.tell() - skip
    if stored.encoding == "text":  # as many at the most: a digit and what parts it from the next
        return (held + 1) // 2 * value_bytes
    return held // 2 if stored.encoding == "hex" else held


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
