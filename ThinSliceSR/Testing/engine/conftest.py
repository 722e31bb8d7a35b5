"""What the engine's tests share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from models import CALIBRATION, TINY, doubting_network
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume
from ThinSliceSRLib.engine.weights.download import MIRROR_VARIABLE
from ThinSliceSRLib.engine.weights.model_choice import WEIGHTS_FOLDER_VARIABLE
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network, with_calibration

# How long an example takes says how busy the machine is.
settings.register_profile("engine", deadline=None)
settings.load_profile("engine")


@pytest.fixture
def thick_volume() -> Volume:
    """A small volume as thick chest CT is: 5 mm axial slices, lung within soft tissue, a little noise, int16.

    Its source tells how thick they are.
    """
    noise = np.random.default_rng(2).normal(0, 20, (12, 24, 30))
    hu = np.full(noise.shape, 40.0)
    hu[:, 6:18, 5:25] = -850
    told = Acquisition(slice_thickness_mm=5.0)
    return Volume((hu + noise).astype(np.int16), (0.8, 0.7, 5.0), (-110.5, -95.25, -300.0), acquisition=told)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the smallest network that there is, untrained."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_weights(path, untrained_network(TINY), "tiny", trained=False)
    return path


@pytest.fixture(scope="session")
def doubting_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the smallest network, which interpolates linearly and doubts at random, calibrated."""
    path = tmp_path_factory.mktemp("weights") / "doubting.safetensors"
    save_weights(path, doubting_network(), "doubting", trained=False)
    with_calibration(path, CALIBRATION)
    return path


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's own folder for weights, which is not there yet, on a computer without proxies and mirrors."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv(MIRROR_VARIABLE, raising=False)
    monkeypatch.setenv(WEIGHTS_FOLDER_VARIABLE, str(tmp_path / "own"))
    return tmp_path / "own"


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Mounts a small tmpfs with the given options and returns its folder; skips where mounting is not permitted."""
    folders = []

    def mount(options: str) -> Path:
        folder = tmp_path / f"disk{len(folders)}"
        folder.mkdir()
        try:
            run = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, text=True, check=False
            )
        except FileNotFoundError:
            pytest.skip("this system has no command mount")
        if run.returncode != 0:
            pytest.skip(f"mounting a small disk is not permitted here: {run.stderr.strip()}")
        folders.append(folder)
        return folder

    yield mount
    for folder in folders:
        subprocess.run(["umount", folder], check=True)
