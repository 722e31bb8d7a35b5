"""When memory runs out the run goes on, with fewer cubes at a time or on the CPU, says so, and gives the same volume.

There is no GPU here. The pretended one computes on the CPU in a memory that holds a given number of cubes; it cannot
prove what a real one raises, nor that its memory is free again after a step.
"""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from models import TINY
from ThinSliceSRLib.engine import job as jobs
from ThinSliceSRLib.engine.errors import DeviceError
from ThinSliceSRLib.engine.network.configuration import BASE, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.progress import BarReporter, SilentReporter
from ThinSliceSRLib.engine.synthesis import memory_ladder
from ThinSliceSRLib.engine.synthesis.device import Device, choose_device
from ThinSliceSRLib.engine.synthesis.device_memory import DeviceMemory
from ThinSliceSRLib.engine.synthesis.memory_ladder import (
    SHARE_OF_FREE_MEMORY,
    BatchOutputs,
    MemoryLadder,
    Rung,
    cubes_that_fit,
    rungs_from,
)
from ThinSliceSRLib.engine.synthesis.synthesize import CubeDone, Synthesis, plan_for, synthesize
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, Tiling
from ThinSliceSRLib.engine.volumes.findings import Finding
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model
from torch.utils._python_dispatch import TorchDispatchMode

CPU = choose_device("cpu", "float32")
CUBE = (8, 16, 16)
SMALL_CUBES = Tiling(in_plane=16, stretch=1.0, in_plane_overlap=4)  # several in-plane, several along the slices


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
        network(torch.zeros(1, 1, *cube))
    return memory.peak


@pytest.fixture(scope="module")
def thick() -> Volume:
    hu = np.random.default_rng(0).integers(-1000, 400, (20, 28, 28)).astype(np.int16)
    return Volume(hu, (0.7, 0.8, 5.0))


@dataclass
class Run:
    """A synthesis with all that it told."""

    result: Synthesis
    cubes: list[CubeDone]
    steps: list[Finding]

    @property
    def messages(self) -> list[str]:
        assert all((step.level, step.code) == ("warning", "memory_step") for step in self.steps)
        return [step.message for step in self.steps]


def run_on(thick: Volume, rungs: list[Rung]) -> Run:
    model, cubes, steps = random_model(), [], []
    result = synthesize(
        thick,
        model,
        rungs,
        plan_for(thick, model, SMALL_CUBES),
        slab_consistent=False,
        first_at_mm=40.0,
        on_cube=cubes.append,
        on_memory_step=steps.append,
    )
    return Run(result, cubes, steps)


@pytest.fixture(scope="module")
def plain(thick: Volume) -> Run:
    run = run_on(thick, [Rung(CPU)])
    assert run.messages == []
    assert len(run.cubes) == 16
    return run


def assert_same(run: Run, plain: Run) -> None:
    """Float rounding may tip a voxel to the neighbouring HU; order and extent of what is told are the same."""
    for made, expected in zip(run.cubes, plain.cubes, strict=True):
        assert (made.done, made.total, made.first_slice) == (expected.done, expected.total, expected.first_slice)
        assert (made.hu is None) == (expected.hu is None)
        if made.hu is not None:
            assert_hu_close(made.hu, expected.hu)
    assert_hu_close(run.result.dls.hu, plain.result.dls.hu)


def test_slices_are_told_as_finished_once_all_cubes_across_them_are_done(plain: Run):
    told = [cube for cube in plain.cubes if cube.hu is not None]
    assert sorted(k for cube in told for k in range(cube.first_slice, cube.first_slice + len(cube.hu))) == [*range(96)]
    for cube in told:
        np.testing.assert_array_equal(cube.hu, plain.result.dls.hu[cube.first_slice :][: len(cube.hu)])


def assert_hu_close(made: np.ndarray, expected: np.ndarray) -> None:
    difference = np.abs(made.astype(int) - expected)
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.001


@pytest.mark.parametrize("cubes", [2, 3, 4, 100])
def test_batches_of_any_size_give_what_single_cubes_give(thick: Volume, plain: Run, cubes: int):
    run = run_on(thick, [Rung(CPU, cubes)])
    assert_same(run, plain)
    assert run.messages == []


def test_a_gpu_that_holds_fewer_cubes_goes_on_with_fewer(thick: Volume, plain: Run):
    gpu = PretendGpu(cubes_in_memory=2)
    run = run_on(thick, [Rung(gpu, 8), Rung(gpu, 4), Rung(gpu, 2), Rung(gpu, 1), Rung(CPU)])
    assert run.messages == [
        "The GPU's memory does not suffice for 8 cubes at a time; going on with 4.",
        "The GPU's memory does not suffice for 4 cubes at a time; going on with 2.",
    ]
    assert len(gpu.batches) == 8  # all 16 cubes, none twice
    assert (run.result.device, run.result.precision) == ("cpu pretended GPU", "bf16")
    assert_same(run, plain)


