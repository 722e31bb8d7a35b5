"""Files as Slicer saves results and loads them elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer


def saved_by_slicer(result: Any, file: Path) -> None:
    """As File → Save does: by the storage node of the volume or, where it has none, its default one."""
    storage = result.GetStorageNode()
    if storage is None:
        result.AddDefaultStorageNode()
        storage = result.GetStorageNode()
    formats = storage.GetSupportedWriteFileTypes()
    assert any(file.suffix in formats.GetValue(index) for index in range(formats.GetNumberOfValues()))
    storage.SetFileName(str(file))
    assert storage.WriteData(result)


def loaded_by_slicer(file: Path) -> Any:
    """As vtkSlicerVolumesLogic::AddArchetypeVolume does: read, then added to the scene with its storage node."""
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(file))
    storage.SetCenterImage(False)
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(file.stem)
    assert storage.ReadData(volume)
    slicer.mrmlScene.AddNode(storage)
    slicer.mrmlScene.AddNode(volume)
    volume.SetAndObserveStorageNodeID(storage.GetID())
    return volume
