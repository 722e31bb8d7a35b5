"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from ...engine.run.options import ModelOptions, OrderOptions, QualityOptions, SliceOptions
from ..scene.seen_values import SeenValues


@dataclass(frozen=True)
class Request(ModelOptions, SliceOptions, QualityOptions, OrderOptions):
    """What the user asks for: nodes, and options of the engine's command line.

    dls, bis: nodes to be filled; None makes new ones. first_at_mm: see `viewed_slice_mm`. slab_mm, values: None takes
    what the user gave in the panel or, else, what the source says.
    wants_doubt: also a volume of how far the thin slices may lie from the truth; few models can tell.
    seen: a look at the values of the source, which is not repeated as long as they are the same.
    """

    source: slicer.vtkMRMLScalarVolumeNode
    dls: slicer.vtkMRMLScalarVolumeNode | None = None
    bis: slicer.vtkMRMLScalarVolumeNode | None = None
    wants_bis: bool = True
    wants_doubt: bool = False
    seen: SeenValues | None = None
