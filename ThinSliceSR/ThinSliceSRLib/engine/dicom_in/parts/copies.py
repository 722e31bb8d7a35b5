"""Slices that are in a series twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import IO

import pydicom

from ...events.finding import Finding
from ..series import DicomSeries, DicomSlice
from .places import Places

Opener = Callable[[Path], IO[bytes]]  # opens a file of the input, be it in a folder or in a ZIP file


def without_copies(series: DicomSeries, open_file: Opener) -> DicomSeries:
    """The series without slices that are at their place already, with a warning that tells how many.

    A copy has the same pixels, not only the same identifier (SOP Instance UID), which some writers give to all slices.
    By the identifier alone it is known where it is encoded in another way, as pixels cannot be compared then: what is
    compressed without loss keeps it (PS3.4 B.4.1.3).
    """
    content = cache(lambda path: _pixels_of(path, open_file))
    copies: set[int] = set()
    for together in Places(series.slices).together(series.slices):
        kept: list[DicomSlice] = []
        for item in together:
            if any(_is_copy(item, other, content) for other in kept):
                copies.add(id(item))
            else:
                kept.append(item)
    if not copies:
        return series
    message = f"{len(copies)} of the slices are copies of others, with the same pixels at one place, and were left out."
    return replace(
        series,
        slices=tuple(item for item in series.slices if id(item) not in copies),
        warnings=(*series.warnings, Finding("warning", "copies_left_out", message)),
    )


def _is_copy(item: DicomSlice, other: DicomSlice, content: Callable[[Path], Hashable | None]) -> bool:
    if (item.frame, item.rescale, item.shape) != (other.frame, other.rescale, other.shape):
        return False
    if item.instance and item.instance == other.instance and item.transfer_syntax != other.transfer_syntax:
        return True
    pixels = content(item.path)
    return pixels is not None and pixels == content(other.path)


def _pixels_of(path: Path, open_file: Opener) -> Hashable | None:
    """What tells the pixels in a file from others; None where they cannot be read, of which reading them tells."""
    try:
        with open_file(path) as file:
            pixels = pydicom.dcmread(file, specific_tags=["PixelData"], force=True).get("PixelData")
            return hashlib.sha256(pixels).digest() if pixels else None
    except Exception:  # noqa: BLE001 (whatever pydicom runs into)
        return None
