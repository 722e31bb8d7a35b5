"""The headers of NRRD and MetaImage files, which are lines of text before the values or in a file of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TextHeader:
    """fields: of the format, those of NRRD by their names in small letters without spaces. entries: what the writer
    added, of MetaImage among the fields. end: bytes up to where values may begin.
    """

    fields: dict[str, str]
    entries: dict[str, str]
    end: int


def nrrd_header_of(path: Path) -> TextHeader:
    """Of an NRRD (https://teem.sourceforge.net/nrrd/format.html). Raises OSError."""
    fields: dict[str, str] = {}
    entries: dict[str, str] = {}
    with path.open("rb") as file:
        for line in file:
            text = line.decode("utf-8", "replace").strip()
            if not text:
                break
            name, colon, value = text.partition(":")
            if not colon or text.startswith("#"):
                continue
            if value.startswith("="):
                entries[name] = value[1:]
            else:
                fields[name.strip().lower().replace(" ", "")] = value.strip()
        return TextHeader(fields, entries, file.tell())


def metaimage_header_of(path: Path) -> TextHeader:
    """Of a MetaImage (https://itk.org/Wiki/MetaIO/Documentation); its last line is ElementDataFile. Raises OSError."""
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for line in file:
            name, _, value = line.decode("utf-8", "replace").partition("=")
            fields[name.strip()] = value.strip()
            if name.strip() == "ElementDataFile":
                break
        return TextHeader(fields, fields, file.tell())
