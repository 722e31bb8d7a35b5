"""Thin slices are changed so that their weighted means are the thick ones, whatever the thickness and the distance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.synthesis.slab_consistency import SLACK, SlabConsistency
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

RATIO = 5

profiles = st.builds(
    lambda spacing, overlap, bell: SlabProfile(spacing * overlap, spacing, bell),
    st.floats(2, 10),
    st.floats(0.5, 2.5),
    st.sampled_from([0.0, 0.4, 1.0]),
)


def weight_matrix(consistency: SlabConsistency, slabs: int) -> np.ndarray:
    """All weights, (slabs, places)."""
    matrix = np.zeros((slabs, slabs, RATIO))
    for k in range(slabs):
        matrix[k, consistency.weighed(k).start : consistency.weighed(k).stop] = consistency.weights(k)
    return matrix.reshape(slabs, -1)


def changed(consistency: SlabConsistency, thin: np.ndarray, thick: np.ndarray) -> np.ndarray:
    """Thin values (places) after the change that thick values (slabs) ask for."""
    slabs = len(thick)
    residuals = thick - weight_matrix(consistency, slabs) @ thin
    residuals[[not consistency.is_known(k) for k in range(slabs)]] = 0
    changes = [
        consistency.change(k) @ residuals[consistency.changing(k).start : consistency.changing(k).stop]
        for k in range(slabs)
    ]
    return thin + np.concatenate(changes)


@settings(max_examples=60, deadline=None)
@given(profiles, st.integers(2, 14))
def test_weights_of_every_thick_slice_sum_to_1_and_lie_around_it(profile: SlabProfile, slabs: int):
    consistency = SlabConsistency(profile, RATIO, slabs)
    weights = weight_matrix(consistency, slabs)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    places = (np.arange(slabs * RATIO) - RATIO // 2) / RATIO
    for k in range(slabs):
        far = np.abs(places - k) * profile.spacing_mm > profile.reach_mm + profile.spacing_mm / RATIO
        assert not weights[k, far].any()
        if consistency.weighed(k) == range(k - 1, k + 2):
            assert weights[k] @ places == pytest.approx(k, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(profiles)
def test_consistent_slices_stay_and_a_shift_of_all_is_followed(profile: SlabProfile):
    slabs = 12
    consistency = SlabConsistency(profile, RATIO, slabs)
    thin = np.cumsum(np.random.default_rng(0).normal(0, 10, slabs * RATIO))
    thick = weight_matrix(consistency, slabs) @ thin
    np.testing.assert_allclose(changed(consistency, thin, thick), thin, atol=1e-6)
    inner = slice(4 * RATIO, -4 * RATIO)
    moved = changed(consistency, thin, thick + 20)
    np.testing.assert_allclose(moved[inner] - thin[inner], 20, atol=0.5)


@pytest.mark.parametrize("overlap", [0.6, 1.0, 1.6])
def test_what_lacks_more_and_more_is_met_by_a_line_so_no_border_shows(overlap: float):
    """Thick slices that lack 0, 5, 10 … HU are met by a change that rises by 1 from each thin slice to the next."""
    slabs = 20
    consistency = SlabConsistency(SlabProfile(5.0 * overlap, 5.0), RATIO, slabs)
    change = changed(consistency, np.zeros(slabs * RATIO), 5.0 * np.arange(slabs))
    np.testing.assert_allclose(np.diff(change)[6 * RATIO : -6 * RATIO], 1, atol=0.15)


@settings(max_examples=30, deadline=None)
@given(st.floats(2, 10), st.floats(0.5, 1.0), st.sampled_from([0.0, 1.0]))
def test_without_overlap_the_means_are_met(spacing: float, overlap: float, bell: float):
    slabs = 12
    consistency = SlabConsistency(SlabProfile(spacing * overlap, spacing, bell), RATIO, slabs)
    thin = np.zeros(slabs * RATIO)
    thick = np.random.default_rng(1).normal(0, 100, slabs)
    after = weight_matrix(consistency, slabs) @ changed(consistency, thin, thick)
    known = [k for k in range(slabs) if consistency.is_known(k)]
    assert np.abs(after - thick)[known].max() < 0.05 * np.abs(thick).max()


def test_it_is_the_whole_volumes_system_solved_window_by_window():
    profile, slabs = SlabProfile(4.0, 5.0), 16
    consistency = SlabConsistency(profile, RATIO, slabs)
    weights = weight_matrix(consistency, slabs)
    residuals = np.random.default_rng(2).normal(0, 10, slabs)
    known = np.array([k for k in range(slabs) if consistency.is_known(k)])
    steps = np.diff(np.eye(slabs * RATIO), axis=0)
    system = steps.T @ steps + weights[known].T @ weights[known] / SLACK
    at_once = np.linalg.solve(system, weights[known].T @ residuals[known] / SLACK)
    inner = slice(3 * RATIO, -3 * RATIO)
    np.testing.assert_allclose(changed(consistency, np.zeros(slabs * RATIO), residuals)[inner], at_once[inner], atol=1)


def test_the_outer_slices_reach_beyond_the_volume_and_change_nothing():
    consistency = SlabConsistency(SlabProfile(12.5, 5.0), RATIO, 9)
    assert [k for k in range(9) if consistency.is_known(k)] == list(range(2, 7))
    np.testing.assert_array_equal(changed(consistency, np.zeros(45), np.eye(9)[1]), 0)
    assert [k for k in range(2) if SlabConsistency(SlabProfile(5.0, 5.0), RATIO, 2).is_known(k)] == [0, 1]


@pytest.mark.parametrize("overlap", [1.0, 1.5, 2.0, 2.5])
def test_noise_of_overlapping_slices_is_not_stretched_beyond_that_of_thin_ones(overlap: float):
    """Thin noise of 1 HU: thick slices hold what is left of it, and the change may not make more than 1 HU of that."""
    profile, slabs = SlabProfile(5.0 * overlap, 5.0), 40
    consistency = SlabConsistency(profile, RATIO, slabs)
    rng = np.random.default_rng(3)
    spreads = []
    for _ in range(20):
        thick = weight_matrix(consistency, slabs) @ rng.normal(0, 1, slabs * RATIO)
        spreads.append(changed(consistency, np.zeros(slabs * RATIO), thick)[50:-50].std())
    assert np.mean(spreads) < 0.8
