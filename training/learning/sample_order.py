"""Which sample comes when: counted from the step, so that a run that goes on sees what it would have seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from torch.utils.data import Sampler


@dataclass(frozen=True)
class SampleOrder(Sampler[int]):
    """Sample numbers for one of several equal processes, endless, from training step `first_step` on.

    All processes together take batch · processes samples in one step.
    """

    first_step: int
    batch: int
    process: int = 0
    processes: int = 1

    def __iter__(self) -> Iterator[int]:
        step = self.first_step
        while True:
            first = (step * self.processes + self.process) * self.batch
            yield from range(first, first + self.batch)
            step += 1
