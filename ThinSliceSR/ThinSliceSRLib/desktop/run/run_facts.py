"""What the worker's event `started` and the later ones tell of a run, as the result volumes need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..scene.result_volume import ResultGrid
from ..worker.slice_feed import RawSlices


def grid_of(facts: dict[str, Any], name: str) -> ResultGrid:
    """name: `synthesis`, of the preview and of slices as they are finished, or `output`, of the files at the end."""
    axis = facts["slice_axis"]
    return ResultGrid(axis, facts[name]["size"][axis], facts[name]["spacing_mm"][axis])


def raw_slices(facts: dict[str, Any], file: Path, name: str) -> RawSlices:
    """The slices of a file on the grid of this name, see `grid_of`."""
    i, j, k = facts[name]["size"]
    return RawSlices(file, (k, j, i), facts["slice_axis"])


def provenance(facts: dict[str, Any]) -> dict[str, str]:
    """What the results say of how they were made, as node attributes."""
    slab = facts["input"]["slab"]
    return {
        "Model": facts["weights"]["name"],
        "ModelSha256": facts["weights"]["sha256"],
        "EngineVersion": facts["engine_version"],
        "Device": facts["device"],
        "Precision": facts["precision"],
        "Air": facts["air"],
        "SlabConsistency": facts["slab_consistency"],
        "Quality": facts.get("quality", "standard"),
        "SlabMm": f"{slab['thickness_mm']:g}",
        "SlabMmToldBy": slab["told_by"],
        "Values": facts["input"].get("values", "as stored"),
        "ThickSpacingMm": f"{slab['spacing_mm']:g}",
        "SpacingMm": f"{facts['output']['spacing_mm'][facts['slice_axis']]:g}",
        "Seconds": f"{facts['seconds']:g}",
        "SlabErrorMeanHU": f"{facts['slab_error_hu']['mean']:g}",
    }
