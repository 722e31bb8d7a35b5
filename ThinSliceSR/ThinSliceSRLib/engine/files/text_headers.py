"""The headers of NRRD and MetaImage, which are lines of text, and whether the place in them is one.

ITK reads on where a number cannot be read: it takes 0 for an origin and 1 for a spacing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..errors import UnusableInput
from ..volumes.geometry import FARTHEST_MM, NO_PLACE, NO_SPACING

# Longer than any header; what has no end of a line for so long is no text.
LONGEST_LINE = 1 << 16
MOST_LINES = 1 << 16
NRRD_VECTORS = ("spaceorigin", "spacedirections")
NRRD_NUMBERS = ("spacings", "axismins", "axismaxs")
NRRD_SPACINGS = ("spacings", "spacedirections")
# MetaImage's own reader takes the one for the other.
METAIMAGE_SPACINGS = ("ElementSpacing", "ElementSize")
METAIMAGE_NUMBERS = (
    "Offset",
    "Position",
    "Origin",
    "ElementSpacing",
    "ElementSize",
    "TransformMatrix",
    "Rotation",
    "Orientation",
    "CenterOfRotation",
)


@dataclass(frozen=True)
class TextHeader:
    """fields: of the format, those of NRRD by their names in small letters without spaces. entries: what the writer
    added, of MetaImage among the fields. end: where the values, or a list of their files, begin.
    """

    fields: dict[str, str]
    entries: dict[str, str]
    end: int


def nrrd_header_of(path: Path) -> TextHeader:
    """By https://teem.sourceforge.net/nrrd/format.html; names in small letters without spaces.

    Raises UnusableInput (`no_place`).
    """
    fields: dict[str, str] = {}
    entries: dict[str, str] = {}
    with path.open("rb") as file:
        for _ in range(MOST_LINES):
            text = file.readline(LONGEST_LINE).decode("utf-8", "replace").strip()
            if not text:
                break
            name, colon, value = text.partition(":")
            if not colon or text.startswith("#"):
                continue
            if value.startswith("="):
                entries[name] = value[1:]
            else:
                fields[name.strip().lower().replace(" ", "")] = value.strip()
        end = file.tell()
    for name in NRRD_VECTORS:
        for vector in re.findall(r"\(([^)]*)\)", fields.get(name, "")):
            _require_numbers(vector.split(","))
    for name in NRRD_NUMBERS:
        spatial = "space" not in fields and "spacedimension" not in fields
        told = [text for text in fields.get(name, "").split() if spatial or text.lower() != "nan"]
        _require_numbers(told)
    if "sizes" in fields:  # else it is no header of a volume
        _require_spacing(text for name in NRRD_SPACINGS for text in fields.get(name, "").split())
    return TextHeader(fields, entries, end)


def metaimage_header_of(path: Path) -> TextHeader:
    """By https://itk.org/Wiki/MetaIO/Documentation; its last line is ElementDataFile.

    Raises UnusableInput (`no_place`).
    """
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for _ in range(MOST_LINES):
            line = file.readline(LONGEST_LINE)
            name, _, value = line.decode("utf-8", "replace").partition("=")
            fields[name.strip()] = value.strip()
            if not line or name.strip() == "ElementDataFile":
                break
        end = file.tell()
    for name in METAIMAGE_NUMBERS:
        _require_numbers(fields.get(name, "").split())
    if "DimSize" in fields:  # else it is no header of a volume
        _require_spacing(text for name in METAIMAGE_SPACINGS for text in fields.get(name, "").split())
    return TextHeader(fields, fields, end)


def _require_numbers(texts: Iterable[str]) -> None:
    for text in texts:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not abs(number) <= FARTHEST_MM:
            raise UnusableInput(NO_PLACE, "no_place")


def _require_spacing(texts: Iterable[str]) -> None:
    """texts: of an axis that has none, NRRD says `none` or `nan`."""
    if all(text.lower() in ("none", "nan") for text in texts):
        raise UnusableInput(NO_SPACING, "no_place")
