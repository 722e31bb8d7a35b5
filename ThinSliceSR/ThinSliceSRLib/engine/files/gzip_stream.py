"""Gzip streams of which several parts are compressed at a time, as pigz does (RFC 1951 and 1952)."""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

# Deflate, without name or time, by the fastest way, on a system that is not told.
HEADER = b"\x1f\x8b\x08\0\0\0\0\0\x04\xff"
FASTEST = 1
NO_HEADER = -zlib.MAX_WBITS
LAST_BLOCK = b"\x03\0"  # which is empty
MOST_THREADS = 16  # each of which has two parts in memory


def write_gzip(file: BinaryIO, parts: Iterable[np.ndarray], threads: int) -> None:
    """Writes the bytes of contiguous arrays, one after the other, as one stream. Raises OSError."""
    threads = min(threads, MOST_THREADS)
    check = size = 0
    waiting: deque[Future[bytes]] = deque()
    file.write(HEADER)
    with ThreadPoolExecutor(threads) as pool:
        for part in parts:
            if len(waiting) == 2 * threads:
                file.write(waiting.popleft().result())
            waiting.append(pool.submit(_deflated, part))
            check = zlib.crc32(part.data, check)
            size += part.nbytes
        for deflated in waiting:
            file.write(deflated.result())
    file.write(LAST_BLOCK + struct.pack("<II", check, size % 2**32))


def _deflated(part: np.ndarray) -> bytes:
    """Blocks that end with a byte and look at nothing before them, so that others may follow them."""
    deflate = zlib.compressobj(FASTEST, zlib.DEFLATED, NO_HEADER)
    return deflate.compress(part.data) + deflate.flush(zlib.Z_FULL_FLUSH)
