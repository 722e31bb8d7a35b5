"""What marks a volume of the scene as synthetic: attributes of its node, which are saved and loaded with the scene.

Slicer reads this file while it starts, so it imports next to nothing.
"""

from __future__ import annotations

from typing import Literal

import slicer

ATTRIBUTE_PREFIX = "ThinSliceSR."
SYNTHETIC = ATTRIBUTE_PREFIX + "Synthetic"
KIND = ATTRIBUTE_PREFIX + "Kind"
RUN = ATTRIBUTE_PREFIX + "Run"  # the number of the run that made it, which later runs exceed
SOURCE_NODE_ID = ATTRIBUTE_PREFIX + "SourceNodeID"  # which stays when the node of its input goes
SOURCE_ROLE = ATTRIBUTE_PREFIX + "Source"  # of the reference to the node of its input
DOUBT_ROLE = ATTRIBUTE_PREFIX + "Doubt"  # of the reference of a DLS volume to its doubt

Kind = Literal["DLS", "BIS", "DOUBT"]


def mark(node: slicer.vtkMRMLNode, kind: Kind | None) -> None:
    """Lets the node say that it is synthetic, and what it is; None: something that others have made."""
    node.SetAttribute(SYNTHETIC, "yes")
    node.SetAttribute(KIND, kind)


def is_synthetic(node: slicer.vtkMRMLNode | None) -> bool:
    """Whether the node is a result of this module, also after it was renamed, or saved with its scene and loaded."""
    return node is not None and node.GetAttribute(SYNTHETIC) == "yes"


def kind_of(result: slicer.vtkMRMLNode) -> Kind | None:
    """Whether a result is a DLS, a BIS or a doubt volume."""
    return result.GetAttribute(KIND)


def run_of(result: slicer.vtkMRMLNode) -> int:
    """The number of the run that made a result; 0 when it does not say, as of a series from DICOM."""
    number = result.GetAttribute(RUN) or ""
    return int(number) if number.isdecimal() else 0
