"""When memory runs out the run goes on, with fewer cubes at a time or on the CPU, says so, and gives the same volume.

There is no GPU here. The pretended one computes on the CPU in a memory that holds a given number of cubes; it cannot
prove what a real one raises, nor that its memory is free again after a step."""

from __future__ import annotations

import weakref
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from models import SLABS, TINY
from ThinSliceSRLib.engine.devices.device import Device, choose_device
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.weights.weights_file import Model
from torch.utils._python_dispatch import TorchDispatchMode

CPU = choose_device("cpu", "float32")
CUBE = (8, 16, 16)


class Memory(TorchDispatchMode):
    """Memory for so many bytes of tensors that are alive at a time; remembers the most that there were.

    It sees the tensors that operations give back, not what they need meanwhile.
    """

    def __init__(self, capacity: float = float("inf")) -> None:
        super().__init__()
        self.capacity = capacity
        self.peak = 0
        self._taken: dict[int, int] = {}
        self._users: Counter[int] = Counter()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else [made]:
            if isinstance(tensor, torch.Tensor):
                self._take(tensor)
        return made

    def _take(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        place = storage.data_ptr()
        self._users[place] += 1
        self._taken[place] = storage.nbytes()
        weakref.finalize(tensor, self._leave, place)
        self.peak = max(self.peak, sum(self._taken.values()))
        if sum(self._taken.values()) > self.capacity:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate too much.")

    def _leave(self, place: int) -> None:
        self._users[place] -= 1
        if not self._users[place]:
            del self._taken[place]


@dataclass(frozen=True)
class PretendGpu(Device):
    """Stands for a GPU: its memory holds `cubes_in_memory` cubes, and none after so many batches."""

    torch_device: torch.device = CPU.torch_device
    name: str = "pretended GPU"
    precision: str = "bf16"
    cubes_in_memory: int = 0
    until_batch: int = 1000
    batches: list[int] = field(default_factory=list, compare=False)

    is_gpu = True

    @contextmanager
    def autocast(self):
        """In float32 for all that it says, so that its results can be compared with those of the CPU."""
        full = len(self.batches) >= self.until_batch
        with Memory(0 if full else (self.cubes_in_memory + 0.5) * bytes_of_cube(random_model().network, CUBE)):
            yield
        self.batches.append(1)


def random_model() -> Model:
    torch.manual_seed(0)
    return Model("random", CTHNet(TINY).eval(), sha256="", trained=True)


def bytes_of_cube(network: CTHNet, cube: tuple[int, int, int]) -> int:
    """The most memory that the tensors of one cube take on its way through the network."""
    with torch.inference_mode(), Memory() as memory:
        network(torch.zeros(1, 1, *cube), SLABS)
    return memory.peak
