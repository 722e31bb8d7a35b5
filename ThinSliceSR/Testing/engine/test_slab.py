"""Synthesised slabs are made to have their thick slices as means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.synthesis.slab import (
    SlabErrors,
    between_slices_weights,
    slab_correction_weights,
)


@given(st.integers(2, 12), st.integers(2, 7))
def test_the_correction_of_a_slab_has_its_residual_as_mean(slices: int, ratio: int):
    residuals = np.random.default_rng(slices).normal(0, 300, (slices, 3))
    corrections = residuals @ slab_correction_weights(ratio).T
    np.testing.assert_allclose(corrections.mean(axis=1), residuals[:, 1], atol=1e-9)


def test_the_correction_of_a_linear_residual_is_that_line_so_no_border_shows():
    """Residuals 0, 5, 10 … are met by a correction that rises by 1 from each thin slice to the next."""
    residuals = 5.0 * np.arange(8)
    around = np.stack((residuals[:-2], residuals[1:-1], residuals[2:]), axis=1)
    np.testing.assert_allclose(np.diff((around @ slab_correction_weights(5).T).ravel()), 1, atol=1e-9)


def test_between_slices_is_linear_interpolation():
    thick = np.array([10.0, 60.0, 20.0])
    np.testing.assert_allclose(between_slices_weights(5) @ thick, [40, 50, 60, 52, 44])


def test_slab_errors_are_those_of_all_slabs_together():
    rng = np.random.default_rng(0)
    slabs, thick = rng.normal(0, 300, (6, 5, 30, 40)).astype(np.float32), rng.normal(0, 300, (6, 30, 40))
    errors = SlabErrors()
    for slab, slice_ in zip(slabs, thick, strict=True):
        errors.add(slab, slice_)
    differences = np.abs(thick - slabs.mean(axis=1))
    assert errors.total().mean == pytest.approx(differences.mean(), rel=1e-5)
    assert errors.total().p99 == pytest.approx(np.percentile(differences, 99), rel=1e-3)


def test_the_correction_is_continuous_at_slab_borders():
    """The parabolas of two neighbours, continued to their common border, meet halfway between their residuals."""
    weights = slab_correction_weights(5)
    place = (np.arange(5) - 2) / 5
    parabola = np.polynomial.polynomial.polyfit(place, weights, 2)
    at_borders = np.stack([np.polynomial.polynomial.polyval(border, parabola) for border in (-0.5, 0.5)])
    np.testing.assert_allclose(at_borders, [[0.5, 0.5, 0], [0, 0.5, 0.5]], atol=1e-12)
