"""Series of ours that come back from DICOM: known for what they are, and marked so when they are loaded."""

from __future__ import annotations

import slicer

from ..scene.synthetic_mark import SOURCE_ROLE, Kind, mark
from .dicom_database import INSTANCE_UIDS

# Read once for each series, or not at all where the database has them in its cache.
TAGS = {"manufacturersModelName": "0008,1090", "derivationDescription": "0008,2111"}
SYNTHETIC_DATA = "0008,001C"
OWN_NAME = "ThinSliceSR"
KINDS: tuple[Kind, ...] = ("DLS", "BIS")


def kind_of_series(file: str) -> Kind | None:
    """What the series of a file in Slicer's DICOM database is, by its own words; None when it is none of ours."""
    database = slicer.dicomDatabase
    if database.fileValue(file, TAGS["manufacturersModelName"]) != OWN_NAME:
        return None
    description = database.fileValue(file, TAGS["derivationDescription"])
    return next((kind for kind in KINDS if description.startswith(f"{kind}: ")), None)


def says_synthetic(file: str) -> bool:
    """Whether the series of a file in Slicer's DICOM database says that no scanner made it (Synthetic Data)."""
    return slicer.dicomDatabase.fileValue(file, SYNTHETIC_DATA) == "YES"


def mark_as_result(node: slicer.vtkMRMLScalarVolumeNode, kind: Kind, file: str) -> None:
    """Lets a loaded volume say that it is synthetic, in views too, and be compared with its input if that is there.

    file: any of the files that it was loaded from.
    """
    mark(node, kind)
    named = _named_instances(file)
    for volume in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        if named & set((volume.GetAttribute(INSTANCE_UIDS) or "").split()):
            node.SetNodeReferenceID(SOURCE_ROLE, volume.GetID())


def _named_instances(file: str) -> set[str]:
    """The SOP instance UIDs in the Source Image Sequence (PS3.3 table 10-3); an anonymous series names none."""
    import pydicom  # Slicer bundles it, but it is slow to load

    header = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["SourceImageSequence"])
    return {str(item.ReferencedSOPInstanceUID) for item in header.get("SourceImageSequence") or ()}
