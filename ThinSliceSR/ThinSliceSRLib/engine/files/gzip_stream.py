"""Gzip streams of which several parts are compressed at a time, as pigz does (RFC 1951 and 1952)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import BinaryIO

import numpy as np

# Deflate, without name or time, by the fastest way, on a system that is not told.
HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
FASTEST = 1
NO_HEADER = -zlib.MAX_WBITS
LAST_BLOCK = b"\x03\0"  # which is empty
PARTS_PER_THREAD = 4  # are compressed before they are written


def write_gzip(file: BinaryIO, parts: Iterable[np.ndarray], threads: int) -> None:
    """Writes the bytes of contiguous arrays, one after the other, as one stream. Raises OSError."""
    check = size = 0
    parts = iter(parts)
    file.write(HEADER)
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(parts, PARTS_PER_THREAD * threads)):
            for part, deflated in zip(some, pool.map(_deflated, some), strict=True):
                file.write(deflated)
                check = zlib.crc32(part.data, check)
                size += part.nbytes
    file.write(LAST_BLOCK + struct.pack("<II", check, size % 2**32))


def _deflated(part: np.ndarray) -> bytes:
    """Blocks that end with a byte and look at nothing before them, so that others may follow them."""
    deflate = zlib.compressobj(FASTEST, zlib.DEFLATED, NO_HEADER)
    return deflate.compress(part.data) + deflate.flush(zlib.Z_FULL_FLUSH)
