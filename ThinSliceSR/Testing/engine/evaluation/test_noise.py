"""Noise is measured where nothing else varies."""

from __future__ import annotations

import numpy as np
import pytest
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.noise import homogeneous_pieces, noise_hu


def chest(noise: float) -> np.ndarray:
    """Liver with vessels in one half and none in the other, lung below."""
    hu = np.full((30, 64, 64), 60.0)
    hu[:, :32, ::5] += 80
    hu[:, 48:] = -850
    return hu + np.random.default_rng(0).normal(0, noise, hu.shape)


@pytest.mark.parametrize("noise", [5.0, 20.0])
def test_it_is_the_standard_deviation_in_homogeneous_tissue(noise: float):
    hu = chest(noise)
    pieces = homogeneous_pieces(hu, range(5, 25))
    assert not pieces[:4].any()
    assert not pieces[6:].any()
    assert noise_hu(hu[5:25], pieces) == pytest.approx(noise, rel=0.05)


def test_pieces_are_chosen_by_the_truth_and_measured_elsewhere():
    pieces = homogeneous_pieces(chest(10.0), range(30))
    assert noise_hu(chest(3.0), pieces) == pytest.approx(3, rel=0.05)


def test_volumes_without_soft_tissue_are_refused():
    with pytest.raises(UnusableInput, match="soft tissue"):
        homogeneous_pieces(np.full((10, 32, 32), -850.0), range(10))
