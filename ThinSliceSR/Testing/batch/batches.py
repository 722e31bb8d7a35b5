"""Batches for the tests: small volumes, the command line in a process of its own, and what its manifest says."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import SimpleITK as sitk
from ThinSliceSRLib.engine.batch.manifest.manifest import manifest_of
from ThinSliceSRLib.engine.errors import UnusableInput

COMMAND = [sys.executable, "-m", "ThinSliceSRLib.engine", "batch"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}


def write_thick(path: Path, seed: int = 0, slices: int = 4, spacing_mm: float = 5.0, matrix: int = 32) -> Path:
    """A small volume with the HU of a chest, each seed another one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    hu = np.random.default_rng(seed).choice(np.array([-1000, -850, 40, 60], np.int16), (slices, matrix, matrix))
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.8, spacing_mm))
    sitk.WriteImage(image, str(path))
    return path


def start(*arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
    """The verb in a process group of its own."""
    pipe = subprocess.PIPE
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, env=ENVIRONMENT, start_new_session=True, **options
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Its exit code, stdout and stderr."""
    out, err = process.communicate()
    return process.returncode, out, err


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """The worker processes of a batch, without those that have just ended."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # which a zombie is, too
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found


def is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; whose child it was may not have asked for its exit code yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def rows(folder: Path) -> dict[str, dict[str, Any]]:
    """The rows of the manifest in `folder` by the names of their volumes, of which no two may be the same."""
    with manifest_of(folder) as manifest:
        stored = [asdict(row) for row in manifest.rows()]
    assert len({row["name"] for row in stored}) == len(stored)
    return {row["name"]: row for row in stored}


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def states(folder: Path) -> list[str]:
    try:
        return [row["state"] for row in rows(folder).values()]
    except UnusableInput:
        return []


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Returns when the condition holds; an AssertionError when the process that is to bring it about has ended before.

    However long it takes on a busy machine: what hangs is ended by the limit of all tests.
    """
    while not condition():
        ended = process is not None and process.poll() is not None
        assert not ended or condition(), process and process.communicate()
        time.sleep(0.02)
