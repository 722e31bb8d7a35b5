"""Simulated pairs: slab profiles, alignment, crops, views."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

pytest.importorskip("yaml")

from training_making import blobs, samples_from, tiny_settings, write_volume

from training.data.pairs import SimulatedPairs, draw_profile, draw_view, mirrored, simulated_pair
from training.data.volumes import (
    THIN_MM,
    TrainingVolume,
    View,
    at_millimetres,
    find_volumes,
    read_thin_volume,
    read_training_volume,
)
from training.settings import SimulatedPairSettings

profiles = st.builds(
    lambda spacing, overlap, bell: SlabProfile(spacing * overlap, spacing, bell),
    st.floats(2, 10),
    st.floats(0.5, 2.5),
    st.sampled_from([0.0, 0.5, 1.0]),
)


def test_a_box_of_5_mm_is_the_mean_of_five_slices():
    hu = blobs((50, 8, 8))
    thick, thin = simulated_pair(hu, 1.0, SlabProfile(5.0, 5.0), SMALL, first_mm=6.0)
    for k, place in enumerate(6 + 5 * np.arange(8)):
        np.testing.assert_allclose(thick[k], hu[place - 2 : place + 3].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(thin, hu[6:42], atol=1e-2)


def test_thin_slices_of_2_mm_are_means_of_two_of_1_mm():
    hu = blobs((110, 4, 4))
    _, thin = simulated_pair(hu, 1.0, SlabProfile(10.0, 10.0), SMALL, first_mm=10.5)
    np.testing.assert_allclose(thin[0], hu[10:12].mean(axis=0), atol=1e-3)
    np.testing.assert_allclose(thin[35], hu[80:82].mean(axis=0), atol=1e-3)


@given(profile=profiles, spacing=st.floats(0.5, 1.0), first=st.floats(30, 31), slope=st.floats(-5, 5))
def test_thick_slice_k_lies_on_thin_slice_5k(profile, spacing, first, slope):
    slices = int((first + 7 * profile.spacing_mm + 30) / spacing) + 1
    ramp = np.broadcast_to((slope * spacing * np.arange(slices))[:, None, None], (slices, 2, 2))
    thick, thin = simulated_pair(ramp, spacing, profile, SMALL, first)
    assert (len(thick), len(thin)) == (8, 36)
    by_cells = 0.1 * abs(slope) * spacing + 0.02  # a profile that cuts a cell takes all of it for its middle
    np.testing.assert_allclose(thick, thin[::5], atol=by_cells)
    steps = np.diff(thick[:, 0, 0])
    np.testing.assert_allclose(steps, slope * profile.spacing_mm, atol=2 * by_cells)  # of one slice and the next


def test_profiles_are_drawn_as_the_settings_say():
    rng = np.random.default_rng(0)
    usual = [draw_profile(5.0, SimulatedPairSettings(usual_share=1, box_share=1), rng) for _ in range(20)]
    assert set(usual) == {SlabProfile(5.0, 5.0, 0.0)}
    settings = SimulatedPairSettings(usual_share=0, touching_share=0.5, box_share=0.5)
    varied = [draw_profile(5.0, settings, rng) for _ in range(400)]
    spacings, overlaps = ([getattr(profile, name) for profile in varied] for name in ("spacing_mm", "overlap"))
    assert 2 <= min(spacings) < 2.5 < 9 < max(spacings) <= 10
    assert 0.5 <= min(overlaps) < 0.6 < 2.2 < max(overlaps) <= 2.5 + 1e-9
    assert 120 < sum(overlap == pytest.approx(1) for overlap in overlaps) < 280
    assert 120 < sum(profile.bell == 0 for profile in varied) < 280


def test_views_show_slices_that_are_thin_enough_and_fall_back_on_other_axes():
    own = View(blobs((20, 8, 8)), 2.0, 0.7, along_slices=True)
    rows = View(blobs((20, 8, 8)), 0.7, 1.2, along_slices=False)
    volume, rng = TrainingVolume("a", (own, rows)), np.random.default_rng(0)
    assert draw_view(volume, 1.0, 0.0, rng) is rows
    assert draw_view(volume, 2.0, 0.0, rng) is own
    assert draw_view(volume, 2.0, 1.0, rng) is rows
    assert draw_view(TrainingVolume("b", (own,)), 1.0, 0.5, rng) is None
    assert View(own.hu, 1.0, 0.7, True).shows(0.4)


@given(st.integers(-200, 200), st.integers(1, 50), st.integers(2, 30))
def test_what_lies_beyond_a_volume_is_mirrored(start, count, length):
    index = mirrored(start, count, length)
    assert index.min() >= 0
    assert index.max() < length
    assert (np.abs(np.diff(index)) == 1).all()


def test_samples_are_scaled_and_have_the_shapes_of_the_network():
    thick, thin, slabs = samples_from(blobs((60, 30, 30)))[0]
    assert thick.shape == (1, 8, 16, 16)
    assert thin.shape == (1, 36, 16, 16)
    assert 0 <= float(thin.min()) < float(thin.max()) <= 1
    assert slabs.shape == (3,)


def test_samples_tell_how_their_slabs_were_measured():
    usual = samples_from(blobs((60, 30, 30)), usual_share=1, box_share=1, bell_error=0.0)
    np.testing.assert_allclose(usual[3][2], [1.0, 5 / 0.8, 0.0])
    wide = samples_from(blobs((60, 30, 30)), usual_share=0, touching_share=0, box_share=0)
    slabs = np.stack([wide[number][2].numpy() for number in range(40)])
    assert (slabs[:, 0] != 1).all()
    assert slabs[:, 2].std() > 0.1
    assert ((slabs[:, 2] >= 0) & (slabs[:, 2] <= 1)).all()


def test_a_sample_depends_on_seed_and_number_alone():
    hu = blobs((60, 30, 30))
    first, again, other_seed = samples_from(hu), samples_from(hu), samples_from(hu, seed=2)
    first[0]
    for mine, same in zip(first[7], again[7], strict=True):
        assert (mine == same).all()
    assert not (first[7][1] == first[8][1]).all()
    assert not (first[7][1] == other_seed[7][1]).all()


def test_samples_without_noise_are_aligned_whatever_their_size_and_angle():
    grid = np.indices((200, 30, 30)).astype(np.float64)
    hu = (2 * grid[0] + 3 * grid[1] - 2 * grid[2] - 400).astype(np.int16)
    shaped = {"zoomed_share": 0.5, "aspect": (0.8, 1.25), "turned_share": 0.5, "stretched_share": 0.5}
    samples = samples_from(hu, noisy_share=0, kernel_share=0, body_share=0, **shaped)
    for number in range(30):
        thick, thin, _ = samples[number]
        np.testing.assert_allclose(thick.numpy(), thin[:, ::5].numpy(), atol=1e-4)


def test_noise_is_on_the_thick_slices_only_and_as_strong_as_the_settings_say():
    samples = samples_from(np.full((60, 30, 30), 40, np.int16), noisy_share=1, noise_hu=5.0)
    for number in range(5):
        thick, thin, _ = samples[number]
        assert thin.std() < 1e-6
        assert 0 < float(thick.std()) * 3072 < 6


def test_crops_lie_mostly_in_the_body():
    hu = np.full((60, 100, 100), -1000, np.int16)
    hu[:, 40:60, 40:60] = 40
    inside = [float(samples_from(hu, body_share=1.0)[number][1].max()) > 0.3 for number in range(30)]
    anywhere = [float(samples_from(hu, body_share=0.0)[number][1].max()) > 0.3 for number in range(30)]
    assert sum(inside) > sum(anywhere)


def test_of_several_places_in_the_body_the_one_whose_slices_differ_most_is_taken():
    hu = np.zeros((60, 100, 100), np.int16)
    hu[:, :, 50:] = (20 * np.arange(60))[:, None, None]

    def changing(places: int) -> int:
        samples = samples_from(hu, body_share=1.0, places=places, noisy_share=0, in_plane_share=0)
        return sum(float(samples[number][1].diff(dim=1).abs().mean()) * 3072 > 5 for number in range(40))

    assert changing(1) < 30
    assert changing(4) > 35


def test_weights_say_how_often_volumes_are_drawn():
    volumes = [
        TrainingVolume(name, (View(np.full((60, 20, 20), hu, np.int16), 1.0, 0.8, along_slices=True),))
        for name, hu in (("bone.nrrd", 1000), ("water.nrrd", 0))
    ]
    samples = SimulatedPairs(volumes, SMALL, SimulatedPairSettings(crop=16, weights={"bone": 9.0}), seed=1)
    bone = sum(float(samples[number][1].mean()) > 0.5 for number in range(100))
    assert 80 <= bone < 100


def test_every_axis_with_small_enough_voxels_is_a_view(tmp_path):
    path = write_volume(tmp_path / "chest.nrrd", blobs((24, 80, 90)), (0.75, 0.75, 2.0))
    volume = read_training_volume(path, 16)
    assert [view.along_slices for view in volume.views] == [False, False, True]
    assert [view.spacing_mm for view in volume.views] == [0.75, 0.75, 2.0]
    assert volume.views[0].hu.shape == (90, 24, 80)
    assert volume.views[0].pixel_mm == pytest.approx((0.75 * 2.0) ** 0.5)
    thick, _, _ = SimulatedPairs([volume], SMALL, SimulatedPairSettings(crop=16), 1)[0]
    assert thick.shape == (1, 8, 16, 16)


def test_slices_are_kept_unchanged_and_small_ones_mirrored(tmp_path):
    hu = blobs((40, 12, 20))
    volume = read_training_volume(write_volume(tmp_path / "a.mha", hu, (2.7, 2.7, 1.0)), 16)
    (view,) = volume.views
    assert view.hu.shape == (40, 16, 20)
    np.testing.assert_array_equal(view.hu[:, 2:14], hu)
    np.testing.assert_array_equal(view.hu[:, 1], hu[:, 1])


def test_volumes_without_a_thin_axis_are_refused(tmp_path):
    path = write_volume(tmp_path / "coarse.nrrd", blobs((20, 20, 20)), (3.0, 3.0, 5.0))
    with pytest.raises(UnusableInput, match=r"No axis of coarse\.nrrd"):
        read_training_volume(path, 16)


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
