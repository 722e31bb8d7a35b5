"""Tiny volumes, tiny settings and tiny runs for the tests of training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
from ThinSliceSRLib.engine.network.configuration import SMALL

from training.data.pairs import SimulatedPairs
from training.data.volumes import TrainingVolume, View
from training.settings import Settings, SimulatedPairSettings, settings_from

TINY_NETWORK = {
    "sizes": "small",
    "encoder_channels": 4,
    "encoder_blocks": 1,
    "slice_channels": 2,
    "through_plane_blocks": 1,
    "in_plane_blocks": 1,
    "in_plane_heads": 2,
    "tail_channels": 2,
}


def tiny_settings(**changes: Any) -> Settings:
    """Settings of a run that takes seconds, in float32; `changes` are sections or entries of the settings."""
    values = {
        "name": "tiny",
        "network": TINY_NETWORK,
        "simulated_pairs": {"crop": 16},
        "optimisation": {"learning_rate": 1e-2, "warmup_steps": 2, "batch": 2, "average": 0.9},
        "validation": {"every_steps": 2, "region": 16},
        "hardware": {"accelerator": "cpu", "precision": "32-true"},
    }
    return settings_from({**values, **changes})


def blobs(shape: tuple[int, int, int], seed: int = 0) -> np.ndarray:
    """Smooth random HU between lung and bone, int16."""
    noise = sitk.GetImageFromArray(np.random.default_rng(seed).standard_normal(shape))
    smooth = sitk.GetArrayFromImage(sitk.SmoothingRecursiveGaussian(noise, 2.0))
    return (smooth / smooth.std() * 300 - 300).clip(-1000, 1900).astype(np.int16)


def write_volume(path: Path, hu: np.ndarray, spacing_mm: tuple[float, float, float]) -> Path:
    """Writes (k, j, i) values with a spacing along i, j, k."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing(spacing_mm)
    sitk.WriteImage(image, str(path))
    return path


def samples_from(hu: np.ndarray, seed: int = 1, **settings: Any) -> SimulatedPairs:
    """Small samples of one volume, whose slices are 1 mm apart and whose pixels have 0.8 mm."""
    volume = TrainingVolume("a", (View(hu, 1.0, 0.8, along_slices=True),))
    return SimulatedPairs([volume], SMALL, SimulatedPairSettings(crop=16, **settings), seed)
