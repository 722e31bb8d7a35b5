"""The slice thickness that the user gave a volume of the scene: kept with that volume, as an attribute of its node."""

from __future__ import annotations

import slicer

from ..engine.volumes.slice_thickness import known_thickness_mm, with_thickness
from ..engine.volumes.volume import Volume
from .synthetic_mark import ATTRIBUTE_PREFIX
from .volume_nodes import volume_of

GIVEN = ATTRIBUTE_PREFIX + "GivenSliceThicknessMm"


def given_thickness_mm(node: slicer.vtkMRMLScalarVolumeNode) -> float | None:
    """None where the user gave none."""
    return known_thickness_mm(node.GetAttribute(GIVEN))


def give_thickness(node: slicer.vtkMRMLScalarVolumeNode, thickness_mm: float | None) -> None:
    """From now on the node's slices are taken to be that thick; None takes what its source says."""
    if thickness_mm is None:
        node.RemoveAttribute(GIVEN)
    else:
        node.SetAttribute(GIVEN, f"{thickness_mm:g}")


def corrected_volume_of(node: slicer.vtkMRMLScalarVolumeNode) -> Volume:
    """As `volume_of`, with the slice thickness that the user gave, if any."""
    return with_thickness(volume_of(node), given_thickness_mm(node))
