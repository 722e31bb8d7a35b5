"""Cubes side by side on the CPU: really at once, each with its share of the threads, and the same as one by one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from models import SLABS
from pretended_gpu import CPU, CUBE, random_model
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.network.slab_inputs import ForSlabs
from ThinSliceSRLib.engine.synthesis.memory_ladder import MemoryLadder, Rung
from ThinSliceSRLib.engine.synthesis.side_by_side import side_by_side

CUBES = torch.from_numpy(np.random.default_rng(0).random((3, 1, *CUBE), np.float32))
LONG = 600  # seconds: until then, threads that were to meet have met or never will


@pytest.fixture(autouse=True)
def five_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(5)
    yield
    torch.set_num_threads(before)


class Meeting(torch.nn.Module):
    """A network that gives back its input once three of its kind are under way, and remembers what each was given."""

    def __init__(self) -> None:
        super().__init__()
        self.all_there = threading.Barrier(3)
        self.threads: list[int] = []
        self.precisions: set[torch.dtype] = set()

    def forward(self, cube: torch.Tensor) -> torch.Tensor:
        assert torch.is_inference_mode_enabled()
        self.all_there.wait(LONG)
        self.threads.append(torch.get_num_threads())
        self.precisions.add((torch.ones(2, 2) @ torch.ones(2, 2)).dtype)
        return cube


def test_all_are_under_way_at_once_with_all_threads_between_them_in_the_precision_of_the_device():
    meeting = Meeting()
    made = side_by_side(meeting, CUBES, Device(torch.device("cpu"), "", "bf16"))
    np.testing.assert_array_equal(made, CUBES)
    assert sorted(meeting.threads) == [1, 2, 2]
    assert meeting.precisions == {torch.bfloat16}
    assert torch.get_num_threads() == 5


def test_more_cubes_than_threads_have_one_each():
    torch.set_num_threads(2)
    meeting = Meeting()
    side_by_side(meeting, CUBES, CPU)
    assert meeting.threads == [1, 1, 1]


def test_the_outputs_are_those_of_each_cube_alone():
    network = ForSlabs(random_model().network, SLABS)
    with torch.inference_mode():
        alone = torch.cat([network(cube) for cube in CUBES.split(1)])
    np.testing.assert_allclose(side_by_side(network, CUBES, CPU), alone, rtol=0, atol=1e-6)


class Crowded(torch.nn.Module):
    """A network whose memory holds one cube: of three at once, two fail."""

    def __init__(self) -> None:
        super().__init__()
        self.all_there = threading.Barrier(3)
        self.shared = True

    def forward(self, cube: torch.Tensor) -> torch.Tensor:
        if self.shared and self.all_there.wait(LONG) > 0:
            self.shared = False
            torch.empty(1 << 60)
        return cube


def test_a_cpu_whose_memory_does_not_hold_them_goes_on_with_one():
    told: list[Finding] = []
    ladder = MemoryLadder(Crowded(), [Rung(CPU, 3), Rung(CPU)], told.append)
    cubes = [cube.numpy()[0] for cube in CUBES]
    np.testing.assert_array_equal([output for (output,) in ladder.outputs(cubes)], cubes)
    assert [finding.message for finding in told] == [
        "The computer's memory does not suffice for 3 cubes at a time; going on with one."
    ]
    assert torch.get_num_threads() == 5
