"""What lies between thick slices, and what is left between them and the thin ones."""

from __future__ import annotations

import numpy as np
import pytest
from ThinSliceSRLib.engine.synthesis.slab import SlabErrors, between_slices_weights


def test_between_slices_is_linear_interpolation():
    thick = np.array([10.0, 60.0, 20.0])
    np.testing.assert_allclose(between_slices_weights(5) @ thick, [40, 50, 60, 52, 44])


def test_a_difference_beyond_all_hu_takes_no_memory():
    errors = SlabErrors()
    errors.add(np.array([[1e6, *[0.5] * 199]], np.float32))
    assert (errors.total().p99, errors.total().mean) == (0.5, pytest.approx(5000.5, rel=1e-3))
    errors.add(np.full((1, 9), 9e6, np.float32))
    assert errors.total().p99 == SlabErrors.MOST_HU


def test_slab_errors_are_those_of_all_slabs_together():
    differences = np.random.default_rng(0).normal(0, 300, (6, 30, 40)).astype(np.float32)
    errors = SlabErrors()
    for difference in differences:
        errors.add(difference)
    assert errors.total().mean == pytest.approx(np.abs(differences).mean(), rel=1e-5)
    assert errors.total().p99 == pytest.approx(np.percentile(np.abs(differences), 99), rel=1e-3)
