"""Cubes side by side on a CPU, each with some of the threads.

A step of one cube that is shared by all threads ends with its slowest one, and the steps of a small network are short:
cubes that need not wait for each other are done sooner, all the more beside other programs.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import torch

from ..devices.device import Device

# By which a user may have tied OpenMP's threads to cores, which all threads of a program would then begin with alike.
TYING = ("OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY", "KMP_AFFINITY")


def may_compute_side_by_side(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether PyTorch lets each thread of a program have threads of its own."""
    return torch.backends.openmp.is_available() and not any(name in environment for name in TYING)


def side_by_side(network: torch.nn.Module, cubes: torch.Tensor, device: Device) -> torch.Tensor:
    """The network's output (float32) for a batch of cubes (batch, 1, slices, rows, columns), each by itself."""
    threads = torch.get_num_threads()
    ends = [threads * done // len(cubes) for done in range(len(cubes) + 1)]
    shares = [max(1, end - start) for start, end in itertools.pairwise(ends)]

    def compute(cube: torch.Tensor, share: int) -> torch.Tensor:
        torch.get_num_threads()  # else the first step of this thread would set what another one has chosen meanwhile
        torch.set_num_threads(share)
        with torch.inference_mode(), device.autocast():  # which each thread has to be told
            return network(cube).float()

    try:
        with ThreadPoolExecutor(len(cubes)) as pool:
            return torch.cat(list(pool.map(compute, cubes.split(1), shares)))
    finally:
        torch.set_num_threads(threads)  # what a thread chooses is also that of threads to come
