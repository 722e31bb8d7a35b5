"""Where in a volume the user is looking."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import slicer
import vtk

from .result_nodes import all_results_of
from .synthetic_mark import is_synthetic


def views_of(source: slicer.vtkMRMLScalarVolumeNode) -> list[slicer.vtkMRMLSliceCompositeNode]:
    """The slice views, as composite nodes, that show the volume or a result of it in their background."""
    shown = {volume.GetID() for volume in (source, *all_results_of(source))}
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return [composite for composite in composites if composite.GetBackgroundVolumeID() in shown]


def viewed_slice_mm(volume: slicer.vtkMRMLScalarVolumeNode, slice_axis: int) -> float | None:
    """How far, in mm, the viewed slice lies from the volume's first along its slice axis (0, 1, 2 for i, j, k).

    None when no view shows the volume, or a result of it, along that axis.
    """
    slice_nodes = _slice_nodes(views_of(volume))
    world_to_index = _world_to_index(volume) if slice_nodes else None
    for slice_node in slice_nodes:
        to_index = world_to_index @ slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS())
        normal_mm, centre = to_index[:3, 2] * volume.GetSpacing(), to_index[:3, 3]
        if np.argmax(np.abs(normal_mm)) == slice_axis:
            last = volume.GetImageData().GetDimensions()[slice_axis] - 1
            return float(np.clip(centre[slice_axis], 0, last) * volume.GetSpacing()[slice_axis])
    return None


def viewed_position(volume: slicer.vtkMRMLScalarVolumeNode) -> tuple[float, ...] | None:
    """RAS of the world, in mm, of where the planes meet in which visible views show the volume or a result of it.

    Across a plane that no view shows, or only outside of the volume, it is the middle of the volume. None when no
    visible view shows it.
    """
    slice_nodes = [node for node in _slice_nodes(views_of(volume)) if node.IsViewVisibleInLayout()]
    if not slice_nodes:
        return None
    bounds = np.zeros(6)
    volume.GetRASBounds(bounds)
    low, high = bounds.reshape(3, 2).T
    position = (low + high) / 2
    for slice_node in reversed(slice_nodes):  # where two views show planes of one direction, the first one decides
        plane = slicer.util.arrayFromVTKMatrix(slice_node.GetSliceToRAS())
        normal, origin = plane[:3, 2], plane[:3, 3]
        moved = position + normal * np.dot(origin - position, normal)
        if np.all((low <= moved) & (moved <= high)):
            position = moved
    return tuple(position.tolist())


def likely_input() -> slicer.vtkMRMLScalarVolumeNode | None:
    """The volume that the user most likely wants to work on: one that a view shows, else the scene's first original."""
    composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    shown = [slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "") for composite in composites]
    for volume in [*shown, *slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]:
        if volume is not None and volume.GetClassName() == "vtkMRMLScalarVolumeNode" and not is_synthetic(volume):
            return volume
    return None


def _slice_nodes(composites: Iterable[slicer.vtkMRMLSliceCompositeNode]) -> list[slicer.vtkMRMLSliceNode]:
    names = {composite.GetLayoutName() for composite in composites}
    return [node for node in slicer.util.getNodesByClass("vtkMRMLSliceNode") if node.GetLayoutName() in names]


def _world_to_index(volume: slicer.vtkMRMLScalarVolumeNode) -> np.ndarray:
    """4×4, from RAS of the world to i, j, k; a warping parent moves a slice little and is left out."""
    index_to_ras, parent_to_world = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(index_to_ras)
    parent = volume.GetParentTransformNode()
    if parent and parent.IsTransformToWorldLinear():
        parent.GetMatrixTransformToWorld(parent_to_world)
    vtk.vtkMatrix4x4.Multiply4x4(parent_to_world, index_to_ras, index_to_ras)
    return np.linalg.inv(slicer.util.arrayFromVTKMatrix(index_to_ras))
