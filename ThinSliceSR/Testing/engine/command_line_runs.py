"""How tests run the command line: in processes of its own, on small volumes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

COMMAND = [sys.executable, "-m", "ThinSliceSRLib.engine"]
LIBRARY = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(LIBRARY)}


def thinslicesr(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, env=ENVIRONMENT)


def seconds_to_its_end(process: subprocess.Popen[str]) -> float:
    """How long it takes to end, in seconds in which this process, which waits without a rest, has a core: a busy
    machine makes them longer, as it makes those of the other."""
    began = time.process_time()
    while process.poll() is None:
        pass
    return time.process_time() - began


def write_thick(path: Path, slices: int = 4, matrix: int = 32, spacing: float = 5.0) -> sitk.Image:
    """A small volume with HU of a chest, oblique and away from the origin."""
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60], np.int16), (slices, matrix, matrix))
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.8, spacing))
    image.SetOrigin((-120.5, 33.25, -801.125))
    image.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
    sitk.WriteImage(image, str(path))
    return image


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
