"""BIS is SimpleITK's third-order B-spline, for volumes of any length."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.synthesis.bicubic import bicubic_slices, spline_weights


@pytest.mark.parametrize("slices", [4, 5, 9, 23])
def test_bis_equals_simpleitk_resampling_the_whole_volume(slices: int):
    thick = np.random.default_rng(0).normal(0, 300, (slices, 12, 9)).astype(np.float32)
    places = np.arange(5 * (slices - 1) + 1) / 5
    image = sitk.GetImageFromArray(thick.astype(np.float64))
    expected = sitk.Resample(
        image, (9, 12, len(places)), sitk.Transform(), sitk.sitkBSpline, (0, 0, 0), (1, 1, 0.2), image.GetDirection()
    )
    np.testing.assert_allclose(bicubic_slices(thick, places), sitk.GetArrayFromImage(expected), atol=0.05)


@given(st.integers(2, 20))
def test_the_spline_passes_through_the_thick_slices(slices: int):
    weights = spline_weights(slices, np.arange(slices, dtype=float))
    np.testing.assert_allclose(weights, np.eye(slices), atol=1e-6)


@given(st.integers(2, 20))
def test_a_constant_stays_constant_between_the_slices(slices: int):
    weights = spline_weights(slices, np.linspace(0, slices - 1, 33))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


def test_two_slices_are_joined_without_overshoot():
    weights = spline_weights(2, np.linspace(0, 1, 11))
    assert weights.min() > -1e-6
    np.testing.assert_allclose(weights[5], [0.5, 0.5], atol=1e-6)
