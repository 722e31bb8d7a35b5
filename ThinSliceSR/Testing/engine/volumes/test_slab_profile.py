"""The measuring model: shares of tissue in a thick slice."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile, slab_profile_of
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume

PLACES = np.arange(-40, 41) * 0.5


@given(st.floats(1, 25), st.floats(0, 1), st.floats(-3, 3))
def test_weights_are_shares_around_the_centre(thickness: float, bell: float, centre: float):
    profile = SlabProfile(thickness, 5.0, bell)
    weights = profile.weights(PLACES, 0.5, np.array([centre]))[0]
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)
    if thickness < 15:
        assert weights @ PLACES == pytest.approx(centre, abs=0.15)
    assert not weights[np.abs(PLACES - centre) > profile.reach_mm + 0.5].any()


def test_a_box_of_5_mm_is_the_mean_of_five_millimetres():
    weights = SlabProfile(5.0, 5.0).weights(np.arange(-5, 6), 1.0, np.array([0.0]))[0]
    np.testing.assert_allclose(weights, [0, 0, 0, 0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0])


def test_a_bell_of_5_mm_is_what_was_measured_on_a_scanner():
    weights = SlabProfile(5.0, 5.0, bell=1.0).weights(np.arange(-4, 5), 1.0, np.array([0.0]))[0]
    np.testing.assert_allclose(weights, [0.02, 0.07, 0.13, 0.18, 0.20, 0.18, 0.13, 0.07, 0.03], atol=0.015)


def test_both_shapes_have_their_half_maximum_at_half_the_thickness():
    fine = np.arange(-200, 201) * 0.05
    for bell in (0.0, 1.0):
        weights = SlabProfile(6.0, 5.0, bell).weights(fine, 0.05, np.array([0.0]))[0]
        wide = fine[weights >= weights.max() / 2]
        assert wide[-1] - wide[0] == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("told", "taken"), [(None, 5.0), (4.0, 4.0), (12.5, 12.5), (20.0, 12.5), (1.0, 2.5), (2.5, 2.5)]
)
def test_the_thickness_is_what_the_source_tells_as_far_as_that_can_be(told: float | None, taken: float):
    thick = Volume(np.zeros((4, 8, 8), np.int16), (0.7, 0.7, 5.0), acquisition=Acquisition(slice_thickness_mm=told))
    assert slab_profile_of(thick) == SlabProfile(taken, 5.0)
    assert slab_profile_of(thick.permuted((2, 0, 1))) == SlabProfile(taken, 5.0)
