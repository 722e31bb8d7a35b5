"""`make test`: a failure of one part does not keep the other from running, and is told at the end."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[4]
DESKTOP = "ThinSliceSR/Testing/desktop"

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


def make_test(environment: Path, fails: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What `make test` tells with a pytest that fails for the part `fails`, and the arguments of each of its calls."""
    calls = environment / "calls"
    python = environment / "bin" / "python"
    python.parent.mkdir()
    is_desktop = f'case "$*" in *"--ignore {DESKTOP}"*) part=engine;; *) part=desktop;; esac'
    python.write_text(f'#!/bin/sh\necho "$@" >> "{calls}"\n{is_desktop}\ncase "{fails}" in *$part*) exit 1;; esac\n')
    python.chmod(0o755)
    for name in ("torch-ready", "test-ready"):  # later than pyproject.toml, so that nothing is installed
        (environment / name).touch()
    command = ["make", "--no-print-directory", "test", f"VENV={environment}"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, encoding="utf-8", check=False)
    return done, calls.read_text().splitlines()


@pytest.mark.parametrize("fails", ["", "engine", "desktop", "engine desktop"])
def test_both_parts_run_whatever_fails_and_what_is_left_out_is_told(tmp_path: Path, fails: str):
    done, calls = make_test(tmp_path, fails)
    assert len(calls) == 2
    assert f"--ignore {DESKTOP}" in calls[0]
    assert calls[1].endswith(DESKTOP)
    assert (done.returncode != 0) == bool(fails)
    assert (f"Failed: {fails}." in done.stderr) == bool(fails)
    for target in ("test-slow", "fuzz", "test-dicom", "slicer.yml"):
        assert target in done.stdout
