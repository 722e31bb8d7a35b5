"""What the user says of a volume, its slice thickness and the scale of its values: kept as attributes of its node."""

from __future__ import annotations

import slicer

from ...engine.volumes.slice_thickness import known_thickness_mm, with_thickness
from ...engine.volumes.value_scale import SCALES, told_scale
from ...engine.volumes.volume import Volume
from .synthetic_mark import ATTRIBUTE_PREFIX
from .volume_nodes import volume_of

GIVEN = ATTRIBUTE_PREFIX + "GivenSliceThicknessMm"
GIVEN_VALUES = ATTRIBUTE_PREFIX + "GivenValues"


def given_thickness_mm(node: slicer.vtkMRMLScalarVolumeNode) -> float | None:
    """None where the user gave none."""
    return known_thickness_mm(node.GetAttribute(GIVEN))


def give_thickness(node: slicer.vtkMRMLScalarVolumeNode, thickness_mm: float | None) -> None:
    """From now on the node's slices are taken to be that thick; None takes what its source says."""
    if thickness_mm is None:
        node.RemoveAttribute(GIVEN)
    else:
        node.SetAttribute(GIVEN, f"{thickness_mm:g}")


def given_values(node: slicer.vtkMRMLScalarVolumeNode) -> str | None:
    """On which scale the user says that its values are, see `value_scale.SCALES`; None where nothing was said."""
    values = node.GetAttribute(GIVEN_VALUES)
    return values if values in SCALES else None


def give_values(node: slicer.vtkMRMLScalarVolumeNode, values: str | None) -> None:
    """From now on the node's values are taken to be on that scale; None takes them for HU, if they can be."""
    if values is None:
        node.RemoveAttribute(GIVEN_VALUES)
    else:
        node.SetAttribute(GIVEN_VALUES, values)


def told_volume_of(node: slicer.vtkMRMLScalarVolumeNode, values: str | None = None) -> Volume:
    """As `volume_of`, with the word of the user on its slice thickness and on the scale of its values, which stay as
    they are stored.

    values: a scale that counts instead.
    """
    return with_thickness(told_scale(volume_of(node), values or given_values(node)), given_thickness_mm(node))
