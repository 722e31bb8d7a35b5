"""A chest of a few voxels, a method that errs on it, and their files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.volumes.volume import Volume

SLICES = 44
ORIGIN = (-120.5, -99.25, -310.0)


def chest(seed: int = 0, slices: int = SLICES) -> Volume:
    """A body with two lungs, a vessel in each, air and a table around; 1 mm slices of 2 mm pixels."""
    j, i = np.mgrid[:56, :72]
    hu = np.full((slices, 56, 72), -1000.0)
    hu[:, ((j - 26) / 22) ** 2 + ((i - 36) / 32) ** 2 < 1] = 40
    hu[:, lung_disc(j, i, 21) | lung_disc(j, i, 51)] = -850
    hu[:, 25:27, 20:22] = hu[:, 25:27, 50:52] = 60
    hu[:, 52:54, 4:68] = 0
    hu += np.random.default_rng(seed).normal(0, 20, hu.shape)
    return Volume(np.rint(hu).astype(np.int16), (2.0, 2.0, 1.0), ORIGIN)


def lung_disc(j: np.ndarray, i: np.ndarray, centre: int) -> np.ndarray:
    return ((j - 26) / 14) ** 2 + ((i - centre) / 10) ** 2 < 1


def with_error(volume: Volume, deviation: float, seed: int = 9) -> Volume:
    error = np.random.default_rng(seed).normal(0, deviation, volume.hu.shape)
    return replace(volume, hu=np.rint(volume.hu + error).astype(np.int16))


def write(folder: Path, **volumes: Volume) -> dict[str, Path]:
    with PendingOutputs() as outputs:
        for name, volume in volumes.items():
            outputs.write(volume, folder / f"{name}.nrrd")
    return {name: folder / f"{name}.nrrd" for name in volumes}
