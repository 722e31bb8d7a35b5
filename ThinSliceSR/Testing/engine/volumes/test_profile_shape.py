"""Box or bell is read from the noise of the thick slices, where there is enough of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.volumes.profile_shape import (
    UNTOLD,
    measured_noise_likeness,
    noise_likeness,
    with_measured_shape,
)
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Volume


def thick_noise(profile: SlabProfile, slices: int = 30, grain_mm: float = 1.4, hu: float = 20.0) -> Volume:
    """Water with the noise of a scanner's thin slices, 0.5 mm apart, made thick."""
    rng, step = np.random.default_rng(0), 0.5
    places = np.arange(-30, slices * profile.spacing_mm + 30, step)
    noise = rng.normal(0, hu, (len(places), 48 * 48))
    grain = SlabProfile(grain_mm, grain_mm, 1.0).weights(places, step, places)
    weights = profile.weights(places, step, np.arange(slices) * profile.spacing_mm) @ grain
    return Volume((weights @ noise).reshape(slices, 48, 48).astype(np.float32), (0.7, 0.7, profile.spacing_mm))


@pytest.mark.parametrize(("thickness", "spacing"), [(5.0, 5.0), (3.0, 3.0), (8.0, 8.0), (5.0, 3.0), (8.0, 5.0)])
def test_boxes_and_bells_are_told_apart(thickness: float, spacing: float):
    read = [
        with_measured_shape(SlabProfile(thickness, spacing), thick_noise(SlabProfile(thickness, spacing, bell))).bell
        for bell in (0.0, 0.5, 1.0)
    ]
    assert read[0] < 0.25
    assert read[0] < read[1] < read[2]
    assert read[2] > 0.6


@given(st.floats(2, 10), st.floats(0.8, 2.5))
@settings(max_examples=30, deadline=None)
def test_the_more_slices_overlap_or_are_bells_the_more_alike_their_noise(spacing: float, overlap: float):
    def likeness(times: float, bell: float) -> float:
        return noise_likeness(SlabProfile(spacing * overlap * times, spacing, bell))

    assert likeness(1, 0) <= likeness(1.1, 0) + 1e-3
    assert likeness(1, 0) < likeness(1, 0.5) < likeness(1, 1)


def test_anatomy_along_rows_does_not_make_noise_look_alike():
    volume = thick_noise(SlabProfile(5.0, 5.0))
    ribs = 15 * np.sin(np.arange(48))[:, None]
    plain, striped = (measured_noise_likeness(hu) for hu in (volume.hu, volume.hu + ribs))
    assert striped == pytest.approx(plain, abs=0.03)


@pytest.mark.parametrize(
    "thick",
    [
        Volume(np.full((10, 48, 48), 40, np.int16), (0.7, 0.7, 5.0)),
        Volume(np.full((10, 48, 48), -900, np.int16), (0.7, 0.7, 5.0)),
        Volume(np.random.default_rng(0).normal(0, 20, (2, 8, 8)).astype(np.float32), (0.7, 0.7, 5.0)),
    ],
    ids=["no noise", "no soft tissue", "too small"],
)
def test_the_shapes_of_training_are_assumed_where_noise_tells_nothing(thick: Volume):
    assert with_measured_shape(SlabProfile(5.0, 5.0), thick) == SlabProfile(5.0, 5.0, UNTOLD)


def test_the_shapes_of_training_are_assumed_where_gaps_lie_between_the_slices():
    profile = SlabProfile(5.0, 8.0)
    assert with_measured_shape(profile, thick_noise(SlabProfile(5.0, 8.0, 1.0))).bell == UNTOLD
