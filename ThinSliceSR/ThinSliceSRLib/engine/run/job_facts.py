"""What the events of the main job tell: of its volumes, its model and its device as it starts, and of what came out."""

from __future__ import annotations

from typing import Any

from .. import ENGINE_VERSION
from ..devices.device import Device
from ..synthesis.synthesize import Synthesis
from ..synthesis.tiling import CubePlan
from ..volumes.slab_profile import slab_profile_of
from ..volumes.slice_thickness import thickness_told_by
from ..volumes.volume import Acquisition, Volume
from ..weights.weights_file import Model


def start_facts(
    thick: Volume, axis: int, slices: int, spacing_mm: float, model: Model, device: Device, plan: CubePlan
) -> dict[str, Any]:
    """thick: its slices lie along k; sizes are told as they are stored, with the slices along `axis` (of i, j, k).

    slices, spacing_mm: of the result. The series of a DICOM input is told too, as one of several may have been taken.
    """
    native_slices = model.configuration.ratio * (len(thick.hu) - 1) + 1
    native_spacing = thick.spacing_mm[2] / model.configuration.ratio

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
    return {
        "slice_axis": axis,
        "input": {
            **grid(len(thick.hu), thick.spacing_mm[2]),
            "slab": told,
            "values": thick.acquisition.values or "as stored",
            **_series_facts(thick.acquisition),
        },
        "output": grid(slices, spacing_mm),
        # The grid of the preview and of the slices that are told as they are finished.
        "synthesis": grid(native_slices, native_spacing),
        "device": device.label,
        "precision": device.precision,
        "weights": {"name": model.label, "sha256": model.sha256},
        "engine_version": ENGINE_VERSION,
        "cubes": plan.cubes,
        "air": plan.air,
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
