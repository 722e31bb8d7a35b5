"""The memory ladder: a run that runs out of memory goes on with fewer cubes at a time, and in the end on the CPU.

The outputs of the cubes are summed in main memory on every rung, so a GPU only ever holds the cubes of one batch.
Without a GPU, tests go down rungs that all lie on the CPU, with networks that raise what PyTorch raises when memory
runs out; what a GPU itself raises, and that its memory is free again after a step, they cannot prove.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..devices.device import Device, choose_device, precisions_of_cpu
from ..devices.device_memory import device_memory
from ..errors import DeviceError
from ..events.finding import Finding
from ..network.configuration import NetworkConfiguration
from .side_by_side import may_compute_side_by_side, side_by_side
from .tiling import Tiling

# How PyTorch says it on CPUs (Linux, Windows) and GPUs, and how cuDNN and cuBLAS do; only CUDA has an exception for it.
OUT_OF_MEMORY = ("can't allocate memory", "not enough memory", "out of memory", "alloc_failed")
# As many cubes as lie beside each other in a matrix of 512×512; more would only delay the first finished slices.
MOST_CUBES = 4
# Measured for the base and the small network (float32, on a CPU): what a cube takes at its peak, by its widest layer.
BYTES_PER_WIDEST_VALUE = 14
SHARE_OF_FREE_MEMORY = 0.5  # the rest is for what cuDNN takes, and for other programs
MOST_BYTES = 4 * 10**9  # more would keep no GPU busier
MOST_BYTES_OF_CPUS = 1.1e9  # what one cube of the base network takes


@dataclass(frozen=True)
class Rung:
    """A device, and how many cubes it computes at a time."""

    device: Device
    cubes: int = 1


def rungs_from(device: Device, precision: str, config: NetworkConfiguration, tiling: Tiling) -> list[Rung]:
    """The rungs of a run that begins on `device`; precision: as wanted by the user, which the CPU has to choose anew.

    A GPU computes as many cubes at a time as fit into its free memory, then half of them, down to one; then comes the
    CPU, which does the same with as many as divide its threads and take no more memory than one of the base network.
    """
    pixels = int(tiling.in_plane * tiling.stretch) ** 2
    if device.is_gpu:
        cubes = cubes_that_fit(device_memory(device.torch_device).free_bytes, config, pixels)
    else:
        cubes = cubes_side_by_side(config, pixels)
    rungs = [Rung(device, cubes)]
    while cubes > 1:
        cubes //= 2
        rungs.append(Rung(device, cubes))
    if device.is_gpu:
        on_cpu = precision if precision in precisions_of_cpu() else "auto"
        rungs += rungs_from(choose_device("cpu", on_cpu), on_cpu, config, tiling)
    return rungs


def cubes_that_fit(free_bytes: int | None, config: NetworkConfiguration, pixels: int) -> int:
    """How many cubes of `pixels` in-plane a GPU computes at a time; one where it does not tell its free memory."""
    if free_bytes is None:
        return 1
    room = min(SHARE_OF_FREE_MEMORY * free_bytes, MOST_BYTES)
    return min(max(int(room / bytes_of_cube(config, pixels)), 1), MOST_CUBES)


def cubes_side_by_side(config: NetworkConfiguration, pixels: int) -> int:
    """How many cubes of `pixels` in-plane a CPU computes side by side, each with as many threads."""
    if not may_compute_side_by_side():
        return 1
    threads = torch.get_num_threads()
    most = max(1, min(int(MOST_BYTES_OF_CPUS / bytes_of_cube(config, pixels)), MOST_CUBES))
    return max(cubes for cubes in range(1, most + 1) if threads % cubes == 0)


def bytes_of_cube(config: NetworkConfiguration, pixels: int) -> float:
    """What a cube of `pixels` in-plane takes at its peak."""
    widest = max(
        config.mlp_ratio * config.cube[0] * config.encoder_channels,
        config.mlp_ratio * config.thin_slices * config.slice_channels,
        config.thin_slices * config.tail_channels,
    )
    return BYTES_PER_WIDEST_VALUE * widest * pixels / config.in_plane_fold**2


@dataclass(frozen=True)
class BatchOutputs:
    """Outputs (cubes, channels, thin slices, rows, columns) in main memory, once `copied` has happened if it has to."""

    values: torch.Tensor
    copied: torch.cuda.Event | None = None

    @staticmethod
    def of(network: torch.nn.Module, thick: torch.Tensor, device: torch.device) -> BatchOutputs:
        """What the network makes of (cubes, 1, thick slices, rows, columns); CUDA is not waited for."""
        if device.type != "cuda":
            return BatchOutputs(network(thick.to(device)).float().cpu())
        thin = network(thick.pin_memory().to(device, non_blocking=True)).float()
        values = torch.empty(thin.shape, pin_memory=True)
        values.copy_(thin, non_blocking=True)
        copied = torch.cuda.Event()
        copied.record(torch.cuda.current_stream(device))
        return BatchOutputs(values, copied)

    def arrays(self) -> Iterator[np.ndarray]:
        """The output of each cube."""
        if self.copied:
            self.copied.synchronize()
        yield from self.values.numpy()


class MemoryLadder:
    """Runs cubes through a network on the first rung, and goes down as far as memory makes it.

    on_step: is told each step down as a warning `memory_step`.
    """

    def __init__(
        self, network: torch.nn.Module, rungs: Sequence[Rung], on_step: Callable[[Finding], None] = lambda _: None
    ) -> None:
        self._network = network
        self._rungs = list(rungs)
        self._on_step = on_step
        self._used: dict[Device, None] = {}

    @property
    def device_label(self) -> str:
        """The device that computed, or the devices in their order: "cuda:0 NVIDIA … then cpu"."""
        return " then ".join(device.label for device in self._used)

    @property
    def precision(self) -> str:
        """The precision of what was computed, or the precisions in their order: "fp16 then float32"."""
        return " then ".join(dict.fromkeys(device.precision for device in self._used))

    def outputs(self, cubes: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """The network's output (channels, thin slices, rows, columns; float32) for each cube.

        Cubes are (thick slices, rows, columns), all of one shape; they are taken as they are needed and come back in
        their order. A CUDA GPU computes a batch while the outputs of the one before are used. Only a batch that failed
        is computed again.
        Raises DeviceError when the memory of the last rung does not suffice.
        """
        cubes = iter(cubes)
        waiting: list[np.ndarray] = []
        on_its_way: BatchOutputs | None = None
        while True:
            wanted = self._rungs[0].cubes
            waiting += itertools.islice(cubes, max(wanted - len(waiting), 0))
            batch = waiting[:wanted]
            outputs = self._compute(np.stack(batch)) if batch else None
            if on_its_way:
                yield from on_its_way.arrays()
                on_its_way = None
            if not batch:
                return
            if outputs is None:
                # Only here, as the exception, which holds the tensors of the failed attempt, is gone by now.
                self._step_down(len(batch))
                continue
            del waiting[: len(batch)]
            if outputs.copied:
                on_its_way = outputs
            else:
                yield from outputs.arrays()

    def _compute(self, batch: np.ndarray) -> BatchOutputs | None:
        """The outputs for a batch (cubes, thick slices, rows, columns); None when another rung has to compute it."""
        device = self._rungs[0].device
        try:
            network = self._network.to(device.torch_device)
            cubes = torch.from_numpy(batch)[:, None]
            if len(cubes) > 1 and not device.is_gpu:
                outputs = BatchOutputs(side_by_side(network, cubes, device))
            else:
                with torch.inference_mode(), device.autocast():
                    outputs = BatchOutputs.of(network, cubes, device.torch_device)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            if not self._rungs_below(len(batch)):
                raise _not_enough_memory(device) from error
            return None
        self._used[device] = None
        return outputs

    def _rungs_below(self, tried: int) -> list[Rung]:
        """The rungs that need less than `tried` cubes on this one: fewer cubes than that, or another device."""
        device = self._rungs[0].device
        return [rung for rung in self._rungs[1:] if rung.device != device or rung.cubes < tried]

    def _step_down(self, tried: int) -> None:
        device = self._rungs[0].device
        self._rungs = self._rungs_below(tried)
        if device.torch_device.type != "cpu":
            getattr(torch, device.torch_device.type).empty_cache()  # torch.cuda, torch.xpu or torch.mps
        self._on_step(Finding("warning", "memory_step", _step_in_words(device, tried, self._rungs[0])))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception of PyTorch or Python says that memory does not suffice."""
    if isinstance(error, (torch.cuda.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(phrase in str(error).lower() for phrase in OUT_OF_MEMORY)


def _step_in_words(device: Device, tried: int, below: Rung) -> str:
    whose = "GPU" if device.is_gpu else "computer"
    failed = f"{tried} cubes at a time" if tried > 1 else "one cube"
    if below.device == device:
        onward = f"{below.cubes}" if below.cubes > 1 else "one"
    else:
        onward = below.device.label if below.device.is_gpu else "the CPU, which takes longer"
    return f"The {whose}'s memory does not suffice for {failed}; going on with {onward}."


def _not_enough_memory(device: Device) -> DeviceError:
    other = "use --device cpu" if device.is_gpu else "close other programs or crop the volume"
    return DeviceError(f"The memory of {device.label} does not suffice; {other}.", "not_enough_memory")
