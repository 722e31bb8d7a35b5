"""Seconds from HU array to HU array in a process that is warm: what a GPU takes once it has been used."""

from __future__ import annotations

from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.synthesis.memory_ladder import rungs_from
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model, untrained_network

from .timing import interleaved, median_seconds, timed


def warm_synthesis_seconds(
    config: NetworkConfiguration, volume: Volume, device: str, precision: str, rounds: int
) -> float:
    """The median of some syntheses of the whole volume, after one that does not count."""
    model = Model("untrained", untrained_network(config).eval(), sha256="", trained=False)
    chosen = choose_device(device, precision)
    rungs = rungs_from(chosen, precision, config, OVERLAPPED)
    measurement = {"synthesis": lambda: timed(lambda: synthesize(volume, model, rungs), chosen.torch_device)}
    return median_seconds(interleaved(measurement, rounds)["synthesis"])
