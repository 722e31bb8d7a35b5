"""Slabs that are finished one by one are what they would be if the whole volume was corrected at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.synthesis.slab import between_slices_weights, slab_correction_weights
from ThinSliceSRLib.engine.synthesis.thin_slices import ThinSlices
from ThinSliceSRLib.engine.synthesis.tiling import Span

LOWEST, HIGHEST = SMALL.hu_range
MATRIX = (6, 5)


def random_thick(slices: int, highest: int) -> np.ndarray:
    return np.random.default_rng(slices).integers(-1200, highest, (slices, *MATRIX)).astype(np.int16)


def whole(length: int) -> Span:
    return Span(0, length, np.ones(length, np.float32))


def corrected_at_once(scaled: np.ndarray, thick: np.ndarray, slab_consistent: bool) -> np.ndarray:
    """HU of all slabs (slices, 5, rows, columns) from what a network made of them."""
    slabs = scaled.astype(float) * (HIGHEST - LOWEST) + LOWEST
    measured = np.maximum(thick, LOWEST).astype(float)
    neighbours = np.clip(np.arange(len(thick))[:, None] + (-1, 0, 1), 0, len(thick) - 1)
    residuals = np.minimum(measured, HIGHEST) - slabs.mean(axis=1)
    residuals[[0, -1]] = 0
    beyond = np.maximum(measured - HIGHEST, 0)
    if slab_consistent:
        slabs += np.einsum("ta,kayx->ktyx", slab_correction_weights(5), residuals[neighbours])
    slabs += np.einsum("ta,kayx->ktyx", between_slices_weights(5), beyond[neighbours])
    return np.clip(slabs, LOWEST, 32767)


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 12), st.booleans(), st.sampled_from((2000, 4000)), st.randoms())
def test_slabs_finished_in_any_order_are_those_of_the_whole(slices: int, slab_consistent: bool, highest: int, random):
    thick = random_thick(slices, highest)
    scaled = np.random.default_rng(0).random((slices, 5, *MATRIX), np.float32)
    thin = ThinSlices(thick, SMALL, slab_consistent)
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
    expected = corrected_at_once(scaled, thick, slab_consistent)
    inner = expected.reshape(-1, *MATRIX)[2 : 2 + len(thin.hu)]
    np.testing.assert_allclose(thin.hu, inner, atol=0.51)
    counted = slice(1, -1) if slices > 2 else slice(None)
    differences = np.abs(np.maximum(thick, LOWEST)[counted] - np.rint(expected[counted]).mean(axis=1))
    assert thin.slab_error().mean == pytest.approx(differences.mean(), abs=0.3)


def part_in_hu(scaled: np.ndarray) -> np.ndarray:
    return scaled * (HIGHEST - LOWEST) + LOWEST


def test_memory_for_slabs_does_not_grow_with_the_volume():
    thin = ThinSlices(random_thick(200, 1000), SMALL, slab_consistent=True)
    output = np.zeros((5, *MATRIX), np.float32)
    most = 0
    for start in range(0, 1000, 5):
        thin.add_cube(output, Span(start, 5, np.ones(5, np.float32)), *map(whole, MATRIX))
        most = max(most, len(thin._sums), len(thin._residuals))
        thin.finish(start, start + 5)
    assert most <= 4
    assert not thin._sums
    assert not thin._residuals
