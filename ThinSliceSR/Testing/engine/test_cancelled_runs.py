"""Runs of the command line that are cancelled, killed, or whose listener is gone: real signals."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line_runs import COMMAND, ENVIRONMENT, names, seconds_to_its_end, write_thick
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run that would take long, in the middle of its first cube."""
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
    while json.loads(process.stdout.readline()).get("stage") != "synthesize":
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
