"""What a DICOMDIR (PS3.3 F.3) tells of the medium whose files it lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from zipfile import Path as ZipPath

import pydicom
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue

NAME = "DICOMDIR"  # PS3.10 8.6; a copy under another name lies elsewhere than the files that it lists


def files_not_there(directory: Path | ZipPath) -> Counter[str]:
    """How many of the files that the DICOMDIR at this path, or in a ZIP file, lists are missing, by their series UID.

    Media may show their names in small letters (ISO 9660). Of one that nobody can read, nothing is told.
    """
    missing: Counter[str] = Counter()
    if directory.name.upper() != NAME:
        return missing
    parent = cast("Path | ZipPath", directory.parent)
    try:
        with directory.open("rb") as file:
            listed = list(_listed(pydicom.dcmread(file)))
        for series, name in listed:
            missing[series] += not any((parent / way).exists() for way in (name, name.lower()))
    except Exception:  # noqa: BLE001 (whatever pydicom runs into: the files that are there are read all the same)
        return Counter()
    return missing


def _listed(directory: Dataset) -> Iterator[tuple[str, str]]:
    """Series UID and relative path of each file; records are chained by their offsets in the file."""
    records = {record.seq_item_tell: record for record in directory.DirectoryRecordSequence}
    for series in records.values():
        if series.DirectoryRecordType != "SERIES":
            continue
        unseen = set(records)
        offset = series.OffsetOfReferencedLowerLevelDirectoryEntity
        while offset in unseen:
            unseen.remove(offset)
            parts = records[offset].get("ReferencedFileID")
            if parts:
                yield str(series.SeriesInstanceUID), "/".join(parts if isinstance(parts, MultiValue) else [parts])
            offset = records[offset].OffsetOfTheNextDirectoryRecord
