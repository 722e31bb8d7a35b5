"""Results that come into the scene by other ways than a run: known for what they are, and marked so."""

from __future__ import annotations

from pathlib import Path

import slicer
import vtk

from ..worker.later import later

VOLUME = "vtkMRMLScalarVolumeNode"


class SyntheticArrivals:
    """Looks at every volume that is there or comes, from start() to stop()."""

    def __init__(self) -> None:
        self._observation: int | None = None

    def start(self) -> None:
        self._observation = slicer.mrmlScene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._on_node_added)
        for volume in slicer.util.getNodesByClass(VOLUME):
            recognise(volume)

    def stop(self) -> None:
        if self._observation is not None:
            slicer.mrmlScene.RemoveObserver(self._observation)
            self._observation = None

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_node_added(self, _scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if node.IsA(VOLUME):
            # Readers add a volume before they say where it is from.
            later(lambda: self._look_at(node.GetID()))

    def _look_at(self, node_id: str | None) -> None:
        volume = slicer.mrmlScene.GetNodeByID(node_id) if node_id else None
        if volume is not None and self._observation is not None:
            recognise(volume)


def recognise(volume: slicer.vtkMRMLScalarVolumeNode) -> None:
    """Marks a volume that its DICOM series or its file says to be synthetic, whatever has loaded it."""
    from ..scene.synthetic_files import kind_in_file, says_difference
    from ..scene.synthetic_mark import is_synthetic, mark
    from .dicom_database import INSTANCE_UIDS, is_open
    from .dicom_loading import kind_of_series, mark_as_result, says_synthetic

    if is_synthetic(volume):
        return
    uids = (volume.GetAttribute(INSTANCE_UIDS) or "").split()
    if uids and is_open():
        file = slicer.dicomDatabase.fileForInstance(uids[0])
        if file and (kind := kind_of_series(file)):
            mark_as_result(volume, kind, file)
        elif file and says_synthetic(file):
            mark(volume, None)
        return
    storage = volume.GetStorageNode()
    if storage is None or not storage.GetFileName():
        return
    path = Path(storage.GetFileName())
    if kind := kind_in_file(path):
        mark(volume, kind)
    elif says_difference(path):
        from ..compare.network_difference import mark_difference

        mark_difference(volume)
