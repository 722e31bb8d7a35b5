"""Volume nodes in the scene of slicer-core's real MRML, for the tests: of any size, direction and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import slicer
import vtk
from driving import wait_for
from ThinSliceSRLib.desktop.worker.volume_writing import VolumeWriting

LEFT_HANDED = np.diag([-1.0, -1.0, -1.0])
PLAIN = np.diag([-1.0, -1.0, 1.0])
"""Axes of an axial CT in RAS: i to the left, j to the back, k to the head."""


def oblique(degrees: float) -> np.ndarray:
    """The axes of an axial CT turned about R and a little about S."""
    a, b = np.radians(degrees), np.radians(degrees / 3)
    about_r = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    about_s = np.array([[np.cos(b), -np.sin(b), 0], [np.sin(b), np.cos(b), 0], [0, 0, 1]])
    return about_r @ about_s @ PLAIN


def volume_node(
    name: str = "Chest",
    size: Sequence[int] = (20, 16, 6),
    spacing: Sequence[float] = (0.7, 0.7, 5.0),
    directions: np.ndarray = PLAIN,
    origin: Sequence[float] = (100.3, 80.2, -50.1),
    hu: np.ndarray | None = None,
) -> slicer.vtkMRMLScalarVolumeNode:
    """A volume with the size and spacing along i, j, k; without `hu` (k, j, i), its values are those of a chest."""
    if hu is None:
        hu = np.where(np.arange(np.prod(size)) % 2, -850, 40).astype(np.int16).reshape(size[::-1])
    matrix = np.eye(4)
    matrix[:3, :3] = directions * spacing
    matrix[:3, 3] = origin
    node = slicer.vtkMRMLScalarVolumeNode()
    node.SetName(slicer.mrmlScene.GenerateUniqueName(name))
    node.SetIJKToRASMatrix(slicer.util.vtkMatrixFromArray(matrix))
    slicer.util.updateVolumeFromArray(node, hu)
    slicer.mrmlScene.AddNode(node)  # now that it is whole: the selector chooses the first volume of a scene at once
    return node


def shown_as_lung(node: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLScalarVolumeDisplayNode:
    """The node's new display node: lung window, grey colours, thresholds, no interpolation."""
    grey = slicer.vtkMRMLColorTableNode()
    grey.SetTypeToGrey()
    grey.SaveWithSceneOff()  # as Slicer's own, which are in every scene
    slicer.mrmlScene.AddNode(grey)
    node.CreateDefaultDisplayNodes()
    display = node.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevel(1500, -600)
    display.SetAndObserveColorNodeID(grey.GetID())
    display.SetThreshold(-1000, 500)
    display.ApplyThresholdOn()
    display.SetInterpolate(0)
    return display


def under_transform(node: slicer.vtkMRMLScalarVolumeNode) -> slicer.vtkMRMLLinearTransformNode:
    """Puts the node under a turn, a stretch and a shift."""
    matrix = np.eye(4)
    matrix[:3, :3] = oblique(25) @ np.diag([1.1, 0.9, 1.05])
    matrix[:3, 3] = (12, -7, 30)
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "Turned")
    transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
    node.SetAndObserveTransformNodeID(transform.GetID())
    return transform


def world_point(node: slicer.vtkMRMLScalarVolumeNode, index: Sequence[float]) -> np.ndarray:
    """Where in the world (RAS) the voxel i, j, k lies, parent transforms included."""
    to_ras, to_world = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(to_ras)
    if node.GetParentTransformNode() is not None:
        node.GetParentTransformNode().GetMatrixTransformToWorld(to_world)
    vtk.vtkMatrix4x4.Multiply4x4(to_world, to_ras, to_world)
    return np.array(to_world.MultiplyPoint([*index, 1.0])[:3])


def write_volume(node: slicer.vtkMRMLScalarVolumeNode, path: Path, entries: Mapping[str, str] | None = None) -> None:
    """Writes the node as for the worker, to the end; raises what has failed."""
    ended: list[Exception | None] = []
    writing = VolumeWriting(node, path, lambda: ended.append(None), ended.append, entries)
    wait_for(lambda: ended)
    writing.stop()
    if ended[0] is not None:
        raise ended[0]
