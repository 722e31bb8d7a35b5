"""What the events of the main job tell: of its volumes, its model and its device as it starts, and of what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import ENGINE_VERSION
from ..events.told import Grid, Input, Series, Slab, SlabErrorHu, SynthesisFinished, SynthesisStarted, Weights
from ..provenance import on_or_off
from ..synthesis.synthesize import Synthesis
from ..volumes.slab_profile import slab_profile_of
from ..volumes.slice_thickness import thickness_told_by

if TYPE_CHECKING:
    from .job import Job
    from .plan import RunPlan


def start_facts(plan: RunPlan, job: Job) -> SynthesisStarted:
    """Sizes are told as they are stored, with the slices along the input's own axis."""
    device, model = plan.computing.device, plan.computing.model
    return SynthesisStarted(
        slice_axis=plan.axis,
        input=_input(plan),
        output=_grid(plan, len(plan.places), plan.spacing_mm),
        synthesis=_grid(plan, len(plan.native_places), plan.native_spacing_mm),
        device=device.label,
        precision=device.precision,
        weights=Weights(model.label, model.sha256),
        engine_version=ENGINE_VERSION,
        cubes=plan.cubes.cubes,
        air=plan.cubes.air,
        slab_consistency=on_or_off(job.slab_consistent),
        quality=job.quality,
    )


def _input(plan: RunPlan) -> Input:
    """The series of a DICOM input is told too, as one of several may have been taken."""
    thick = plan.thick
    grid = _grid(plan, len(thick.hu), thick.spacing_mm[2])
    slab = slab_profile_of(thick)
    told = thick.acquisition
    return Input(
        grid.size,
        grid.spacing_mm,
        Slab(slab.thickness_mm, slab.spacing_mm, thickness_told_by(thick)),
        told.values or "as stored",
        Series(told.series_uid, told.series_description) if told.series_uid is not None else None,
    )


def _grid(plan: RunPlan, slices: int, spacing_mm: float) -> Grid:
    size, spacing = list(plan.thick.size[:2]), list(plan.thick.spacing_mm[:2])
    size.insert(plan.axis, slices)
    spacing.insert(plan.axis, spacing_mm)
    return Grid((size[0], size[1], size[2]), (spacing[0], spacing[1], spacing[2]))


def finish_facts(outputs: dict[str, str], result: Synthesis, seconds: float) -> SynthesisFinished:
    """outputs: the paths of what was written, by what it is."""
    error = result.slab_error
    return SynthesisFinished(
        seconds=round(seconds, 1),
        outputs=outputs,
        device=result.device,
        precision=result.precision,
        slab_bell_share=round(result.profile.bell, 2),
        slab_error_hu=SlabErrorHu(round(error.mean, 3), round(error.p99, 3)),
    )