def test_a_gpu_that_holds_no_cube_leaves_the_run_to_the_cpu(thick: Volume, plain: Run):
    gpu = PretendGpu(cubes_in_memory=0)
    run = run_on(thick, [Rung(gpu, 2), Rung(gpu, 1), Rung(CPU)])
    assert run.messages == [
        "The GPU's memory does not suffice for 2 cubes at a time; going on with one.",
        "The GPU's memory does not suffice for one cube; going on with the CPU, which takes longer.",
    ]
    assert gpu.batches == []
    assert (run.result.device, run.result.precision) == ("cpu", "float32")
    np.testing.assert_array_equal(run.result.dls.hu, plain.result.dls.hu)


def test_a_gpu_that_fills_up_on_the_way_keeps_what_it_has_done(thick: Volume, plain: Run):
    gpu = PretendGpu(cubes_in_memory=4, until_batch=3)
    computed = []
    spying = SpyingDevice(CPU.torch_device, "", "float32", computed)
    run = run_on(thick, [Rung(gpu, 4), Rung(gpu, 2), Rung(gpu, 1), Rung(spying)])
    assert len(run.messages) == 3
    assert len(computed) == 16 - 3 * 4
    assert (run.result.device, run.result.precision) == ("cpu pretended GPU then cpu", "bf16 then float32")
    assert_same(run, plain)


@dataclass(frozen=True)
class SpyingDevice(Device):
    """The CPU, which counts its batches."""

    batches: list[int] = field(default_factory=list, compare=False)

    def autocast(self) -> torch.autocast:
        self.batches.append(1)
        return super().autocast()


class LateCopy:
    """Stands for the event after which CUDA has copied the outputs; it cannot prove when CUDA's really happens."""

    def __init__(self, outputs: torch.Tensor) -> None:
        self._outputs = outputs
        self.values = torch.zeros_like(outputs)

    def synchronize(self) -> None:
        self.values.numpy()[:] = self._outputs.numpy()


@pytest.mark.parametrize("batches", [1000, 2])
def test_a_batch_that_is_computed_while_the_one_before_is_used_changes_nothing(thick, plain, monkeypatch, batches):
    """With all batches so, and with a GPU that fills up while a batch is on its way."""
    compute = BatchOutputs.of

    def compute_late(network: torch.nn.Module, cubes: torch.Tensor, device: torch.device) -> BatchOutputs:
        outputs = compute(network, cubes, device)
        copy = LateCopy(outputs.values)
        return BatchOutputs(copy.values, copy)

    monkeypatch.setattr(memory_ladder.BatchOutputs, "of", compute_late)
    gpu = PretendGpu(cubes_in_memory=4, until_batch=batches)
    assert_same(run_on(thick, [Rung(gpu, 4), Rung(CPU)]), plain)


def test_a_batch_that_was_smaller_than_its_rung_is_not_tried_again_as_it_is():
    gpu = PretendGpu(cubes_in_memory=0)
    told: list[Finding] = []
    ladder = MemoryLadder(random_model().network, [Rung(gpu, 4), Rung(gpu, 2), Rung(gpu, 1), Rung(CPU)], told.append)
    assert len(list(ladder.outputs([np.zeros(CUBE, np.float32)]))) == 1
    assert [step.message for step in told] == [
        "The GPU's memory does not suffice for one cube; going on with the CPU, which takes longer."
    ]


class Failing(torch.nn.Module):
    """A network that fails in a given way for more than one cube."""

    def __init__(self, fail: Callable[[], object]) -> None:
        super().__init__()
        self.fail = fail

    def forward(self, thick: torch.Tensor) -> torch.Tensor:
        if len(thick) > 1:
            self.fail()
        return thick


def failing_with(error: BaseException) -> Failing:
    def fail() -> None:
        raise error

    return Failing(fail)


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
    ladder = MemoryLadder(network, [Rung(CPU, 3), Rung(CPU)])
    np.testing.assert_array_equal(list(ladder.outputs(CUBES)), CUBES)


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    ladder = MemoryLadder(failing_with(RuntimeError("CUDA error: an illegal memory access")), [Rung(CPU, 3), Rung(CPU)])
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
        Failing(fail), [Rung(CPU, 3), Rung(CPU)], lambda _: freed.append(all(ref() is None for ref in held))
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
    ladder = MemoryLadder(failing_with(MemoryError()), [Rung(device, 3)])
    with pytest.raises(DeviceError) as caught:
        list(ladder.outputs(CUBES))
    assert (str(caught.value), caught.value.code) == (told, "not_enough_memory")


