"""What the events of the main job tell: of its volumes, its model and its device as it starts, and of what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import ENGINE_VERSION
from ..provenance import on_or_off
from ..synthesis.synthesize import Synthesis
from ..volumes.slab_profile import slab_profile_of
from ..volumes.slice_thickness import thickness_told_by
from ..volumes.volume import Acquisition

if TYPE_CHECKING:
    from .job import Job
    from .plan import RunPlan


def start_facts(plan: RunPlan, job: Job) -> dict[str, Any]:
    """Sizes are told as they are stored, with the slices along the input's own axis.

    The series of a DICOM input is told too, as one of several may have been taken.
    """
    thick, axis = plan.thick, plan.axis

    def grid(slices: int, spacing_mm: float) -> dict[str, Any]:
        size, spacing = list(thick.size[:2]), list(thick.spacing_mm[:2])
        size.insert(axis, slices)
        spacing.insert(axis, spacing_mm)
        return {"size": size, "spacing_mm": spacing}

    slab = slab_profile_of(thick)
    told = {
        "thickness_mm": slab.thickness_mm,
        "spacing_mm": slab.spacing_mm,
        "told_by": thickness_told_by(thick),
    }
    device, model = plan.computing.device, plan.computing.model
    return {
        "slice_axis": axis,
        "input": {
            **grid(len(thick.hu), thick.spacing_mm[2]),
            "slab": told,
            "values": thick.acquisition.values or "as stored",
            **_series_facts(thick.acquisition),
        },
        "output": grid(len(plan.places), plan.spacing_mm),
        # The grid of the preview and of the slices that are told as they are finished.
        "synthesis": grid(len(plan.native_places), plan.native_spacing_mm),
        "device": device.label,
        "precision": device.precision,
        "weights": {"name": model.label, "sha256": model.sha256},
        "engine_version": ENGINE_VERSION,
        "cubes": plan.cubes.cubes,
        "air": plan.cubes.air,
        "slab_consistency": on_or_off(job.slab_consistent),
        "quality": job.quality,
    }


def _series_facts(acquisition: Acquisition) -> dict[str, Any]:
    if acquisition.series_uid is None:
        return {}
    return {"series": {"uid": acquisition.series_uid, "description": acquisition.series_description}}


def finish_facts(outputs: dict[str, str], result: Synthesis, seconds: float) -> dict[str, Any]:
    """outputs: the paths of what was written, by what it is."""
    error = result.slab_error
    return {
        "seconds": round(seconds, 1),
        "outputs": outputs,
        "device": result.device,
        "precision": result.precision,
        "slab_bell_share": round(result.profile.bell, 2),
        "slab_error_hu": {"mean": round(error.mean, 3), "p99": round(error.p99, 3)},
    }
