"""The fourth step of a run: the volumes themselves, each with what its header says of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..calibration.calibration import SlabCalibration
from ..devices.threads import threads_in_use
from ..doubt.expected_error import expected_error
from ..doubt.trial import lung_trial
from ..events.progress import Reporter
from ..provenance import bis_header, difference_header, dls_header, doubt_header, preview_header, thick_slices_entries
from ..synthesis.memory_ladder import Rung, rungs_from
from ..synthesis.resampling import interpolate, resample_slices
from ..synthesis.synthesize import CubeDone, Synthesis, synthesize
from ..synthesis.tiling import TILINGS
from ..volumes.volume import Volume
from .difference import difference_of

if TYPE_CHECKING:
    from .job import Job
    from .plan import RunPlan
    from .run_outputs import RunOutputs

ResultKind = Literal["dls", "bis", "doubt", "difference"]


@dataclass(frozen=True)
class MadeVolume:
    """A result with the axes of the input, and the entries of its header."""

    kind: ResultKind
    volume: Volume
    header: dict[str, str]


def make_results(
    job: Job, plan: RunPlan, reporter: Reporter, outputs: RunOutputs
) -> tuple[Synthesis, list[MadeVolume]]:
    """What the network made, and all volumes that the job asks for, the DLS volume first.

    The preview of `outputs` begins while the first cubes are computed, and shows slices as they become final.
    Raises DeviceError, CannotWrite.
    """
    if job.bicubic or job.difference or job.preview:
        reporter.progress("interpolate", 0, 1)
    with ThreadPoolExecutor(1, "interpolation") as beside:
        interpolation = beside.submit(_interpolated, job, plan, outputs)
        if threads_in_use() == 1:
            interpolation.result()  # else one thread more for a moment, which a run of one must not have
        reporter.progress("synthesize", 0, plan.cubes.cubes)
        configuration = plan.computing.model.configuration
        rungs = rungs_from(plan.computing.device, job.precision, configuration, TILINGS[job.tiling])
        result = _synthesised(job, plan, rungs, reporter, outputs, interpolation)
        bis = interpolation.result()
    calibration = None
    if plan.computing.calibration:
        ratios = lung_trial(plan.thick, plan.computing.model, rungs) if plan.computing.calibration.trial else {}
        profile = result.profile
        calibration = plan.computing.calibration.for_volume(profile.spacing_mm, profile.overlap, ratios)
    return result, _results(job, plan, result, bis, calibration)


def _interpolated(job: Job, plan: RunPlan, outputs: RunOutputs) -> Volume | None:
    """The BIS volume, if it is wanted. The preview, if there is to be one, has begun by then."""
    bis = interpolate(plan.thick, plan.places) if job.bicubic or job.difference else None
    if job.preview:
        first_look = bis if bis and plan.native else interpolate(plan.thick, plan.native_places)
        outputs.start_preview(plan.as_stored(first_look), plan.axis, preview_header(plan.computing.model))
    return bis


def _synthesised(
    job: Job,
    plan: RunPlan,
    rungs: Sequence[Rung],
    reporter: Reporter,
    outputs: RunOutputs,
    interpolation: Future[Volume | None],
) -> Synthesis:
    def tell(cube: CubeDone) -> None:
        slices = None
        if interpolation.done() or (cube.hu is not None and job.preview):
            interpolation.result()  # whose failure is told at once, and without which there is no preview
        if cube.hu is not None:
            slices = (cube.first_slice, cube.first_slice + len(cube.hu) - 1)
            outputs.show(cube.first_slice, cube.hu)
        reporter.progress("synthesize", cube.done, cube.total, slices)

    computing = plan.computing
    return synthesize(
        plan.thick,
        computing.model,
        rungs,
        plan.cubes,
        slab_consistent=job.slab_consistent,
        quality=job.quality,
        doubt=computing.calibration is not None,
        first_at_mm=job.first_at_mm,
        on_cube=tell,
        on_memory_step=reporter.warning,
    )


def _results(
    job: Job, plan: RunPlan, result: Synthesis, bis: Volume | None, calibration: SlabCalibration | None
) -> list[MadeVolume]:
    model = plan.computing.model
    tilt = plan.thick.acquisition.tilt_degrees
    made_of = thick_slices_entries(plan.thick, job.spacing, plan.spacing_mm)
    thin = result.dls if plan.native else resample_slices(result.dls, plan.spacing_mm)
    dls = plan.as_stored(thin)
    results = [MadeVolume("dls", dls, dls_header(model, result, job.slab_consistent, tilt) | made_of)]
    bis = plan.as_stored(bis) if bis else None
    if bis and job.bicubic:
        results.append(MadeVolume("bis", bis, bis_header(tilt) | made_of))
    if result.doubt and calibration:
        doubt = expected_error(result.doubt, thin, calibration, plan.places)
        header = doubt_header(model, calibration, tilt) | made_of
        results.append(MadeVolume("doubt", plan.as_stored(doubt), header))
    if bis and job.difference:
        results.append(MadeVolume("difference", difference_of(dls, bis), difference_header(model) | made_of))
    return results
