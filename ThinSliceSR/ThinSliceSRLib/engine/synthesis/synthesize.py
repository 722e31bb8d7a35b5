"""Synthesis: a thick volume and a model in, the DLS volume out, cube by cube."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from ..errors import WeightsError
from ..events.finding import Finding
from ..network.flips import MeanOverFlips
from ..network.slab_inputs import ForSlabs, slab_inputs
from ..volumes.profile_shape import with_measured_shape
from ..volumes.slab_profile import SlabProfile, slab_profile_of
from ..volumes.volume import Volume
from ..weights.weights_file import Model
from .body import find_body
from .doubt_slices import DoubtSlices
from .memory_ladder import MemoryLadder, Rung
from .slab import SlabError
from .thin_slices import ThinSlices
from .tiling import OVERLAPPED, CubePlan, Tiling, cut_cube, plan_cubes

Quality = Literal["standard", "best"]


@dataclass(frozen=True)
class CubeDone:
    """Told after each cube: how many of all are done, and the thin slices that became final with it, if any.

    first_slice: of the final slices. hu: those slices in int16 HU, before the slab correction; (slices, rows, columns).
    """

    done: int
    total: int
    first_slice: int = 0
    hu: np.ndarray | None = None


@dataclass(frozen=True)
class Synthesis:
    """The DLS volume (int16 HU), and what remains between thick slices and those of its slabs that lie wholly in it.

    device, precision: what computed it, in words; "… then …" where memory ran out on the way.
    air: what was made of the air around the body, in words. profile: how the thick slices were taken to be measured.
    quality: see `synthesize`. doubt: the expected absolute error of each voxel (int16 HU) by the network itself, if it
        was asked for.
    """

    dls: Volume
    profile: SlabProfile
    slab_error: SlabError
    device: str
    precision: str
    air: str
    quality: Quality = "standard"
    doubt: Volume | None = None


def synthesize(
    thick: Volume,
    model: Model,
    rungs: Sequence[Rung],
    plan: CubePlan | None = None,
    *,
    profile: SlabProfile | None = None,
    slab_consistent: bool = True,
    quality: Quality = "standard",
    doubt: bool = False,
    first_at_mm: float = 0.0,
    on_cube: Callable[[CubeDone], None] = lambda _: None,
    on_memory_step: Callable[[Finding], None] = lambda _: None,
) -> Synthesis:
    """The DLS volume of a thick one whose slices lie along k.

    Thick slice k lies on thin slice ratio·k; there are ratio·(n − 1) + 1 thin slices, none of them empty.
    HU below the model's range are taken for air, as what scanners store outside of their field of view; what exceeds
    the range is interpolated linearly and added.
    rungs: where to compute, and where to go on when memory runs out (each such step is told to `on_memory_step`).
    plan: where the cubes lie, by `plan_for`; as a run plans them by default if it is left out.
    profile: how the thick slices were measured; if it is left out, what their source and their noise tell of it.
    quality: `best` takes the mean over the mirror images of each cube, in eight times the time.
    doubt: whether the doubt volume is wanted, too; only of models that have it.
    first_at_mm: the cubes nearest to this distance from the first slice are computed first.
    Raises DeviceError when the memory of the last rung does not suffice, WeightsError when an output is no number.
    """
    plan = plan or plan_for(thick, model)
    config = model.configuration
    profile = profile or with_measured_shape(slab_profile_of(thick), thick)
    thin = ThinSlices(thick.hu, config, profile, slab_consistent)
    order = plan.order_from(first_at_mm / thick.spacing_mm[2] * config.ratio + thin.half)
    doubts = DoubtSlices(thick.hu, config) if doubt else None
    network = _network_for(thick, model, profile, doubt)
    ladder = MemoryLadder(MeanOverFlips(network) if quality == "best" else network, rungs, on_memory_step)
    for cube_done in run_cubes(thick.hu, thin, plan, order, model, ladder, doubts):
        on_cube(cube_done)
    thin_mm = thick.spacing_mm[2] / config.ratio
    return Synthesis(
        thick.on_slice_grid(thin.hu, thin_mm),
        profile,
        thin.slab_error(),
        ladder.device_label,
        ladder.precision,
        plan.air,
        quality,
        thick.on_slice_grid(doubts.hu, thin_mm) if doubts else None,
    )


def _network_for(thick: Volume, model: Model, profile: SlabProfile, doubt: bool) -> torch.nn.Module:
    """The model's network, told how the slices of a volume were measured if it asks for that, and whether to doubt."""
    if not model.configuration.slab_inputs:
        return model.network
    pixel_mm = math.sqrt(thick.spacing_mm[0] * thick.spacing_mm[1])
    return ForSlabs(
        model.network, slab_inputs(profile.overlap, profile.spacing_mm / pixel_mm, profile.bell)[None], doubt
    )


def plan_for(thick: Volume, model: Model, tiling: Tiling = OVERLAPPED, skip_air: bool = True) -> CubePlan:
    """The cubes for a volume whose slices lie along k.

    skip_air: no cubes for the air around the body, which is interpolated. Cubes as published leave nothing out.
    """
    body = find_body(thick.hu) if skip_air and tiling.slice_overlap is not None else None
    return plan_cubes(thick.hu.shape, model.configuration, model.network.in_plane_multiple, tiling, body)


def run_cubes(
    thick: np.ndarray,
    thin: ThinSlices,
    plan: CubePlan,
    order: Sequence[int],
    model: Model,
    ladder: MemoryLadder,
    doubts: DoubtSlices | None = None,
) -> Iterator[CubeDone]:
    """Adds the outputs of all cubes of thick HU (slices, rows, columns) to the thin slices, layers in this order, and
    their second channels to the doubts."""
    config = model.configuration
    kept = slice(config.trim, config.thin_slices - config.trim)
    outputs = ladder.outputs(
        thin.scaled(cut_cube(thick, plan.layers[index].thick_start, config.cube[0], *spans))
        for index in order
        for spans in plan.layers[index].cubes
    )
    done = 0
    for position, index in enumerate(order, start=1):
        layer = plan.layers[index]
        thin.add_interpolated(layer)
        if doubts:
            doubts.add_interpolated(layer)
        for number, spans in enumerate(layer.cubes):
            if number > 0:  # the last cube of a layer is told together with the slices that became final
                yield CubeDone(done, plan.cubes)
            output = next(outputs)[:, kept]
            _require_numbers(output, model)
            thin.add_cube(output[0].clip(0, 1), layer.slices, *spans)
            if doubts:
                doubts.add_cube(output[1], layer.slices, *spans)
            done += 1
        final = plan.final_places(index, order[position:])
        if doubts:
            doubts.finish(*final)
        yield CubeDone(done, plan.cubes, *thin.finish(*final))


def _require_numbers(output: np.ndarray, model: Model) -> None:
    """NaN would become 0 HU, infinity the end of the model's range."""
    if not np.isfinite(output).all():
        raise WeightsError(
            f"The network of {model.label} gives values that are not finite numbers; give --precision float32, or use "
            "another model.",
            "weights_refused",
        )
