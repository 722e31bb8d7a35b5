"""The mesh measure finds what repeats every second voxel, and nothing else."""

from __future__ import annotations

import math

import numpy as np
import pytest
from ThinSliceSRLib.engine.evaluation.mesh import mesh


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(40, 20, (6, 97, 130))


def test_noise_has_no_mesh():
    assert mesh(noise()) == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("first", [0, 1])
def test_places_of_two_by_two_voxels_show_wherever_they_begin(first):
    hu = noise()
    for j in range(first, 95, 2):
        for i in range(first, 128, 2):
            place = hu[:, j : j + 2, i : i + 2]
            place[:] = 0.5 * place + 0.5 * place.mean(axis=(1, 2), keepdims=True)
    assert mesh(hu) > 1.5


def test_air_does_not_count():
    hu = np.concatenate([noise(), noise(1)], axis=2)
    hu[:, :, 130:] = -1000 + 10 * (np.indices((97, 130)).sum(axis=0) % 2)
    assert mesh(hu) == pytest.approx(mesh(noise()), abs=0.03)


def test_a_flat_volume_has_no_measure():
    assert math.isnan(mesh(np.zeros((3, 20, 20))))
