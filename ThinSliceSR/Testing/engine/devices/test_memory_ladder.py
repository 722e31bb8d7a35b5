"""How the ladder knows that memory has run out, what it tries next, and where a run begins."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch
from models import SLABS
from pretended_gpu import CPU, CUBE, PretendGpu, bytes_of_cube, random_model
from ThinSliceSRLib.engine.devices.device import Device, choose_device
from ThinSliceSRLib.engine.devices.device_memory import DeviceMemory
from ThinSliceSRLib.engine.errors import DeviceError
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.progress import BarReporter
from ThinSliceSRLib.engine.network.configuration import BASE, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.slab_inputs import ForSlabs
from ThinSliceSRLib.engine.synthesis import memory_ladder
from ThinSliceSRLib.engine.synthesis.memory_ladder import (
    SHARE_OF_FREE_MEMORY,
    MemoryLadder,
    Rung,
    cubes_that_fit,
    rungs_from,
)
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED


def test_a_batch_that_was_smaller_than_its_rung_is_not_tried_again_as_it_is():
    gpu = PretendGpu(cubes_in_memory=0)
    told: list[Finding] = []
    network = ForSlabs(random_model().network, SLABS)
    ladder = MemoryLadder(network, [Rung(gpu, 4), Rung(gpu, 2), Rung(gpu, 1), Rung(CPU)], told.append)
    assert len(list(ladder.outputs([np.zeros(CUBE, np.float32)]))) == 1
    assert [step.message for step in told] == [
        "The GPU's memory does not suffice for one cube; going on with the CPU, which takes longer."
    ]


class Failing(torch.nn.Module):
    """A network that fails in a given way for that many cubes, or more."""

    def __init__(self, fail: Callable[[], object], cubes: int = 2) -> None:
        super().__init__()
        self.fail = fail
        self.cubes = cubes

    def forward(self, thick: torch.Tensor) -> torch.Tensor:
        if len(thick) >= self.cubes:
            self.fail()
        return thick


def failing_with(error: BaseException, cubes: int = 2) -> Failing:
    def fail() -> None:
        raise error

    return Failing(fail, cubes)


ROOMY = PretendGpu(cubes_in_memory=1000)  # computes all cubes of a batch at once, on the CPU
CUBES = list(np.random.default_rng(0).random((3, *CUBE), np.float32))


@pytest.mark.parametrize(
    "network",
    [
        Failing(lambda: torch.empty(1 << 60)),  # the real thing, on a CPU
        failing_with(MemoryError()),
        failing_with(torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")),
        failing_with(RuntimeError("CUDA error: out of memory")),
        failing_with(RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)")),
        failing_with(RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED")),
        failing_with(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")),
    ],
    ids=["torch on the CPU", "Python", "CUDA", "CUDA runtime", "MPS", "cuDNN", "cuBLAS"],
)
def test_memory_that_runs_out_is_recognised_however_it_is_said(network: Failing):
    ladder = MemoryLadder(network, [Rung(ROOMY, 3), Rung(CPU)])
    np.testing.assert_array_equal([output for (output,) in ladder.outputs(CUBES)], CUBES)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    failing = failing_with(RuntimeError("CUDA error: an illegal memory access"))
    ladder = MemoryLadder(failing, [Rung(ROOMY, 3), Rung(CPU)])
    with pytest.raises(RuntimeError, match="illegal memory access"):
        list(ladder.outputs(CUBES))


def test_what_the_failed_attempt_held_is_free_before_the_next():
    held: list[weakref.ref] = []

    def fail() -> None:
        intermediate = torch.zeros(1000)
        held.append(weakref.ref(intermediate))
        raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    freed: list[bool] = []
    ladder = MemoryLadder(
        Failing(fail), [Rung(ROOMY, 3), Rung(CPU)], lambda _: freed.append(all(ref() is None for ref in held))
    )
    gc.disable()  # it must not take the garbage collector
    try:
        list(ladder.outputs(CUBES))
    finally:
        gc.enable()
    assert freed == [True]


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (CPU, "The memory of cpu does not suffice; close other programs or crop the volume."),
        (PretendGpu(), "The memory of cpu pretended GPU does not suffice; use --device cpu."),
    ],
    ids=["CPU", "GPU"],
)
def test_without_a_rung_below_the_run_fails_in_one_sentence(device: Device, told: str):
    ladder = MemoryLadder(failing_with(MemoryError(), cubes=1), [Rung(device, 3)])
    with pytest.raises(DeviceError) as caught:
        list(ladder.outputs(CUBES))
    assert (str(caught.value), caught.value.code) == (told, "not_enough_memory")


@pytest.fixture
def threads() -> Iterator[Callable[[int], None]]:
    """Has PyTorch compute with so many threads."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_a_cpu_computes_so_many_small_cubes_that_all_have_as_many_threads_and_take_no_more_memory_than_one_of_base(
    threads,
):
    def cubes(config: NetworkConfiguration) -> list[int]:
        rungs = rungs_from(CPU, "float32", config, OVERLAPPED)
        assert {rung.device for rung in rungs} == {CPU}
        return [rung.cubes for rung in rungs]

    for count, expected in ((1, [1]), (2, [2, 1]), (3, [3, 1]), (5, [1]), (6, [3, 1]), (10, [2, 1]), (16, [4, 2, 1])):
        threads(count)
        assert (cubes(SMALL), cubes(BASE)) == (expected, [1])


