"""A process that stands by: it waits for its arguments with all that a run needs, and then is the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line_runs import write_thick

ENGINE = [sys.executable, "-m", "ThinSliceSRLib.engine"]

# What a run imports that was not there before; small parts of libraries may be.
LATE_IMPORTS = """
import sys
from ThinSliceSRLib.engine import stand_by
stand_by.load()
before = set(sys.modules)
from ThinSliceSRLib.engine.command_line import main
code = main(sys.argv[1:])
late = set(sys.modules) - before
print(code, *sorted(name for name in late if name.startswith("ThinSliceSRLib") or name in ("torch", "SimpleITK")))
"""


def standing_by(given: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*ENGINE, "--stand-by"], input=given, capture_output=True, text=True, check=False)


def test_it_is_the_command_line_with_the_arguments_of_the_first_line():
    plain = subprocess.run([*ENGINE, "weights", "list"], capture_output=True, text=True, check=True)
    told = standing_by(json.dumps(["weights", "list"]) + "\n")
    assert (told.returncode, told.stdout, told.stderr) == (0, plain.stdout, plain.stderr)


def test_what_follows_that_line_is_the_runs_own_input(tmp_path: Path):
    """As the word by which a worker knows that it is cancelled when its input ends."""
    write_thick(tmp_path / "thick.nrrd", slices=40, matrix=256)  # not done before its input ends
    arguments = ["synthesize", str(tmp_path / "thick.nrrd"), str(tmp_path / "dls.nrrd"), "--cancel-with-input"]
    told = standing_by(json.dumps(arguments) + "\nlistening\n")
    assert told.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["thick.nrrd"]


@pytest.mark.parametrize("given", ["", '["weights", "li'], ids=["at once", "amid the arguments"])
def test_it_ends_without_a_word_when_its_input_ends(given: str):
    told = standing_by(given)
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_all_that_a_run_needs_is_there_before_it_is_asked_for(tmp_path: Path):
    write_thick(tmp_path / "thick.nrrd")
    arguments = ["synthesize", tmp_path / "thick.nrrd", tmp_path / "dls.nrrd", "--preview", tmp_path / "preview.nhdr"]
    command = [sys.executable, "-c", LATE_IMPORTS, *arguments, "--device", "cpu", "--bicubic", tmp_path / "bis.nrrd"]
    told = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "0"