def test_a_run_on_the_cpu_computes_one_cube_at_a_time_and_has_no_rung_below():
    assert rungs_from(CPU, "float32", BASE, OVERLAPPED) == [Rung(CPU, 1)]


def test_a_run_on_a_gpu_begins_with_what_fits_and_ends_on_the_cpu_in_the_wanted_precision(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(memory_ladder, "device_memory", lambda _: DeviceMemory(80 * 10**9, 75 * 10**9))
    gpu = PretendGpu()
    for wanted in ("auto", "float32"):
        cpu = choose_device("cpu", wanted)
        expected = [Rung(gpu, 4), Rung(gpu, 2), Rung(gpu, 1), Rung(cpu, 1)]
        assert rungs_from(gpu, wanted, BASE, OVERLAPPED) == expected


def test_the_less_memory_is_free_the_fewer_cubes_but_never_less_than_one():
    pixels = 320 * 320
    numbers = [cubes_that_fit(gigabytes * 10**9, BASE, pixels) for gigabytes in (0, 1, 4, 8, 12, 16, 80)]
    assert numbers == [1, 1, 1, 2, 3, 4, 4]
    assert cubes_that_fit(4 * 10**9, SMALL, pixels) == 2
    assert cubes_that_fit(None, SMALL, pixels) == 1


@pytest.mark.parametrize("config", [BASE, SMALL], ids=["base", "small"])
def test_the_estimate_of_a_cubes_memory_is_near_what_its_tensors_take(config: NetworkConfiguration):
    side = 64
    taken = bytes_of_cube(CTHNet(config).eval(), (8, side, side))
    just_two = 2 * taken / SHARE_OF_FREE_MEMORY
    assert cubes_that_fit(int(just_two / 1.3), config, side * side) == 1
    assert cubes_that_fit(int(just_two * 1.3), config, side * side) == 2


class Recorder(SilentReporter):
    """Keeps what a job tells."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def started(self, facts):
        self.events.append(("started", facts))

    def warning(self, finding):
        self.events.append(("warning", finding.message))

    def progress(self, stage, done, total, slices=None):
        if stage == "synthesize":
            self.events.append(("cube", done))

    def finished(self, facts):
        self.events.append(("finished", facts))


def test_a_job_tells_each_step_and_its_outputs_say_what_computed_them(
    tmp_path: Path, thick: Volume, monkeypatch: pytest.MonkeyPatch
):
    image = sitk.GetImageFromArray(thick.hu)
    image.SetSpacing(thick.spacing_mm)
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    gpu = PretendGpu(cubes_in_memory=1, until_batch=5)
    monkeypatch.setattr(jobs, "choose_device", lambda *_: gpu)
    monkeypatch.setattr(jobs, "choose_model", lambda *_: random_model())
    monkeypatch.setattr(memory_ladder, "device_memory", lambda _: DeviceMemory(2**40, 2**40))
    recorder = Recorder()
    job = jobs.Job(
        tmp_path / "thick.nrrd", tmp_path / "dls.nrrd", device="cuda:0", precision="float32", tiling=SMALL_CUBES
    )
    with ExitStack() as undo:
        jobs.run_job(job, recorder, undo)
    kinds = [kind for kind, _ in recorder.events]
    steps = [told for kind, told in recorder.events if kind == "warning" and "memory" in told]
    assert [step.split("; ")[1] for step in steps] == [
        "going on with 2.",
        "going on with one.",
        "going on with the CPU, which takes longer.",
    ]
    assert kinds.index("finished") == len(kinds) - 1
    assert [done for kind, done in recorder.events if kind == "cube"] == list(range(17))
    started, finished = recorder.events[0][1], recorder.events[-1][1]
    assert (started["device"], started["precision"]) == ("cpu pretended GPU", "bf16")
    assert (finished["device"], finished["precision"]) == ("cpu pretended GPU then cpu", "bf16 then float32")
    header = sitk.ReadImage(str(tmp_path / "dls.nrrd"))
    assert header.GetMetaData("ThinSliceSR_device") == "cpu pretended GPU then cpu"
    assert header.GetMetaData("ThinSliceSR_precision") == "bf16 then float32"


def test_a_step_told_while_the_bar_is_drawn_has_a_line_of_its_own(capsys: pytest.CaptureFixture[str]):
    reporter = BarReporter()
    reporter.progress("synthesize", 0, 4)
    reporter.warning(Finding("warning", "memory_step", "Going on with 2."))
    reporter.progress("synthesize", 4, 4)
    told = capsys.readouterr().err
    lines = [line.split("\r")[-1].strip() for line in told.split("\n")]
    assert "Warning: Going on with 2." in lines
