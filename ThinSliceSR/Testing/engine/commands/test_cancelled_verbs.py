"""What each verb says when it is cancelled is true: nothing was written, or this was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import SimpleITK as sitk
from command_line_runs import COMMAND, ENVIRONMENT, names, write_thick
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import CannotWrite
from ThinSliceSRLib.engine.evaluation import figures
from ThinSliceSRLib.engine.files.reading import read_volume


def cancel_when(happened: Callable[[], bool], *arguments: str | Path) -> tuple[int, str, str]:
    """Exit code and what was told by a verb that is cancelled as soon as something has happened."""
    command = [*COMMAND, *map(str, arguments)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    )  # fmt: skip
    while not happened():
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    return process.returncode, out, err


def any_file_in(folder: Path) -> Callable[[], bool]:
    return lambda: folder.exists() and any(folder.iterdir())


def test_an_evaluation_leaves_no_picture_and_no_folder(tmp_path: Path):
    write_thick(tmp_path / "thin.nrrd", slices=40, matrix=64, spacing=1.0)
    lines = [f"case {number},thin.nrrd,thin.nrrd" for number in range(60)]
    (tmp_path / "cases.csv").write_text("\n".join(["case,truth,near", *lines]))
    before = names(tmp_path)
    plots = tmp_path / "deep" / "plots"
    told = cancel_when(
        any_file_in(plots), "evaluate", "--list", tmp_path / "cases.csv", "--plots", plots,
        "--json", tmp_path / "x.json", "--csv", tmp_path / "x.csv",
    )  # fmt: skip
    assert told == (130, "", "The run was cancelled; nothing was written.\n")
    assert names(tmp_path) == before


def test_an_evaluation_that_fails_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write_thick(tmp_path / "thin.nrrd", slices=20, matrix=64, spacing=1.0)

    def refuse(*_: object) -> None:
        raise CannotWrite("There is no room left.")

    monkeypatch.setattr(figures, "box_plots", refuse)
    arguments = ["evaluate", "--truth", tmp_path / "thin.nrrd", f"near={tmp_path / 'thin.nrrd'}"]
    assert main([*map(str, arguments), "--plots", str(tmp_path / "deep" / "plots")]) == 2
    assert names(tmp_path) == {"thin.nrrd"}


def test_a_demonstration_says_what_stays(tmp_path: Path, tiny_weights: Path):
    out = tmp_path / "out"
    code, told, problems = cancel_when(
        lambda: (out / "thick.nrrd").exists(), "demo", "--output", out, "--weights", tiny_weights
    )
    assert (code, told) == (130, "")
    assert problems == (
        "The demonstration was cancelled; what it had finished by then is whole and stays in its folder.\n"
    )
    assert {"truth.nrrd", "thick.nrrd"} <= names(out) <= {"truth.nrrd", "thick.nrrd", "dls.nrrd", "bis.nrrd"}
    for name in names(out):
        assert read_volume(out / name).hu.size


@pytest.mark.parametrize("verb", ["evaluate", "demo"])
def test_the_same_verbs_write_all_when_they_are_not_cancelled(verb: str, tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thin.nrrd", slices=40, matrix=64, spacing=1.0)
    write_thick(tmp_path / "thick.nrrd")
    assert sitk.ReadImage(str(tmp_path / "thin.nrrd")).GetSize()[2] == 40
    arguments = {
        "evaluate": ["--truth", tmp_path / "thin.nrrd", f"near={tmp_path / 'thin.nrrd'}", "--plots", tmp_path / "out"],
        "demo": ["--input", tmp_path / "thick.nrrd", "--output", tmp_path / "out", "--weights", tiny_weights],
    }
    done = subprocess.run([*COMMAND, verb, *map(str, arguments[verb])], capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    assert len(names(tmp_path / "out")) == {"evaluate": 2, "demo": 3}[verb]
    assert not any(name.startswith(".") for name in names(tmp_path / "out"))


# Ends the verb once a file has its last name, or is gone.
ENDED_AFTER = """
import os, signal, sys
from ThinSliceSRLib.engine import command_line

name = sys.argv.pop(1)

def ending(real):
    def step(*arguments, **options):
        real(*arguments, **options)
        if str(arguments[-1]).endswith(name):
            os.kill(os.getpid(), signal.SIGTERM)
    return step

os.replace, os.unlink = ending(os.replace), ending(os.unlink)
command_line.console()
"""


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
@pytest.mark.parametrize("verb", ["import", "untrained", "remove", "doubt", "demo"])
def test_a_verb_whose_outputs_stand_was_not_cancelled(
    verb: str, tmp_path: Path, tiny_weights: Path, doubting_weights: Path
):
    write_thick(tmp_path / "thick.nrrd", matrix=64)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "old.safetensors").write_bytes(tiny_weights.read_bytes())
    arguments, last = {
        "import": (["weights", "import", tiny_weights, "--name", "mine"], tmp_path / "own" / "mine.safetensors"),
        "untrained": (["weights", "untrained", tmp_path / "new.safetensors"], tmp_path / "new.safetensors"),
        "remove": (["weights", "remove", "old"], tmp_path / "own" / "old.safetensors"),
        "doubt": (
            ["doubt", tmp_path / "thick.nrrd", "--output", tmp_path / "list.csv", "--weights", doubting_weights],
            tmp_path / "list.csv",
        ),
        "demo": (
            ["demo", "--input", tmp_path / "thick.nrrd", "--output", tmp_path / "demo", "--weights", tiny_weights],
            tmp_path / "demo" / "comparison.png",
        ),
    }[verb]
    command = [sys.executable, "-c", ENDED_AFTER, last.name, *map(str, arguments)]
    environment = {**ENVIRONMENT, "THINSLICESR_WEIGHTS": str(tmp_path / "own")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, "cancelled" in done.stderr) == (0, False), done.stderr
    assert last.exists() != (verb == "remove")
    assert not list(tmp_path.rglob(".thinslicesr*"))


@pytest.mark.parametrize("place", ["cp1252", "ascii"])
def test_a_name_that_stdout_cannot_print_is_told_all_the_same(place: str, tmp_path: Path):
    command = [*COMMAND, "phantom", "--thin-slices", "6", str(tmp_path / "胸.nrrd")]
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": place}
    done = subprocess.run(command, capture_output=True, env=environment)
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u80f8.nrrd" in done.stdout
    assert (tmp_path / "胸.nrrd").exists()
