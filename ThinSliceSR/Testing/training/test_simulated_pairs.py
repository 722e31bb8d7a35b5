"""Simulated pairs: slab profiles, alignment, crops, views."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import SMALL

pytest.importorskip("yaml")

from training_making import blobs, tiny_settings, write_volume

from training.pairs import MARGIN, SimulatedPairs, cube_slices, draw_profile, simulated_pair, smoothed_along_slices
from training.settings import SimulatedPairSettings
from training.slab_profile import SlabProfile
from training.volumes import (
    THIN_MM,
    TrainingVolume,
    View,
    at_millimetres,
    find_volumes,
    read_thin_volume,
    read_training_volume,
)

SLICES = cube_slices(SMALL)
CENTRES = MARGIN + 5 * np.arange(8)

widths = st.floats(4.5, 6.0)
shares = st.floats(0.0, 1.0)
offsets = st.floats(-0.5, 0.5)


@given(width=widths, gaussian=shares, offset=offsets)
def test_slab_weights_are_shares_that_sum_to_one(width, gaussian, offset):
    weights = SlabProfile(width, gaussian, offset).weights(SLICES, CENTRES)
    assert weights.min() >= 0
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)


@given(width=widths, gaussian=shares)
def test_slab_weights_are_centred(width, gaussian):
    weights = SlabProfile(width, gaussian).weights(SLICES, CENTRES)
    np.testing.assert_allclose(weights @ np.arange(SLICES), CENTRES, atol=1e-9)


@given(width=widths, gaussian=shares, offset=offsets)
def test_slabs_of_a_sample_all_have_the_same_profile(width, gaussian, offset):
    weights = SlabProfile(width, gaussian, offset).weights(SLICES, CENTRES)
    for index, row in enumerate(weights):
        np.testing.assert_allclose(np.roll(row, -5 * index), weights[0], atol=1e-12)


def test_a_box_of_5_mm_is_the_mean_of_five_slices():
    hu = blobs((SLICES, 8, 8))
    thick, thin = simulated_pair(hu, SlabProfile(), SMALL)
    for k, place in enumerate(CENTRES):
        np.testing.assert_allclose(thick[k], hu[place - 2 : place + 3].mean(axis=0), atol=1e-3)
    np.testing.assert_array_equal(thin, hu[MARGIN:-MARGIN])


def test_a_gaussian_is_wider_than_a_box_but_has_its_variance():
    places = np.arange(SLICES) - CENTRES[3]
    box, bell = (SlabProfile(5.0, share).weights(SLICES, CENTRES)[3] for share in (0.0, 1.0))
    assert bell[CENTRES[3]] > box[CENTRES[3]]
    assert (bell > 1e-6).sum() > (box > 1e-6).sum()
    assert bell @ places**2 == pytest.approx(box @ places**2, rel=0.05)


@given(width=widths, gaussian=shares, offset=offsets, slope=st.floats(-20, 20))
def test_thick_slice_k_lies_on_thin_slice_5k(width, gaussian, offset, slope):
    ramp = np.broadcast_to((slope * np.arange(SLICES))[:, None, None], (SLICES, 2, 2))
    thick, thin = simulated_pair(ramp, SlabProfile(width, gaussian, offset), SMALL)
    np.testing.assert_allclose(thick, thin[::5], atol=2e-3)


def test_no_thin_slice_is_left_out_of_the_slabs():
    weights = SlabProfile(4.5).weights(SLICES, CENTRES)
    assert (weights.sum(axis=0)[CENTRES[0] : CENTRES[-1]] > 0.09).all()


def test_profiles_are_drawn_as_the_settings_say():
    rng = np.random.default_rng(0)
    exact = [draw_profile(5, SimulatedPairSettings(exact_share=1, off_centre_share=0), rng) for _ in range(20)]
    assert set(exact) == {SlabProfile(5.0, 0.0, 0.0)}
    varied = [draw_profile(5, SimulatedPairSettings(exact_share=0, off_centre_share=1), rng) for _ in range(50)]
    assert all(4.5 <= profile.width_mm <= 6 and 0 <= profile.gaussian <= 1 for profile in varied)
    assert min(profile.offset_mm for profile in varied) < -0.2 < 0.2 < max(profile.offset_mm for profile in varied)


def test_smoothing_along_slices_keeps_constants_and_spreads_a_slice():
    hu = np.zeros((7, 2, 2), np.int16)
    hu[3] = 100
    np.testing.assert_allclose(smoothed_along_slices(hu, 0.25)[:, 0, 0], [0, 0, 25, 50, 25, 0, 0])
    np.testing.assert_allclose(smoothed_along_slices(np.full((7, 2, 2), 40), 0.2), 40)


def samples_from(hu: np.ndarray, seed: int = 1, **settings: float) -> SimulatedPairs:
    volume = TrainingVolume("a", (View(hu, along_slices=True),))
    return SimulatedPairs([volume], SMALL, SimulatedPairSettings(crop=16, **settings), seed)


def test_samples_are_scaled_and_have_the_shapes_of_the_network():
    thick, thin = samples_from(blobs((60, 30, 30)))[0]
    assert thick.shape == (1, 8, 16, 16)
    assert thin.shape == (1, 36, 16, 16)
    assert 0 <= float(thin.min()) < float(thin.max()) <= 1


def test_a_sample_depends_on_seed_and_number_alone():
    hu = blobs((60, 30, 30))
    first, again, other_seed = samples_from(hu), samples_from(hu), samples_from(hu, seed=2)
    first[0]
    for mine, same in zip(first[7], again[7], strict=True):
        assert (mine == same).all()
    assert not (first[7][1] == first[8][1]).all()
    assert not (first[7][1] == other_seed[7][1]).all()


def test_samples_without_noise_are_aligned_through_flips_and_turns():
    grid = np.indices((60, 30, 30)).astype(np.float64)
    hu = (7 * grid[0] + 3 * grid[1] - 2 * grid[2] - 600).astype(np.int16)
    samples = samples_from(hu, noisy_share=0, overlapping_share=0, body_share=0)
    for number in range(30):
        thick, thin = samples[number]
        np.testing.assert_allclose(thick.numpy(), thin[:, ::5].numpy(), atol=1e-6)


def test_noise_is_on_the_thick_slices_only():
    samples = samples_from(np.full((60, 30, 30), 40, np.int16), noisy_share=1, noise_hu=5.0)
    thick, thin = samples[0]
    assert thin.std() < 1e-6
    assert 0 < float(thick.std()) * 3072 < 6


def test_crops_lie_mostly_in_the_body():
    hu = np.full((60, 100, 100), -1000, np.int16)
    hu[:, 40:60, 40:60] = 40
    inside = [float(samples_from(hu, body_share=1.0)[number][1].max()) > 0.3 for number in range(30)]
    anywhere = [float(samples_from(hu, body_share=0.0)[number][1].max()) > 0.3 for number in range(30)]
    assert sum(inside) > sum(anywhere)


def test_weights_say_how_often_volumes_are_drawn():
    volumes = [
        TrainingVolume(name, (View(np.full((60, 20, 20), hu, np.int16), along_slices=True),))
        for name, hu in (("bone.nrrd", 1000), ("water.nrrd", 0))
    ]
    samples = SimulatedPairs(volumes, SMALL, SimulatedPairSettings(crop=16, weights={"bone": 9.0}), seed=1)
    bone = sum(float(samples[number][1].mean()) > 0.5 for number in range(100))
    assert 80 <= bone < 100


def test_the_in_plane_axes_of_thick_volumes_serve_as_slice_axes(tmp_path):
    hu = blobs((24, 80, 90))
    path = write_volume(tmp_path / "chest.nrrd", hu, (0.75, 0.75, 2.0))
    volume = read_training_volume(path, SLICES, 16)
    assert [view.along_slices for view in volume.views] == [False, False]
    assert volume.views[0].hu.shape == (67, 24, 80)
    assert volume.views[1].hu.shape == (60, 24, 90)
    thick, _ = SimulatedPairs([volume], SMALL, SimulatedPairSettings(crop=16), 1)[0]
    assert thick.shape == (1, 8, 16, 16)


def test_volumes_of_1_mm_give_their_slices_unchanged(tmp_path):
    hu = blobs((60, 20, 20))
    volume = read_training_volume(write_volume(tmp_path / "a.nii.gz", hu, (2.0, 2.0, 1.0)), SLICES, 16)
    assert len(volume.views) == 1
    np.testing.assert_array_equal(volume.views[0].hu, hu)


def test_short_volumes_are_mirrored(tmp_path):
    hu = blobs((40, 12, 20))
    volume = read_training_volume(write_volume(tmp_path / "a.mha", hu, (2.0, 2.0, 1.0)), SLICES, 16)
    mirrored = volume.views[0].hu
    assert mirrored.shape == (SLICES, 16, 20)
    np.testing.assert_array_equal(mirrored[3:43, 2:14], hu)
    np.testing.assert_array_equal(mirrored[2, 2:14], hu[1])


def test_volumes_without_a_thin_axis_are_refused(tmp_path):
    path = write_volume(tmp_path / "coarse.nrrd", blobs((20, 20, 20)), (2.0, 2.0, 3.0))
    with pytest.raises(UnusableInput, match=r"No axis of coarse\.nrrd"):
        read_training_volume(path, SLICES, 16)


def test_thick_volumes_are_refused_as_the_truth(tmp_path):
    path = write_volume(tmp_path / "thick.nrrd", blobs((20, 20, 20)), (0.7, 0.7, 2.0))
    with pytest.raises(UnusableInput, match="cannot serve as the truth"):
        read_thin_volume(path)


def test_values_with_fractions_are_rounded_not_cut():
    np.testing.assert_array_equal(at_millimetres(np.full((3, 2, 2), -0.8), 1.0), -1)


def test_slices_are_resampled_to_one_millimetre():
    places = np.arange(40) * 0.8
    hu = np.broadcast_to((10 * places)[:, None, None], (40, 3, 3))
    resampled = at_millimetres(hu, 0.8)
    assert resampled.shape == (32, 3, 3)
    np.testing.assert_allclose(resampled[6:-6, 0, 0], 10 * np.arange(32)[6:-6], atol=1)
    assert THIN_MM == 1.0


def test_folders_without_volumes_are_refused(tmp_path):
    with pytest.raises(UnusableInput, match="no volumes"):
        find_volumes(tmp_path)
    with pytest.raises(UnusableInput, match="no folder"):
        find_volumes(tmp_path / "missing")


def test_settings_of_a_run_reach_its_samples():
    assert tiny_settings(simulated_pairs={"crop": 24}).crop == 24
