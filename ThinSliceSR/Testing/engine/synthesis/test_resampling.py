"""Thin slices on another distance: in their places, neither blurred nor aliased."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.synthesis.resampling import resample_slices
from ThinSliceSRLib.engine.volumes.volume import Volume


def volume(hu: np.ndarray, spacing_mm: float) -> Volume:
    """One column of values as slices of 2×2 voxels."""
    return Volume(hu.astype(np.int16)[:, None, None].repeat(2, 1).repeat(2, 2), (0.7, 0.7, spacing_mm), (1.0, 2.0, 3.0))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.3, 3.0), st.floats(0.3, 3.0), st.integers(20, 60))
def test_every_slice_lies_in_its_place_from_the_first_one_on(spacing: float, wanted: float, slices: int):
    ramp = volume(10 * spacing * np.arange(slices), spacing)
    resampled = resample_slices(ramp, wanted)
    assert resampled.spacing_mm == (0.7, 0.7, wanted)
    assert resampled.origin_mm == ramp.origin_mm
    places = np.arange(len(resampled.hu)) * wanted
    assert places[-1] <= (slices - 1) * spacing + 1e-4 < places[-1] + wanted + 2e-4
    inner = (places > 6 * spacing + wanted) & (places < (slices - 7) * spacing - wanted)
    np.testing.assert_allclose(resampled.hu[inner, 0, 0], 10 * places[inner], atol=2)


def test_slices_on_their_own_distance_stay():
    thin = volume(np.random.default_rng(0).integers(-1000, 1000, 30), 0.8)
    np.testing.assert_array_equal(resample_slices(thin, 0.8).hu, thin.hu)


def test_what_is_finer_than_the_new_distance_is_averaged_not_sampled():
    """A pattern from slice to slice, 0.5 mm apart, would come back at 1 mm as slices all too bright."""
    pattern = volume(100 * (-1.0) ** np.arange(60), 0.5)
    assert np.abs(resample_slices(pattern, 1.0).hu[3:-3]).max() < 25


def test_noise_falls_as_slices_grow_thicker():
    noise = np.random.default_rng(0).normal(0, 100, (80, 20, 20)).astype(np.int16)
    thin = Volume(noise, (0.7, 0.7, 0.5))
    assert resample_slices(thin, 1.0).hu[5:-5].std() == pytest.approx(100 / np.sqrt(2), rel=0.1)


def test_what_both_distances_show_keeps_its_height():
    """A wave of 10 mm passes with 0.5, 0.6 and 1.6 mm slices alike: nothing is blurred."""
    for spacing in (0.5, 0.6, 1.6):
        places = np.arange(int(100 / spacing)) * spacing
        resampled = resample_slices(volume(1000 * np.sin(2 * np.pi * places / 10), spacing), 1.0)
        expected = 1000 * np.sin(2 * np.pi * np.arange(len(resampled.hu)) / 10)
        np.testing.assert_allclose(resampled.hu[8:-8, 0, 0], expected[8:-8], atol=45)


def test_air_does_not_ring_below_air():
    step = volume(np.r_[np.full(20, -1024), np.full(20, 1000)], 1.6)
    assert resample_slices(step, 1.0).hu.min() >= -1024
