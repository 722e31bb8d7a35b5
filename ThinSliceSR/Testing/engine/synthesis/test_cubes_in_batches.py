"""Whole syntheses in batches of cubes, also when memory runs out on the way: the result stays the same."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from pretended_gpu import CPU, PretendGpu, random_model
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.devices.device_memory import DeviceMemory
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.events.json_lines import facts_of
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.run import job as jobs
from ThinSliceSRLib.engine.run import plan as plans
from ThinSliceSRLib.engine.synthesis import memory_ladder
from ThinSliceSRLib.engine.synthesis.memory_ladder import (
    BatchOutputs,
    Rung,
)
from ThinSliceSRLib.engine.synthesis.synthesize import CubeDone, Synthesis, plan_for, synthesize
from ThinSliceSRLib.engine.synthesis.tiling import TILINGS, Tiling
from ThinSliceSRLib.engine.volumes.volume import Volume

SMALL_CUBES = Tiling(in_plane=16, stretch=1.0, in_plane_overlap=4)  # several in-plane, several along the slices


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


class Recorder(SilentReporter):
    """Keeps what a job tells."""

    def __init__(self) -> None:
        self.events: list[tuple[str, object]] = []

    def started(self, event):
        self.events.append(("started", facts_of(event)))

    def warning(self, finding):
        self.events.append(("warning", finding.message))

    def progress(self, stage, done, total, slices=None):
        if stage == "synthesize":
            self.events.append(("cube", done))

    def finished(self, event):
        self.events.append(("finished", facts_of(event)))


def test_a_job_tells_each_step_and_its_outputs_say_what_computed_them(
    tmp_path: Path, thick: Volume, monkeypatch: pytest.MonkeyPatch
):
    image = sitk.GetImageFromArray(thick.hu)
    image.SetSpacing(thick.spacing_mm)
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    gpu = PretendGpu(cubes_in_memory=1, until_batch=5)
    monkeypatch.setitem(TILINGS, "overlapped", SMALL_CUBES)
    monkeypatch.setattr(plans, "choose_device", lambda *_: gpu)
    monkeypatch.setattr(plans, "choose_model", lambda *_: random_model())
    monkeypatch.setattr(memory_ladder, "device_memory", lambda _: DeviceMemory(2**40, 2**40))
    recorder = Recorder()
    job = jobs.Job(tmp_path / "thick.nrrd", tmp_path / "dls.nrrd", device="cuda:0", precision="float32")
    with ExitStack() as undo:
        jobs.run_job(job, recorder, undo)
        undo.pop_all()  # what stands is not undone
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
