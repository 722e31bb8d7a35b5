"""Synthesis: a thick volume and a model in, the DLS volume out, cube by cube."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..network.configuration import NetworkConfiguration
from ..volumes.findings import Finding
from ..volumes.hounsfield import to_int16_hu
from ..volumes.volume import Volume
from ..weights.weights_file import Model
from .memory_ladder import MemoryLadder, Rung
from .slab import SlabError, add_between_slices, make_slab_consistent, slab_error
from .tiling import OVERLAPPED, CubePlan, Tiling, add_cube, cut_cube, plan_cubes


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
    """

    dls: Volume
    slab_error: SlabError
    device: str
    precision: str


def synthesize(
    thick: Volume,
    model: Model,
    rungs: Sequence[Rung],
    *,
    tiling: Tiling = OVERLAPPED,
    slab_consistent: bool = True,
    first_at_mm: float = 0.0,
    on_cube: Callable[[CubeDone], None] = lambda _: None,
    on_memory_step: Callable[[Finding], None] = lambda _: None,
) -> Synthesis:
    """The DLS volume of a thick one whose slices lie along k.

    Thick slice k lies on thin slice ratio·k; there are ratio·(n − 1) + 1 thin slices, none of them empty.
    HU below the model's range are taken for air, as what scanners store outside of their field of view; what exceeds
    the range is interpolated linearly and added.
    rungs: where to compute, and where to go on when memory runs out (each such step is told to `on_memory_step`).
    first_at_mm: the cubes nearest to this distance from the first slice are computed first.
    Raises DeviceError when the memory of the last rung does not suffice.
    """
    config = model.configuration
    ratio, half = config.ratio, config.ratio // 2
    lowest, highest = config.hu_range
    measured = np.maximum(thick.hu, lowest).astype(np.float32)
    scaled = (np.minimum(measured, highest) - lowest) / (highest - lowest)

    slices, rows, columns = measured.shape
    plan = plan_cubes(measured.shape, config, model.network.in_plane_multiple, tiling)
    slabs = np.zeros((slices, ratio, rows, columns), np.float32)
    places = slabs.reshape(slices * ratio, rows, columns)
    thin = places[half : half + ratio * (slices - 1) + 1]
    order = plan.order_from(first_at_mm / thick.spacing_mm[2] * ratio + half)
    ladder = MemoryLadder(model.network, rungs, on_memory_step)
    for done, (start, stop) in run_cubes(scaled, places, plan, order, config, ladder):
        first, last = max(start - half, 0), min(stop - half, len(thin))
        final = to_int16_hu(thin[first:last] * (highest - lowest) + lowest) if first < last else None
        on_cube(CubeDone(done, plan.cubes, first, final))

    places *= highest - lowest
    places += lowest
    in_range = np.minimum(measured, highest)
    if slab_consistent:
        # The outer slabs reach beyond the volume: what lies there is unknown, so they stay as the network made them.
        means = in_range.copy()
        means[[0, -1]] = slabs[[0, -1]].mean(axis=1)
        make_slab_consistent(slabs, means)
    add_between_slices(slabs, measured - in_range)
    np.clip(np.rint(places, out=places), lowest, np.iinfo(np.int16).max, out=places)
    dls = thick.on_slice_grid(to_int16_hu(thin), thick.spacing_mm[2] / ratio)
    whole = slice(1, -1) if slices > 2 else slice(None)
    error = slab_error(slabs[whole], measured[whole])
    return Synthesis(dls, error, ladder.device_label, ladder.precision)


def run_cubes(
    scaled: np.ndarray,
    places: np.ndarray,
    plan: CubePlan,
    order: Sequence[int],
    config: NetworkConfiguration,
    ladder: MemoryLadder,
) -> Iterator[tuple[int, tuple[int, int]]]:
    """Adds the output of every cube to `places` (thin slices of whole slabs, rows, columns), still scaled.

    Yields, after each cube, how many are done and which places (start, stop) became final with it.
    """
    kept = slice(config.trim, config.thin_slices - config.trim)
    in_plane = list(itertools.product(plan.rows, plan.columns))
    cubes = [(index, rows, columns) for index in order for rows, columns in in_plane]
    outputs = ladder.outputs(
        cut_cube(scaled, plan.thick_starts[index], config.cube[0], rows, columns) for index, rows, columns in cubes
    )
    for done, ((index, rows, columns), output) in enumerate(zip(cubes, outputs, strict=True), start=1):
        add_cube(places, output[kept].clip(0, 1), (plan.slices[index], rows, columns))
        layers, cubes_of_next_layer = divmod(done, len(in_plane))
        yield done, (0, 0) if cubes_of_next_layer else plan.final_places(index, order[layers:])
