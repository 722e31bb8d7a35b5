"""Volumes to compare, and how views show them."""

from __future__ import annotations

import numpy as np
import slicer
from slice_views import SliceViews, ball_volume
from ThinSliceSRLib.desktop.compare.comparison import ComparedVolumes


def compared_volumes(scene: slicer.vtkMRMLScene, directions: np.ndarray | None = None) -> ComparedVolumes:
    return ComparedVolumes(
        thick=ball_volume(scene, "chest", 5.0, directions=directions),
        bis=ball_volume(scene, "BIS 1 mm of chest", 1.0, directions=directions, kind="BIS"),
        dls=ball_volume(scene, "synthetic DLS 1 mm of chest", 1.0, directions=directions, kind="DLS"),
    )


def matrix_of(node: slicer.vtkMRMLSliceNode) -> np.ndarray:
    return slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())


def kind_of(node_id: str | None) -> str | None:
    """Of the volume of the scene with this id: DLS, BIS, DOUBT, or none."""
    node = slicer.mrmlScene.GetNodeByID(node_id or "")
    return node and node.GetAttribute("ThinSliceSR.Kind")


def front_kind(views: SliceViews, name: str) -> str | None:
    """Of the volume that lies in front in the view of this name."""
    return kind_of(views.composite(name).GetForegroundVolumeID())
