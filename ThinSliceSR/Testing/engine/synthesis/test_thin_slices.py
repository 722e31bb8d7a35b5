"""Slabs that are finished one by one are what they would be if the whole volume was corrected at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.synthesis.slab import between_slices_weights
from ThinSliceSRLib.engine.synthesis.slab_consistency import SlabConsistency
from ThinSliceSRLib.engine.synthesis.thin_slices import ThinSlices, as_slice
from ThinSliceSRLib.engine.synthesis.tiling import Span
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

LOWEST, HIGHEST = SMALL.hu_range
MATRIX = (6, 5)


def random_thick(slices: int, highest: int) -> np.ndarray:
    return np.random.default_rng(slices).integers(-1200, highest, (slices, *MATRIX)).astype(np.int16)


def whole(length: int) -> Span:
    return Span(0, length, np.ones(length, np.float32))


def corrected_at_once(
    scaled: np.ndarray, thick: np.ndarray, consistency: SlabConsistency, slab_consistent: bool
) -> np.ndarray:
    """HU of all slabs (slices, 5, rows, columns) from what a network made of them."""
    slabs = scaled.astype(float) * (HIGHEST - LOWEST) + LOWEST
    measured = np.maximum(thick, LOWEST).astype(float)
    residuals = np.minimum(measured, HIGHEST) - means(slabs, consistency)
    residuals[[not consistency.is_known(k) for k in range(len(thick))]] = 0
    beyond = np.maximum(measured - HIGHEST, 0)
    if slab_consistent:
        for k in range(len(thick)):
            slabs[k] += np.einsum("ta,ayx->tyx", consistency.change(k), residuals[as_slice(consistency.changing(k))])
    neighbours = np.clip(np.arange(len(thick))[:, None] + (-1, 0, 1), 0, len(thick) - 1)
    slabs += np.einsum("ta,kayx->ktyx", between_slices_weights(5), beyond[neighbours])
    return np.clip(slabs, LOWEST, 32767)


def means(slabs: np.ndarray, consistency: SlabConsistency) -> np.ndarray:
    """What thick slices measure in slabs (slices, 5, rows, columns)."""
    return np.stack(
        [
            np.einsum("ka,kayx->yx", consistency.weights(k), slabs[as_slice(consistency.weighed(k))])
            for k in range(len(slabs))
        ]
    )


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 12),
    st.booleans(),
    st.sampled_from((2000, 4000)),
    st.sampled_from((0.5, 1.0, 1.6, 2.5)),
    st.sampled_from((0.0, 1.0)),
    st.randoms(),
)
def test_slabs_finished_in_any_order_are_those_of_the_whole(
    slices: int, slab_consistent: bool, highest: int, overlap: float, bell: float, random
):
    thick = random_thick(slices, highest)
    scaled = np.random.default_rng(0).random((slices, 5, *MATRIX), np.float32)
    profile = SlabProfile(5.0 * overlap, 5.0, bell)
    thin = ThinSlices(thick, SMALL, profile, slab_consistent)
    flat = scaled.reshape(-1, *MATRIX)
    starts = list(range(0, 5 * slices, 3))
    random.shuffle(starts)
    told = np.zeros(len(thin.hu), int)
    for start in starts:
        part = flat[start : start + 3]
        thin.add_cube(part, Span(start, len(part), np.ones(len(part), np.float32)), *map(whole, MATRIX))
        first, hu = thin.finish(start, start + len(part))
        if hu is not None:
            told[first : first + len(hu)] += 1
            np.testing.assert_allclose(hu, part_in_hu(flat[first + 2 : first + 2 + len(hu)]), atol=0.51)
    assert (told == 1).all()
    consistency = SlabConsistency(profile, 5, slices)
    expected = corrected_at_once(scaled, thick, consistency, slab_consistent)
    inner = expected.reshape(-1, *MATRIX)[2 : 2 + len(thin.hu)]
    np.testing.assert_allclose(thin.hu, inner, atol=0.52)
    edged = np.concatenate([thin.hu[:1], thin.hu[:1], thin.hu, thin.hu[-1:], thin.hu[-1:]]).reshape(-1, 5, *MATRIX)
    known = [k for k in range(slices) if consistency.is_known(k)]
    differences = np.abs(np.maximum(thick, LOWEST) - means(edged, consistency))[known]
    assert thin.slab_error().mean == pytest.approx(differences.mean(), abs=0.01)


def part_in_hu(scaled: np.ndarray) -> np.ndarray:
    return scaled * (HIGHEST - LOWEST) + LOWEST


@pytest.mark.parametrize(("overlap", "slabs"), [(1.0, 8), (2.5, 22)])
def test_memory_for_slabs_does_not_grow_with_the_volume(overlap: float, slabs: int):
    thin = ThinSlices(random_thick(200, 1000), SMALL, SlabProfile(5.0 * overlap, 5.0), slab_consistent=True)
    output = np.zeros((5, *MATRIX), np.float32)
    most = 0
    for start in range(0, 1000, 5):
        thin.add_cube(output, Span(start, 5, np.ones(5, np.float32)), *map(whole, MATRIX))
        most = max(most, len(thin._sums), len(thin._residuals))
        thin.finish(start, start + 5)
    assert most <= slabs
    assert not thin._sums
    assert not thin._residuals
