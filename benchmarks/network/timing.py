"""Measurements that can be compared although the machine is busy: interleaved, repeated, judged by their medians."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import torch

Key = TypeVar("Key")


@dataclass(frozen=True)
class Timing:
    """Seconds of wall clock, and cores: seconds of CPU per second. Fewer cores than threads: others used them too."""

    seconds: float
    cores: float

    @property
    def cpu_seconds(self) -> float:
        return self.seconds * self.cores


def timed(work: Callable[[], object], device: torch.device) -> Timing:
    """How long the work takes until the device is done with it."""
    synchronize(device)
    began, began_cpu = time.perf_counter(), time.process_time()
    work()
    synchronize(device)
    seconds = time.perf_counter() - began
    return Timing(seconds, (time.process_time() - began_cpu) / seconds)


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type != "cpu":
        getattr(torch, device.type).synchronize()


def interleaved(measurements: Mapping[Key, Callable[[], Timing]], rounds: int) -> dict[Key, list[Timing]]:
    """Each measurement once to warm up, then once in each round; every second round in the opposite order.

    So a slow spell of the machine falls on all of them, and the results of one round can be divided by each other.
    """
    for measure in measurements.values():
        measure()
    results: dict[Key, list[Timing]] = {key: [] for key in measurements}
    for number in range(rounds):
        order = list(measurements)[:: 1 if number % 2 == 0 else -1]
        for key in order:
            results[key].append(measurements[key]())
    return results


def median_seconds(timings: Sequence[Timing]) -> float:
    return median(timing.seconds for timing in timings)


def median_cores(timings: Sequence[Timing]) -> float:
    return median(timing.cores for timing in timings)


def median_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """The median of the ratios within each round."""
    return median(above / below for above, below in zip(numerators, denominators, strict=True))
