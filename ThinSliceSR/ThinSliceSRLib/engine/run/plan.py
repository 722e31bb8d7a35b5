"""The third step of a run: which model computes on which device, where the thin slices lie, and in which cubes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..calibration.calibration import Calibration
from ..devices.device import Device, choose_device
from ..doubt.expected_error import require_calibration
from ..events.finding import Finding
from ..synthesis.resampling import places_at
from ..synthesis.synthesize import plan_for
from ..synthesis.thin_spacing import thin_spacing_mm
from ..synthesis.tiling import TILINGS, CubePlan
from ..volumes.volume import Volume
from ..weights.model_choice import choose_model
from ..weights.trained_for import untrained_for
from ..weights.weights_file import Model
from .thick_input import ThickInput

if TYPE_CHECKING:
    from .job import Job


@dataclass(frozen=True)
class Computing:
    """What computes. calibration: of the model's doubt, where the doubt is wanted."""

    device: Device
    model: Model
    calibration: Calibration | None = None


@dataclass(frozen=True)
class RunPlan:
    """What is to be made of which volume, by what.

    thick: the input with its slices along k. axis: the axis (of i, j, k) along which files hold them.
    places: of the thin slices that are wanted, native_places: of those that the network makes; both counted in thick
    slices. spacing_mm: of the wanted ones.
    """

    computing: Computing
    thick: Volume
    axis: int
    native_places: np.ndarray
    places: np.ndarray
    spacing_mm: float
    cubes: CubePlan

    @property
    def native(self) -> bool:
        """Whether the wanted thin slices are those that the network makes."""
        return self.places is self.native_places

    @property
    def native_spacing_mm(self) -> float:
        return self.thick.spacing_mm[2] / self.computing.model.configuration.ratio

    def as_stored(self, volume: Volume) -> Volume:
        """A volume whose slices lie along k, with its axes in the order of the input."""
        return volume.permuted(tuple(int(index) for index in np.argsort(_slices_last(self.axis))))

    def voxels(self, native: bool = False) -> int:
        """How many a result has, or (native) what the network makes."""
        slices = len(self.native_places if native else self.places)
        return math.prod(self.thick.size[:2]) * slices


def choose_computing(job: Job) -> Computing:
    """Raises DeviceError or WeightsError."""
    device = choose_device(job.device, job.precision)
    model = choose_model(job.weights, device.is_gpu)
    return Computing(device, model, require_calibration(model) if job.doubt else None)


def plan_run(job: Job, source: Volume, computing: Computing) -> RunPlan:
    """source: a volume that is fit, see `check_thick`. Raises UnusableInput when its thin slices cannot be so."""
    axis = source.through_plane_axis
    thick = source.permuted(_slices_last(axis))
    ratio = computing.model.configuration.ratio
    native_places = np.arange(ratio * (len(thick.hu) - 1) + 1) / ratio
    spacing_mm = thin_spacing_mm(job.spacing, thick.spacing_mm[2], ratio)
    places = native_places if spacing_mm == thick.spacing_mm[2] / ratio else places_at(spacing_mm, thick)
    cubes = plan_for(thick, computing.model, TILINGS[job.tiling], job.skip_air == "on")
    return RunPlan(computing, thick, axis, native_places, places, spacing_mm, cubes)


def findings_for(thick: ThickInput, plan: RunPlan) -> list[Finding]:
    """What is to be told of the input, and of what the model was not trained for."""
    if any(finding.code == "spacing_unusual" for finding in thick.findings):  # which says the same of every model
        return thick.findings
    return [*thick.findings, *untrained_for(plan.computing.model, plan.thick)]


def _slices_last(axis: int) -> tuple[int, ...]:
    return (*(index for index in range(3) if index != axis), axis)
