"""The mark of a result in files: kept where Slicer saves the volume, and read back where it was loaded from."""

from __future__ import annotations

import gzip
import re
import struct
from pathlib import Path
from typing import cast

import slicer

from .synthetic_mark import ATTRIBUTE_PREFIX, Kind

HEADER_AT_MOST = 65536
NIFTI_NOTE = slice(148, 228)
"""Bytes of a NIfTI-1 header that hold `descrip`."""
NIFTI_START = (struct.pack("<i", 348), struct.pack(">i", 348))
# Entries as Slicer writes the attributes of a node into a NRRD file, and as the engine writes what it has made.
BY_SLICER = re.compile(rf"^{re.escape(ATTRIBUTE_PREFIX)}Kind:=(DLS|BIS|DOUBT)\s*$", re.MULTILINE)
BY_ENGINE = re.compile(r"^ThinSliceSR_content\s*:?=\s*(?:unfinished )?(DLS|BIS|DOUBT): ", re.MULTILINE)
NIFTI_BY_ENGINE = re.compile(r"(DLS|BIS|DOUBT): ")
DIFFERENCE = re.compile(
    rf"^(?:{re.escape(ATTRIBUTE_PREFIX)}C|ThinSliceSR_c)ontent\s*:?=\s*DLS minus BIS: ", re.MULTILINE
)
NIFTI_DIFFERENCE = re.compile(r"DLS minus BIS: ")


def save_with_mark(result: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Lets Slicer save the volume in a format that keeps the attributes of its node, which is NRRD alone.

    Slicer's usual storage of volumes keeps none (Libs/MRML/Core/vtkMRMLVolumeArchetypeStorageNode.cxx).
    """
    storage = result.GetStorageNode()
    if storage is None or not storage.IsA("vtkMRMLNRRDStorageNode"):
        storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLNRRDStorageNode")
        result.SetAndObserveStorageNodeID(storage.GetID())


def kind_in_file(file: Path) -> Kind | None:
    """What the header of a volume's file says that it is; None when it is no result, or keeps no such word."""
    match = _word_in_file(file, NIFTI_BY_ENGINE, BY_SLICER, BY_ENGINE)
    if match is None:
        return None
    return cast(Kind, match[1])


def says_difference(file: Path) -> bool:
    """Whether the header of a volume's file says that it is DLS minus BIS."""
    return _word_in_file(file, NIFTI_DIFFERENCE, DIFFERENCE) is not None


def _word_in_file(file: Path, of_nifti: re.Pattern[str], *of_text: re.Pattern[str]) -> re.Match[str] | None:
    """What is found first in the header of the file; None in one that cannot be read."""
    try:
        with file.open("rb") as plain:
            start = plain.read(HEADER_AT_MOST)
        if file.name.lower().endswith(".nii.gz"):
            with gzip.open(file) as unpacked:
                start = unpacked.read(NIFTI_NOTE.stop)
    except (OSError, EOFError):
        return None
    if start[:4] in NIFTI_START:
        return of_nifti.match(start[NIFTI_NOTE].decode("latin-1"))
    text = start.decode("latin-1")
    return next((match for pattern in of_text if (match := pattern.search(text))), None)