def test_where_pytorch_has_one_pool_of_threads_cubes_come_one_by_one(threads, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.backends.openmp, "is_available", lambda: False)
    threads(4)
    assert rungs_from(CPU, "float32", SMALL, OVERLAPPED) == [Rung(CPU)]


def test_where_the_user_ties_threads_to_cores_cubes_come_one_by_one(threads, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OMP_PROC_BIND", "true")
    threads(4)
    assert rungs_from(CPU, "float32", SMALL, OVERLAPPED) == [Rung(CPU)]


def test_a_run_on_a_gpu_begins_with_what_fits_and_ends_on_the_cpu_in_the_wanted_precision(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(memory_ladder, "device_memory", lambda _: DeviceMemory(80 * 10**9, 75 * 10**9))
    gpu = PretendGpu()
    for wanted in ("auto", "float32"):
        cpu = choose_device("cpu", wanted)
        expected = [Rung(gpu, 2), Rung(gpu, 1), Rung(cpu, 1)]
        assert rungs_from(gpu, wanted, BASE, OVERLAPPED) == expected


def test_the_less_memory_is_free_the_fewer_cubes_but_never_less_than_one():
    pixels = 320 * 320
    numbers = [cubes_that_fit(gigabytes * 10**9, BASE, pixels) for gigabytes in (0, 1, 4, 8, 12, 16, 80)]
    assert numbers == [1, 1, 1, 2, 2, 2, 2]  # never more than 4 GB
    assert cubes_that_fit(10**9, SMALL, pixels) == 2
    assert cubes_that_fit(80 * 10**9, SMALL, pixels) == 4
    assert cubes_that_fit(None, SMALL, pixels) == 1


@pytest.mark.parametrize("config", [BASE, SMALL], ids=["base", "small"])
def test_the_estimate_of_a_cubes_memory_is_near_what_its_tensors_take(config: NetworkConfiguration):
    side = 80 * config.in_plane_fold
    taken = bytes_of_cube(CTHNet(config).eval(), (8, side, side))
    just_two = 2 * taken / SHARE_OF_FREE_MEMORY
    assert cubes_that_fit(int(just_two / 1.3), config, side * side) == 1
    assert cubes_that_fit(int(just_two * 1.3), config, side * side) == 2


def test_a_step_told_while_the_bar_is_drawn_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]):
    reporter = BarReporter()
    reporter.progress("synthesize", 0, 4)
    reporter.warning(Finding("warning", "memory_step", "Going on with 2."))
    reporter.progress("synthesize", 4, 4)
    told = capsys.readouterr().err
    lines = [line.split("\r")[-1].strip() for line in told.split("\n")]
    assert "Warning: Going on with 2." in lines
