"""Runs of the command line that are cancelled, killed, or whose listener is gone: real signals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line_runs import COMMAND, ENVIRONMENT, names, seconds_to_its_end, thinslicesr, write_thick
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that would take long, as it tells of its first finished slices."""
    write_thick(tmp_path / "thick.nrrd", slices=60, matrix=128)
    save_weights(tmp_path / "small.safetensors", untrained_network(SMALL), "small", trained=False)
    (tmp_path / "out").mkdir()
    process = subprocess.Popen(
        [
            *COMMAND, "synthesize", tmp_path / "thick.nrrd", tmp_path / "out" / "dls.nrrd",
            "--bicubic", tmp_path / "out" / "bis.nrrd", "--preview", tmp_path / "out" / "preview.nhdr",
            "--weights", tmp_path / "small.safetensors", "--precision", "float32", "--progress", "json",
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT,
    )  # fmt: skip
    while not json.loads(process.stdout.readline()).get("slices"):
        pass
    assert names(tmp_path / "out") == {"preview.nhdr", "preview.raw"}
    yield process
    process.kill()
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_cancelled_run_ends_within_two_seconds_and_leaves_nothing(
    long_run: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
):
    long_run.send_signal(number)
    assert seconds_to_its_end(long_run) < 2
    _, told = long_run.communicate()
    assert long_run.returncode == 130
    assert told == "The run was cancelled; nothing was written.\n"
    assert names(tmp_path / "out") == set()


def test_a_killed_run_leaves_no_output_under_its_name(long_run: subprocess.Popen[str], tmp_path: Path):
    long_run.kill()
    long_run.wait()
    assert not {"dls.nrrd", "bis.nrrd"} & names(tmp_path / "out")


def test_the_preview_of_a_killed_run_goes_with_the_next_and_that_of_a_running_one_stays(
    long_run: subprocess.Popen[str], tmp_path: Path, tiny_weights: Path
):
    out = tmp_path / "out"
    write_thick(out / "small.nrrd")
    options = ["--weights", tiny_weights, "--device", "cpu", "--preview", out / "other.nhdr"]
    assert thinslicesr("synthesize", out / "small.nrrd", out / "first.nrrd", *options).returncode == 0
    assert names(out) == {"small.nrrd", "first.nrrd", "preview.nhdr", "preview.raw", "other.nhdr", "other.raw"}
    assert found(out) == {"small.nrrd"}
    long_run.kill()
    long_run.wait()
    assert found(out) == {"small.nrrd"}
    again = thinslicesr("synthesize", out / "small.nrrd", out / "second.nrrd", *options[:-1], out / "preview.nhdr")
    assert again.returncode == 0, again.stderr
    long_run_left = {"first.nrrd", "other.nhdr", "other.raw"}
    assert names(out) == {"small.nrrd", "second.nrrd", "preview.nhdr", "preview.raw"} | long_run_left
    assert "unfinished_by_process" not in (out / "preview.nhdr").read_text()


def found(folder: Path) -> set[str]:
    """What a batch would take for a volume to be done."""
    return {Path(source.place).name for source in sources_at(folder, Path("/nowhere"), None) if not source.left_out}


ENDED_LATE = """
import os, signal, sys, threading
from ThinSliceSRLib.engine import command_line
from ThinSliceSRLib.engine.files import writing

discarded, tried, calls = threading.Event(), threading.Event(), []

def late(real):
    def step(*arguments, **options):
        calls.append(real)
        if len(calls) != 2:
            return real(*arguments, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        discarded.wait()
        try:
            return real(*arguments, **options)
        finally:
            tried.set()
    return step

def told(real):
    def discard(*arguments):
        real(*arguments)
        discarded.set()
    return discard

def after_the_try(real):
    return lambda code: tried.wait() and real(code)

place = sys.argv.pop(1)
owner = writing if place == "write_nrrd" else writing.PendingOutputs
setattr(owner, place, late(getattr(owner, place)))
writing.PendingOutputs.discard = told(writing.PendingOutputs.discard)
os._exit = after_the_try(os._exit)
command_line.console()
"""


@pytest.mark.parametrize("step", ["write", "_new_file", "write_nrrd"])
def test_a_signal_as_the_second_output_begins_leaves_nothing(step: str, tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    (tmp_path / "out").mkdir()
    command = [sys.executable, "-c", ENDED_LATE, step, "synthesize", tmp_path / "thick.nrrd"]
    command += [tmp_path / "out" / "dls.nrrd", "--bicubic", tmp_path / "out" / "bis.nrrd"]
    command += ["--weights", tiny_weights, "--device", "cpu"]
    done = subprocess.run(command, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 130
    assert done.stderr.endswith("The run was cancelled; nothing was written.\n")
    assert names(tmp_path / "out") == set()


def test_a_run_whose_listener_is_gone_ends(long_run: subprocess.Popen[str], tmp_path: Path):
    long_run.stdout.close()
    assert long_run.wait() == 130
    assert names(tmp_path / "out") == set()


def start_with_input(tmp_path: Path, **popen: object) -> subprocess.Popen[str]:
    """A run that takes minutes, cancelled when its input ends; returns once it computes."""
    write_thick(tmp_path / "thick.nrrd", slices=40, matrix=256)
    save_weights(tmp_path / "small.safetensors", untrained_network(SMALL), "small", trained=False)
    command = [*COMMAND, "synthesize", "--cancel-with-input", "thick.nrrd", "dls.nrrd", "--preview", "look.nhdr"]
    command += ["--weights", "small.safetensors", "--device", "cpu", "--progress", "json"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen
    )
    assert process.stdout
    for line in process.stdout:
        if json.loads(line).get("stage") == "synthesize":
            break
    return process


def test_a_run_whose_input_ends_after_listening_is_cancelled_and_leaves_nothing(tmp_path: Path):
    process = start_with_input(tmp_path, stdin=subprocess.PIPE)
    assert process.stdin
    process.stdin.write("listening\n")
    process.stdin.flush()
    assert process.poll() is None
    process.stdin.close()
    assert process.wait() == 130
    assert names(tmp_path) == {"thick.nrrd", "small.safetensors"}


def test_a_run_whose_input_was_never_there_goes_on(tmp_path: Path):
    process = start_with_input(tmp_path, stdin=subprocess.DEVNULL)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(2)
    process.terminate()
    assert process.wait() == 130
