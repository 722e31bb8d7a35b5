"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import slicer

from ..scene.seen_values import SeenValues


@dataclass(frozen=True)
class Request:
    """What the user asks for. dls, bis: nodes to be filled; None makes new ones.

    weights, device, precision, spacing, quality: as the engine's command line takes them. first_at_mm: see
    `viewed_slice_mm`. slab_mm, values: how thick the slices are, and on which scale their values (see `value_scale`);
    None takes what the user gave in the panel or, else, what the source says. threads: of the CPU, a number or auto.
    wants_doubt: also a volume of how far the thin slices may lie from the truth; few models can tell.
    seen: a look at the values of the source, which is not repeated as long as they are the same.
    """

    source: slicer.vtkMRMLScalarVolumeNode
    dls: slicer.vtkMRMLScalarVolumeNode | None = None
    bis: slicer.vtkMRMLScalarVolumeNode | None = None
    wants_bis: bool = True
    weights: str = "auto"
    device: str = "auto"
    precision: str = "auto"
    spacing: str | float = "auto"
    first_at_mm: float = 0.0
    slab_mm: float | None = None
    values: str | None = None
    threads: str | int = "auto"
    quality: str = "standard"
    wants_doubt: bool = False
    seen: SeenValues | None = None
