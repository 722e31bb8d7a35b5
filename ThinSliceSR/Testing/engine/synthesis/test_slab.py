"""What lies between thick slices, and what is left between them and the thin ones."""

from __future__ import annotations

import numpy as np
import pytest
from ThinSliceSRLib.engine.synthesis.slab import BAND_ROWS, SlabErrors, along_slices, between_slices_weights


def test_between_slices_is_linear_interpolation():
    thick = np.array([10.0, 60.0, 20.0])
    np.testing.assert_allclose(between_slices_weights(5) @ thick, [40, 50, 60, 52, 44])


@pytest.mark.parametrize("rows", [1, BAND_ROWS, 2 * BAND_ROWS + 5])
@pytest.mark.parametrize("dtype", [np.int16, np.float32])
def test_weighted_sums_of_slices_are_those_of_all_their_rows(rows: int, dtype: type):
    rng = np.random.default_rng(0)
    slices, weights = rng.integers(-1000, 1000, (3, rows, 7)).astype(dtype), rng.random((4, 3))
    for given in (slices, list(slices)):
        sums = along_slices(weights, given)
        assert sums.dtype == np.float32
        np.testing.assert_allclose(sums, np.einsum("nm,myx->nyx", weights, slices), atol=1e-3)


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
