"""All outputs of a run, or none of them: whatever fails while they get their names, and whenever the process ends."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pydicom
import pytest
from derived_series_making import derive, write_hospital_series
from models import TINY
from ThinSliceSRLib.engine import command_line
from ThinSliceSRLib.engine.dicom_out.pending_series import DicomOutput, PendingSeries
from ThinSliceSRLib.engine.errors import Cancelled, CannotWrite, ThinSliceError, TooLate
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files import writing
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs, check_targets
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from derived_series_making import derive

def killed(name, real):
    def step(source, target, **options):
        if Path(target) == Path(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        real(source, target, **options)
    return step

os.rename, os.replace = killed("rename", os.rename), killed("replace", os.replace)
derive(Path(sys.argv[1]), Path(sys.argv[2]), overwrite=True)
"""


class Listener(SilentReporter):
    """Does something when the last output is about to be written."""

    def __init__(self, act) -> None:
        self._act = act

    def progress(self, stage: str, done: int, total: int, slices: tuple[int, int] | None = None) -> None:
        if stage == "write" and done == total - 1:
            self._act()


@pytest.fixture
def job(tmp_path: Path) -> Job:
    write_hospital_series(tmp_path / "scan")
    save_weights(tmp_path / "tiny.safetensors", untrained_network(TINY), "tiny", trained=False)
    out = tmp_path / "out"
    out.mkdir()
    return Job(
        tmp_path / "scan", out / "dls.nrrd", out / "bis.nrrd", out / "dicom",
        weights=str(tmp_path / "tiny.safetensors"), device="cpu",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["dls.nrrd", "bis.nrrd", "dicom"])
def test_an_output_that_appears_meanwhile_leaves_nothing_of_the_others(name: str, job: Job):
    target = job.output.parent / name

    def appear() -> None:
        if name == "dicom":
            target.mkdir()
            (target / "notes.txt").touch()
        else:
            target.write_text("of another run")

    with pytest.raises(CannotWrite) as failure:
        run_job(job, Listener(appear), ExitStack())
    assert failure.value.code == "target_exists"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("failing", ["dls.nrrd", "bis.nrrd", "dicom"])
@pytest.mark.parametrize("former", [False, True])
def test_a_name_that_cannot_be_given_leaves_what_was_there(failing: str, former: bool, job: Job, monkeypatch):
    out = job.output.parent
    if former:
        run_job(job, SilentReporter(), ExitStack())
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    step = os.replace

    def refuse(source, target, **options):
        if Path(target).name == failing and not Path(source).parent.name.endswith(".former"):
            raise PermissionError(13, "Permission denied")
        step(source, target, **options)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(CannotWrite):
        run_job(replace(job, overwrite=True), SilentReporter(), ExitStack())
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert {path.name for path in out.iterdir()} == ({"dls.nrrd", "bis.nrrd", "dicom"} if former else set())


def test_all_get_their_names_and_nothing_else_is_left(job: Job):
    for overwrite in (False, True):
        run_job(replace(job, overwrite=overwrite), SilentReporter(), ExitStack())
        assert {path.name for path in job.output.parent.iterdir()} == {"dls.nrrd", "bis.nrrd", "dicom"}


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
@pytest.mark.parametrize("next_run", ["same", "other", "volume"])
def test_a_series_hidden_by_a_killed_run_comes_back(next_run: str, tmp_path: Path):
    source, target = tmp_path / "source", tmp_path / "dicom"
    write_hospital_series(source)
    volume = read_volume(source)
    former = derive(source, target).slices()[0].SeriesInstanceUID
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    killed = subprocess.run([sys.executable, "-c", KILLED_BETWEEN, str(source), str(target)], env=environment)
    assert killed.returncode == -signal.SIGKILL
    if next_run == "volume":
        check_targets([tmp_path / "new.nrrd"])
    elif next_run == "other":
        PendingSeries(DicomOutput(tmp_path / "other"), volume)
    else:
        with pytest.raises(CannotWrite, match="is not empty"):
            PendingSeries(DicomOutput(target), volume)
    assert {path.name for path in tmp_path.iterdir()} == {"source", "dicom"}
    assert len(list((target / "DLS").iterdir())) == 16
    assert pydicom.dcmread(target / "DLS" / "0001.dcm").SeriesInstanceUID == former


def test_what_stands_cannot_be_cancelled_any_more(thick_volume, tmp_path: Path):
    outputs = PendingOutputs()
    with outputs:
        outputs.write(thick_volume, tmp_path / "dls.nrrd")
    with pytest.raises(TooLate):
        outputs.cancel()
    assert (tmp_path / "dls.nrrd").exists()


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
@pytest.mark.parametrize("late", [True, False])
def test_a_run_that_is_cancelled_says_so_only_when_nothing_stands(late: bool, thick_volume, tmp_path: Path):
    discarded = threading.Event()

    def run(arguments: argparse.Namespace, reporter: SilentReporter, undo: ExitStack) -> None:
        with PendingOutputs() as outputs:
            undo.callback(discarded.set)
            undo.callback(outputs.cancel)
            outputs.write(thick_volume, tmp_path / "dls.nrrd")
            if not late:
                os.kill(os.getpid(), signal.SIGINT)
                discarded.wait()
        os.kill(os.getpid(), signal.SIGINT)

    arguments = argparse.Namespace(run=run, cancel_with_input=False)
    undo = ExitStack()
    if late:
        assert command_line._run_in_thread(arguments, SilentReporter(), undo) == 0
    else:
        with pytest.raises((KeyboardInterrupt, Cancelled)):
            command_line._run_in_thread(arguments, SilentReporter(), undo)
    assert (tmp_path / "dls.nrrd").exists() == late


def test_no_output_is_begun_after_the_run_was_cancelled(thick_volume, tmp_path: Path):
    outputs = PendingOutputs()
    outputs.write(thick_volume, tmp_path / "dls.nrrd")
    outputs.cancel()
    with pytest.raises(Cancelled):
        outputs.write(thick_volume, tmp_path / "bis.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_cancelled_as_an_output_begins_leaves_nothing(thick_volume, tmp_path: Path, monkeypatch):
    outputs = PendingOutputs()
    begin = writing.write_nrrd

    def cancelled_first(*arguments, **options):
        outputs.cancel()
        begin(*arguments, **options)

    monkeypatch.setattr(writing, "write_nrrd", cancelled_first)
    with pytest.raises(ThinSliceError), outputs:
        outputs.write(thick_volume, tmp_path / "dls.nrrd")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
def test_a_ctrl_c_when_the_outputs_stand_is_no_cancelled_run(thick_volume, tmp_path: Path, monkeypatch):
    def interrupted(arguments, reporter, undo: ExitStack) -> int:
        with PendingOutputs() as outputs:
            undo.callback(outputs.cancel)
            outputs.write(thick_volume, tmp_path / "dls.nrrd")
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_run_in_thread", interrupted)
    assert command_line.main(["synthesize", "thick.nrrd", "dls.nrrd"]) == 0
    assert (tmp_path / "dls.nrrd").exists()
