"""Samples that differ from each other as patients and scanners do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.network.configuration import SMALL

pytest.importorskip("yaml")

from training_making import samples_from

from training.data.pairs import SimulatedPairs
from training.data.patient import draw_cut, with_other_densities
from training.data.scanner import added_noise, as_by_another_kernel, as_of_thicker_slices
from training.data.volumes import TrainingVolume, View
from training.settings import SimulatedPairSettings


def test_thicker_slices_are_blurred_along_the_slices_alone():
    hu = np.zeros((41, 5, 5), np.float32)
    hu[20, 2, 2] = 1000
    thicker = as_of_thicker_slices(hu, 0.8)
    assert thicker.sum() == pytest.approx(1000, rel=1e-4)
    assert (np.abs(thicker).max(axis=0) > 0).sum() == 1
    variance = (thicker[:, 2, 2] * (np.arange(41) - 20) ** 2).sum() / 1000
    assert variance == pytest.approx(0.64, rel=0.02)
    np.testing.assert_array_equal(as_of_thicker_slices(hu, 0.0), hu)


def test_samples_of_thicker_slices_change_less_from_slice_to_slice():
    hu = np.random.default_rng(0).normal(0, 100, (80, 20, 20)).astype(np.int16)
    settings = {"usual_share": 1, "noisy_share": 0, "kernel_share": 0, "in_plane_share": 0, "off_centre_share": 0}
    plain, thicker = (samples_from(hu, thicker_share=share, **settings) for share in (0, 1))
    changes = [
        np.mean([float(samples[n][1].diff(dim=1).abs().mean()) for n in range(10)]) for samples in (plain, thicker)
    ]
    assert changes[1] < 0.95 * changes[0]


def test_a_softer_kernel_blurs_in_the_plane_and_a_sharper_one_does_not():
    hu = np.random.default_rng(0).normal(0, 20, (4, 30, 30)).astype(np.float32)
    assert as_by_another_kernel(hu, -1.0).std() < 0.6 * hu.std() < hu.std() < 0.8 * as_by_another_kernel(hu, 1.0).std()
    flat = np.full((3, 9, 9), 40, np.float32)
    np.testing.assert_allclose(as_by_another_kernel(flat, 1.0), flat, atol=1e-3)


def test_noise_is_stronger_in_the_body_and_each_slices_own():
    hu = np.full((40, 96, 96), -1000, np.float32)
    hu[:, :, :48] = 40
    noise = added_noise(hu, 10.0, np.random.default_rng(0))
    assert noise[:, :, :20].std() == pytest.approx(10, rel=0.1)
    assert noise[:, :, -20:].std() == pytest.approx(5, rel=0.1)
    assert abs(np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]) < 0.02


@pytest.mark.parametrize(("zoom", "cut"), [(0.8, 20), (1.25, 13), (0.4, 30)])  # of 0.4 the volume is too small
def test_zoomed_samples_have_pixels_and_steps_in_the_plane_of_another_size(zoom: float, cut: int):
    columns = np.arange(30, dtype=np.int16)
    hu = np.broadcast_to(20 * columns - 300, (60, 30, 30))
    settings = {"usual_share": 1, "noisy_share": 0, "kernel_share": 0, "in_plane_share": 0}
    samples = samples_from(hu, zoomed_share=1, zoom=(zoom, zoom), **settings)
    for number in range(4):
        _, thin, slabs = samples[number]
        assert thin.shape == (1, 36, 16, 16)
        assert float(slabs[1]) == pytest.approx(5 / (0.8 * cut / 16))
        along_a_row_or_column = max(float(thin.diff(dim=axis)[..., 4:-4, 4:-4].abs().mean()) for axis in (2, 3))
        assert along_a_row_or_column * 3072 == pytest.approx(20 * cut / 16, rel=0.05)


def test_samples_may_be_enlarged_by_more_along_columns_than_along_rows():
    grid = np.indices((60, 60, 60))
    settings = {"usual_share": 1, "noisy_share": 0, "kernel_share": 0, "in_plane_share": 0}
    rows = samples_from(5 * grid[1], zoomed_share=1, zoom=(1, 1), aspect=(2.25, 2.25), **settings)
    columns = samples_from(5 * grid[2], zoomed_share=1, zoom=(1, 1), aspect=(2.25, 2.25), **settings)
    for samples, cut in ((rows, 24), (columns, 11)):
        _, thin, slabs = samples[0]
        assert float(slabs[1]) == pytest.approx(5 / 0.8 / (24 * 11) ** 0.5 * 16)
        steps = max(float(thin.diff(dim=axis)[..., 4:-4, 4:-4].abs().mean()) for axis in (2, 3))
        assert steps * 3072 == pytest.approx(5 * cut / 16, rel=0.05)


@given(st.integers(0, 10**6), st.integers(96, 140))
def test_a_cut_that_does_not_fit_is_smaller_along_both(seed: int, rows: int):
    settings = SimulatedPairSettings(crop=96, zoomed_share=0.6, zoom=(0.75, 1.35), aspect=(0.8, 1.25), turned_share=0.5)
    cut = draw_cut((rows, 512), settings, np.random.default_rng(seed))
    assert cut.rows <= rows
    assert 0.78 < cut.rows / cut.columns < 1.28


def test_slices_are_stretched_only_where_they_still_show_thin_ones():
    hu = np.broadcast_to((4 * np.arange(80))[:, None, None], (80, 20, 20))
    volume = TrainingVolume("a", (View(hu, 2.5, 0.8, along_slices=True),))
    chosen = {"stretched_share": 1, "stretch": (1.25, 1.25), "noisy_share": 0, "body_share": 0, "touching_share": 1}
    settings = SimulatedPairSettings(crop=16, usual_share=0, spacing_mm=(10.0, 10.0), **chosen)
    _, thin, _ = SimulatedPairs([volume], SMALL, settings, 1)[0]
    assert float(thin.diff(dim=1).abs().mean()) * 3072 == pytest.approx(4 * 2.0 / 2.5, rel=0.03)


def test_turned_samples_lie_at_every_angle_and_keep_their_size():
    columns = np.arange(60, dtype=np.int16)
    hu = np.broadcast_to(20 * columns - 300, (60, 60, 60))
    samples = samples_from(hu, turned_share=1, usual_share=1, noisy_share=0, kernel_share=0, in_plane_share=0)
    angles = []
    for number in range(40):
        _, thin, slabs = samples[number]
        assert thin.shape == (1, 36, 16, 16)
        assert float(slabs[1]) == pytest.approx(5 / 0.8)
        down, across = (float(thin.diff(dim=axis)[..., 4:-4, 4:-4].mean()) * 3072 for axis in (2, 3))
        assert np.hypot(down, across) == pytest.approx(20, rel=0.02)
        angles.append(np.degrees(np.arctan2(down, across)) % 90)
    assert min(angles) < 10
    assert max(angles) > 80
    assert 20 < np.median(angles) < 70


def test_stretched_samples_change_less_from_slice_to_slice():
    hu = np.broadcast_to((4 * np.arange(80))[:, None, None], (80, 20, 20))
    samples = samples_from(hu, stretched_share=1, stretch=(1.25, 1.25), usual_share=1, noisy_share=0, body_share=0)
    _, thin, slabs = samples[0]
    assert float(thin.diff(dim=1).abs().mean()) * 3072 == pytest.approx(4 / 1.25, rel=0.02)
    assert float(slabs[1]) == pytest.approx(5 / 0.8)


@given(st.integers(0, 10**6))
def test_other_densities_leave_air_and_the_order_of_tissues(seed: int):
    hu = np.arange(-1024, 3072, dtype=np.int16).reshape(1, 64, 64)
    other = with_other_densities(hu, np.random.default_rng(seed)).ravel()
    assert (np.diff(other) >= 0).all()
    np.testing.assert_array_equal(other[:25], hu.ravel()[:25])
    assert other.std() > 100
    assert np.abs(other - hu.ravel())[100:1200].max() > 5
