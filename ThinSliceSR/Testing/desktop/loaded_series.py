"""A series as Slicer has loaded it from its DICOM database, of which a slice is missing."""

from __future__ import annotations

import pytest
import slicer
from volume_making import volume_node


class Database:
    """Stands for ctkDICOMDatabase, by the names that its header declares; cannot prove how PythonQt wraps them.

    files: the tags of each instance that it knows. cached: the tags that are read without opening a file.
    """

    isOpen = True  # noqa: N815

    def __init__(self, files: dict[str, dict[str, str]], cached: tuple[str, ...] = ("0020,0032", "0020,0037")) -> None:
        self.files = files
        self.cached = cached
        self.files_read: set[str] = set()

    def fileForInstance(self, uid: str) -> str:  # noqa: N802
        return f"{uid}.dcm" if uid in self.files else ""

    def instanceValue(self, uid: str, tag: str) -> str:  # noqa: N802
        if tag not in self.cached:
            self.files_read.add(uid)
        return self.files[uid].get(tag, "")

    def cachedTag(self, uid: str, tag: str) -> str:  # noqa: N802
        return self.files.get(uid, {}).get(tag, "__TAG_NOT_IN_INSTANCE__") if tag in self.cached else ""


def tags(position: tuple[float, float, float]) -> dict[str, str]:
    return {
        "0008,0060": "CT",
        "0008,103E": "Thorax 5.0",
        "0018,0050": "5.5",
        "0020,000E": "1.2.3",
        "0020,0032": "\\".join(map(str, position)),
        "0020,0037": "1\\0\\0\\0\\1\\0",
    }


def node_with_a_gap(monkeypatch: pytest.MonkeyPatch) -> tuple[slicer.vtkMRMLScalarVolumeNode, Database]:
    """The node, whose fourth slice is missing, and the database that knows it."""
    heights = (0, 5, 10, 20, 25, 30)
    # Slicer divides the way from the first to the last slice by the number of steps.
    node = volume_node(origin=(100.3, 80.2, -50.0), spacing=(0.7, 0.7, 6.0))
    files = {f"1.2.3.{number}": tags((-100.3, -80.2, height - 50.0)) for number, height in enumerate(heights)}
    node.SetAttribute("DICOM.instanceUIDs", " ".join(files))
    database = Database(files)
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    return node, database
