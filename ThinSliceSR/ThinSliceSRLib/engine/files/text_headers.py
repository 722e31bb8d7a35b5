"""The headers of NRRD and MetaImage, which are lines of text, and whether the place in them is one.

ITK reads on where a number cannot be read: it takes 0 for an origin and 1 for a spacing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ..errors import UnusableInput
from ..volumes.geometry import FARTHEST_MM, NO_PLACE, NO_SPACING
from .rescale import scale_of

# Longer than any header; what has no end of a line for so long is no text.
LONGEST_LINE = 1 << 16
MOST_LINES = 1 << 16
NRRD_VECTORS = ("spaceorigin", "spacedirections")
NRRD_NUMBERS = ("spacings", "axismins", "axismaxs")
NRRD_SPACINGS = ("spacings", "spacedirections")
# MetaImage's own reader takes the one for the other.
METAIMAGE_SPACINGS = ("ElementSpacing", "ElementSize")
METAIMAGE_VECTORS = ("Offset", "Position", "Origin", "ElementSpacing", "ElementSize", "CenterOfRotation")
METAIMAGE_MATRICES = ("TransformMatrix", "Rotation", "Orientation")
MOST_DIMENSIONS = 10  # for which MetaImage's own reader has room
MM_PER_UNIT = {"m": 1e3, "dm": 1e2, "cm": 10.0, "mm": 1.0, "um": 1e-3, "µm": 1e-3, "μm": 1e-3, "nm": 1e-6}


@dataclass(frozen=True)
class TextHeader:
    """fields: of the format, those of NRRD by their names in small letters without spaces. entries: what the writer
    added, of MetaImage among the fields. end: where the values, or a list of their files, begin. mm_per_unit: of all
    lengths and places. scale: see `scale_of`.
    """

    fields: dict[str, str]
    entries: dict[str, str]
    end: int
    mm_per_unit: float = 1.0
    scale: tuple[float, float] | None = None


def is_nrrd(path: Path) -> bool:
    return path.name.lower().endswith((".nrrd", ".nhdr"))


def text_header_of(path: Path) -> TextHeader:
    """Of an NRRD or MetaImage. Raises UnusableInput as the two below."""
    return nrrd_header_of(path) if is_nrrd(path) else metaimage_header_of(path)


def nrrd_header_of(path: Path) -> TextHeader:
    """By https://teem.sourceforge.net/nrrd/format.html; names in small letters without spaces.

    Raises UnusableInput (`no_place`).
    """
    fields: dict[str, str] = {}
    entries: dict[str, str] = {}
    with path.open("rb") as file:
        for line in _lines(file):
            text = line.decode("utf-8", "replace").strip()
            if not text:
                break
            name, colon, value = text.partition(":")
            if not colon or text.startswith("#"):
                continue
            if value.startswith("="):
                entries[name] = value[1:]
            else:
                field = name.strip().lower().replace(" ", "")
                fields[field] = value.strip()
                if field == "datafile" and fields[field].startswith("LIST"):
                    break
        end = file.tell()
    mm_per_unit = _mm_per_unit(fields.get("spaceunits", fields.get("units", "")).replace('"', " ").split())
    for name in NRRD_VECTORS:
        for vector in re.findall(r"\(([^)]*)\)", fields.get(name, "")):
            _require_numbers(vector.split(","), mm_per_unit)
    for name in NRRD_NUMBERS:
        spatial = "space" not in fields and "spacedimension" not in fields
        told = [text for text in fields.get(name, "").split() if spatial or text.lower() != "nan"]
        _require_numbers(told, mm_per_unit)
    if "sizes" in fields:  # else it is no header of a volume
        _require_spacing(text for name in NRRD_SPACINGS for text in fields.get(name, "").split())
    return TextHeader(fields, entries, end, mm_per_unit)


def metaimage_header_of(path: Path) -> TextHeader:
    """By https://itk.org/Wiki/MetaIO/Documentation; its last line is ElementDataFile.

    Raises UnusableInput (`no_place`, `not_readable`).
    """
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for line in _lines(file):
            name, _, value = line.decode("utf-8", "replace").partition("=")
            fields[name.strip()] = value.strip()
            if name.strip() == "ElementDataFile":
                break
        end = file.tell()
    mm_per_unit = _mm_per_unit([fields.get("DistanceUnits", "")])
    dimensions = _dimensions(fields.get("NDims", "0"))
    for names, fewest in ((METAIMAGE_VECTORS, dimensions), (METAIMAGE_MATRICES, dimensions**2)):
        for name in names:
            numbers = fields.get(name, "").split()
            _require_numbers(numbers, mm_per_unit)
            if name in fields and len(numbers) < fewest:
                raise UnusableInput(NO_PLACE, "no_place")
    if "DimSize" in fields:  # else it is no header of a volume
        _require_spacing(text for name in METAIMAGE_SPACINGS for text in fields.get(name, "").split())
    slope, intercept = (_number(fields.get(f"ElementToIntensityFunction{name}", "")) for name in ("Slope", "Offset"))
    scale = scale_of(1.0 if slope is None else slope, 0.0 if intercept is None else intercept)
    return TextHeader(fields, fields, end, mm_per_unit, scale)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The first lines, each cut off behind `LONGEST_LINE` bytes."""
    ended = True
    for _ in range(MOST_LINES):
        line = file.readline(LONGEST_LINE)
        if not line:
            return
        if ended:
            yield line
        ended = line.endswith(b"\n")


def _dimensions(text: str) -> int:
    """Raises UnusableInput (`not_readable`) where MetaImage's own reader would end the process."""
    if re.fullmatch(r"\d{1,2}", text) is None or int(text) > MOST_DIMENSIONS:
        raise UnusableInput(
            "The header of this file gives an impossible number of dimensions (NDims); correct it, or export the "
            "volume again.",
            "not_readable",
        )
    return int(text)


def _mm_per_unit(units: list[str]) -> float:
    """Of the units of the axes; those that are no lengths, or are left open, count for none."""
    lengths = {MM_PER_UNIT[unit] for unit in units if unit in MM_PER_UNIT}
    if len(lengths) > 1:
        raise UnusableInput(
            "The header of this file gives the lengths of its axes in different units; save the volume in millimetres.",
            "no_place",
        )
    return lengths.pop() if lengths else 1.0


def _require_numbers(texts: Iterable[str], mm_per_unit: float) -> None:
    for text in texts:
        number = _number(text)
        if number is None or not abs(number) * mm_per_unit <= FARTHEST_MM:
            raise UnusableInput(NO_PLACE, "no_place")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _require_spacing(texts: Iterable[str]) -> None:
    """texts: of an axis that has none, NRRD says `none` or `nan`."""
    if all(text.lower() in ("none", "nan") for text in texts):
        raise UnusableInput(NO_SPACING, "no_place")
