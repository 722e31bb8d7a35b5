"""The stripe measures tell what repeats from slab to slab from what does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.stripes import (
    slab_frequency_energy,
    slab_frequency_energy_of_changes,
    strongest_line,
)


def noise(slices: int = 61, seed: int = 0) -> np.ndarray:
    """Soft tissue with white noise of 20 HU."""
    return np.random.default_rng(seed).normal(40, 20, (slices, 16, 20))


def smooth() -> np.ndarray:
    """Tissue whose spectrum falls steadily along the slices, as that of a patient does."""
    return 40 + 10 * gaussian_filter1d(noise(), 1.0, axis=0)


@pytest.mark.parametrize("measure", [slab_frequency_energy, slab_frequency_energy_of_changes])
@pytest.mark.parametrize("slices", [31, 45, 61, 120])
def test_noise_has_no_more_energy_at_the_slab_frequency_than_beside_it(measure, slices: int):
    assert measure(noise(slices)) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("measure", [slab_frequency_energy, slab_frequency_energy_of_changes])
def test_a_spectrum_that_falls_steadily_has_none_either(measure):
    assert measure(smooth()) == pytest.approx(1, abs=0.25)


@pytest.mark.parametrize("first", range(5))
def test_every_fifth_slice_brighter_scores_high_wherever_the_slabs_begin(first: int):
    striped = noise()
    striped[first::5] += 30
    assert slab_frequency_energy(striped) > 3


@pytest.mark.parametrize("slices", [31, 61, 120])
def test_noise_and_tissue_have_no_strong_line(slices: int):
    assert strongest_line(noise(slices)) < 1.5
    assert strongest_line(smooth()) < 1.5


@pytest.mark.parametrize("slices_apart", [2.25, 2.5, 3, 3.7])
def test_lines_of_any_period_and_meshes_score_high(slices_apart: float):
    wave = 40 * np.cos(2 * np.pi * np.arange(61) / slices_apart)[:, None, None]
    chequered = (-1) ** np.add.outer(np.arange(16), np.arange(20))
    for pattern in (wave, wave * chequered):
        assert strongest_line(smooth() + pattern) > 3


def test_stronger_stripes_score_higher():
    scores = []
    for height in (0, 5, 10, 20, 40):
        striped = noise()
        striped[::5] += height
        scores.append(slab_frequency_energy(striped))
    assert scores == sorted(scores)
    assert scores[-1] > 4 * scores[0]


def test_repeated_thick_slices_score_high_in_their_changes():
    assert slab_frequency_energy_of_changes(np.repeat(noise(13), 5, axis=0)[2:]) > 3


def test_slices_that_are_blurred_at_the_same_place_of_every_slab_score_high_in_their_changes():
    blurred = noise()
    for between in (2, 3):
        places = slice(between, -2, 5)
        neighbours = blurred[between - 1 : -3 : 5], blurred[between + 1 : -1 : 5]
        blurred[places] = (neighbours[0] + neighbours[1]) / 2
    assert slab_frequency_energy_of_changes(blurred) > 2


def test_stripes_of_another_period_do_not_count():
    striped = noise(85)
    striped[::7] += 30
    assert slab_frequency_energy(striped) < 1.3
    assert slab_frequency_energy(striped, period=7) > 3


@given(offset=st.floats(-200, 200), scale=st.floats(0.5, 3))
def test_brightness_and_contrast_do_not_matter(offset: float, scale: float):
    striped = noise(36)[:, :4]
    striped[::5] += 30
    assert slab_frequency_energy(striped * scale + offset) == pytest.approx(slab_frequency_energy(striped), rel=1e-3)


def test_air_around_the_patient_does_not_count():
    striped = noise()
    striped[::5] += 30
    air = np.random.default_rng(1).normal(-1000, 10, (61, 40, 20))
    assert slab_frequency_energy(np.concatenate((striped, air), axis=1)) == slab_frequency_energy(striped)


def test_integers_score_as_the_same_numbers_in_float():
    striped = np.rint(noise()).astype(np.int16)
    assert slab_frequency_energy(striped) == slab_frequency_energy(striped.astype(np.float64))


def test_too_few_slices_are_refused():
    with pytest.raises(UnusableInput, match="from 31 slices on; this volume has 30"):
        slab_frequency_energy(noise(30))


@pytest.mark.parametrize("hu", [-1000, 40])
def test_a_volume_of_air_or_of_one_value_is_refused(hu: int):
    with pytest.raises(UnusableInput, match="more than air"):
        slab_frequency_energy(np.full((40, 8, 8), hu))
