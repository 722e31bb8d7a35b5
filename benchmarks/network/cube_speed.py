"""Seconds per cube: the engine's network beside the published layers and beside products of matrices, in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from statistics import median
from typing import Any

import numpy as np
import torch
from ThinSliceSRLib.engine.devices.device import PRECISIONS, Device, choose_device
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL, ForSlabs
from ThinSliceSRLib.engine.synthesis.memory_ladder import MemoryLadder, Rung, rungs_from
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.weights.weights_file import untrained_network

from .matrix_speed import best_speeds, network_products, product_measurement
from .operations import network_operations
from .published_network import PublishedNetwork
from .timing import Timing, interleaved, median_cores, median_ratio, timed

PUBLISHED_LAYERS = "published layers"
ENGINE = "engine"


def measure_cubes(
    name: str, config: NetworkConfiguration, device: str, precisions: Sequence[str], in_plane: int, rounds: int
) -> list[dict[str, Any]]:
    """Rows for the published layers in float32 and for the engine in each precision, on one device.

    in_plane: rows and columns of the cube. The engine computes as many cubes at a time as it does by default on this
    device, moves them there and back, and every figure is per cube.
    """
    chosen = [choose_device(device, precision) for precision in precisions]
    where = chosen[0].torch_device
    cube = np.random.default_rng(0).random((config.cube[0], in_plane, in_plane), np.float32)
    engines = {device.precision: EngineCubes(untrained_network(config).eval(), device, cube) for device in chosen}
    # From a network of its own: the engine may keep the weights of its networks in another form.
    plain = PublishedNetwork(untrained_network(config).to(where))
    thick = torch.from_numpy(cube).to(where)[None, None]

    def run_plain() -> None:
        with torch.inference_mode():
            plain(thick)

    measurements: dict[Any, Callable[[], Timing]] = {PUBLISHED_LAYERS: lambda: timed(run_plain, where)}
    measurements |= {(ENGINE, precision): engine.measure for precision, engine in engines.items()}
    memory: dict[Any, Any] = {PUBLISHED_LAYERS: gpu_working_bytes(run_plain, where)}
    memory |= {(ENGINE, precision): engine.gpu_working_bytes() for precision, engine in engines.items()}

    products = network_products(config, in_plane, in_plane, where)
    for precision in dict.fromkeys(["float32", *engines]):
        for product in products:
            measurements[precision, product] = product_measurement(product, PRECISIONS[precision], where)
    timings = interleaved(measurements, rounds)

    operations = sum(network_operations(config, in_plane, in_plane).values())

    def row(implementation: str, precision: str, batch: int, of_batch: list[Timing]) -> dict[str, Any]:
        of_products = {product: timings[precision, product] for product in products}

        seconds = [timing.seconds / batch for timing in of_batch]
        speeds = best_speeds(of_products, attrgetter("seconds"))

        def cpu_ratios() -> dict[str, float]:
            """Of the least CPU time of all rounds: what disturbs a program adds to it, and nothing takes away."""
            least = min(timing.cpu_seconds for timing in of_batch) / batch
            speed = max(best_speeds(of_products, attrgetter("cpu_seconds")))
            published = min(timing.cpu_seconds for timing in timings[PUBLISHED_LAYERS])
            return {"times_published_cpu": published / least, "matrix_share_cpu": operations / least / speed}

        return {
            "model": name,
            "implementation": implementation,
            "device": chosen[0].label,
            "precision": precision,
            "cube": list(cube.shape),
            "batch": batch,
            "seconds": median(seconds),
            "times_published": median_ratio([t.seconds for t in timings[PUBLISHED_LAYERS]], seconds),
            "operations": operations,
            "matrix_speed": median(speeds),
            "matrix_share": median_ratio([operations / s for s in seconds], speeds),
            "cores": median_cores(of_batch),
            # A GPU works while the CPU waits.
            **({} if chosen[0].is_gpu else cpu_ratios()),
        }

    plain_row = row(PUBLISHED_LAYERS, "float32", 1, timings[PUBLISHED_LAYERS])
    return [
        plain_row | {"gpu_working_bytes": memory[PUBLISHED_LAYERS]},
        *(
            row(ENGINE, precision, engine.batch, timings[ENGINE, precision]) | memory[ENGINE, precision]
            for precision, engine in engines.items()
        ),
    ]


class EngineCubes:
    """Cubes through the engine, as `synthesize` sends them."""

    def __init__(self, network: CTHNet, device: Device, cube: np.ndarray) -> None:
        self.network = ForSlabs(network, torch.tensor([TYPICAL]))
        self.device, self.cube = device, cube
        self.batch = rungs_from(device, device.precision, network.config, OVERLAPPED)[0].cubes

    def measure(self) -> Timing:
        """The time of one batch."""
        return timed(self.run, self.device.torch_device)

    def run(self) -> None:
        self._run(self.batch)

    def gpu_working_bytes(self) -> dict[str, int | None]:
        """What the default batch takes, and a single cube."""
        where = self.device.torch_device
        return {
            "gpu_working_bytes": gpu_working_bytes(self.run, where),
            "gpu_working_bytes_of_one": gpu_working_bytes(lambda: self._run(1), where),
        }

    def _run(self, count: int) -> None:
        ladder = MemoryLadder(self.network, [Rung(self.device, count)])
        for _ in ladder.outputs([self.cube] * count):
            pass


def gpu_working_bytes(work: Callable[[], None], device: torch.device) -> int | None:
    """The most memory of a CUDA GPU that tensors take while the work runs, beyond weights and what else is there."""
    if device.type != "cuda":
        return None
    work()  # moves the weights
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before
