"""Volumes to compare, and how views show them."""

from __future__ import annotations

import numpy as np
import slicer
from slice_views import ball_volume
from ThinSliceSRLib.desktop.comparison import ComparedVolumes


def compared_volumes(scene: slicer.vtkMRMLScene, directions: np.ndarray | None = None) -> ComparedVolumes:
    return ComparedVolumes(
        thick=ball_volume(scene, "chest", 5.0, directions=directions),
        bis=ball_volume(scene, "BIS 1 mm of chest", 1.0, directions=directions, kind="BIS"),
        dls=ball_volume(scene, "synthetic DLS 1 mm of chest", 1.0, directions=directions, kind="DLS"),
    )


def matrix_of(node: slicer.vtkMRMLSliceNode) -> np.ndarray:
    return slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())
