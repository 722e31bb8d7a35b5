"""Thick slices are means of slabs, and synthesised slabs are made to have their thick slices as means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.synthesis.slab import (
    SlabErrors,
    between_slices_weights,
    simulate_thick,
    slab_correction_weights,
    slab_weights,
)
from ThinSliceSRLib.engine.volumes.volume import Volume


def random_hu(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 1000, shape).astype(np.int16)


def test_a_thick_slice_is_the_mean_of_the_five_thin_slices_around_its_place():
    thin = Volume(random_hu(31, 6, 7), (0.7, 0.7, 1.0), (1.0, 2.0, 3.0))
    thick = simulate_thick(thin)
    assert thick.size == (7, 6, 7)
    assert thick.spacing_mm == (0.7, 0.7, 5.0)
    assert thick.origin_mm == thin.origin_mm
    assert thick.hu.dtype == np.int16
    for k in range(1, 6):
        mean = thin.hu[5 * k - 2 : 5 * k + 3].mean(axis=0)
        assert np.abs(thick.hu[k] - mean).max() <= 0.5
    np.testing.assert_allclose(thick.hu[0], thin.hu[:3].mean(axis=0), atol=0.5)


@given(st.integers(12, 80), st.floats(0.4, 2.0), st.floats(3.0, 6.0))
def test_slab_weights_are_means_around_their_centres(slices: int, spacing_mm: float, slab_mm: float):
    weights = slab_weights(slices, spacing_mm, slab_mm)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    inner = weights[1:-1]
    centres = inner @ (np.arange(slices) * spacing_mm)
    cut_slices_mm = spacing_mm**2 / slab_mm / 8  # a slice that is cut counts at its own centre, not its part's
    np.testing.assert_allclose(centres, slab_mm * np.arange(1, len(weights) - 1), atol=cut_slices_mm + 1e-9)
    assert (np.count_nonzero(inner, axis=1) >= slab_mm / spacing_mm - 1e-6).all()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_are_averaged_along_the_axis_on_which_they_are_stacked(axis: int):
    thin = Volume(random_hu(26, 9, 8), (0.7, 0.7, 1.0))
    axes = {0: (2, 0, 1), 1: (0, 2, 1), 2: (0, 1, 2)}[axis]
    turned = thin.permuted(axes)
    assert turned.through_plane_axis == axis
    expected = simulate_thick(thin).permuted(axes)
    np.testing.assert_array_equal(simulate_thick(turned).hu, expected.hu)
    assert simulate_thick(turned).spacing_mm == expected.spacing_mm


def test_a_volume_that_is_thick_already_is_refused():
    with pytest.raises(UnusableInput, match="no thinner than"):
        simulate_thick(Volume(random_hu(20, 4, 4), (0.7, 0.7, 5.0)))


def test_a_volume_too_short_for_two_slabs_is_refused():
    with pytest.raises(UnusableInput, match="too short"):
        simulate_thick(Volume(random_hu(5, 4, 4), (0.7, 0.7, 1.0)))


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
