"""What the worker's events `started` and `finished` tell of a run, as the result volumes need it."""

from __future__ import annotations

from pathlib import Path

from ...engine.events.told import Grid, SynthesisFinished, SynthesisStarted
from ..scene.result_volume import ResultGrid
from ..worker.slice_feed import RawSlices


def grid_of(started: SynthesisStarted, grid: Grid) -> ResultGrid:
    """grid: `synthesis`, of the preview and of slices as they are finished, or `output`, of the files at the end."""
    axis = started.slice_axis
    return ResultGrid(axis, grid.size[axis], grid.spacing_mm[axis])


def raw_slices(started: SynthesisStarted, file: Path, grid: Grid) -> RawSlices:
    """The slices of a file on this grid, see `grid_of`."""
    i, j, k = grid.size
    return RawSlices(file, (k, j, i), started.slice_axis)


def provenance(started: SynthesisStarted, finished: SynthesisFinished) -> dict[str, str]:
    """What the results say of how they were made, as node attributes."""
    slab = started.input.slab
    return {
        "Model": started.weights.name,
        "ModelSha256": started.weights.sha256,
        "EngineVersion": started.engine_version,
        "Device": finished.device,
        "Precision": finished.precision,
        "Air": started.air,
        "SlabConsistency": started.slab_consistency,
        "Quality": started.quality,
        "SlabMm": f"{slab.thickness_mm:g}",
        "SlabMmToldBy": slab.told_by,
        "Values": started.input.values,
        "ThickSpacingMm": f"{slab.spacing_mm:g}",
        "SpacingMm": f"{started.output.spacing_mm[started.slice_axis]:g}",
        "Seconds": f"{finished.seconds:g}",
        "SlabErrorMeanHU": f"{finished.slab_error_hu.mean:g}",
    }
