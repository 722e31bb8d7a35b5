"""Figures of merit against scikit-image's and against values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.metrics import mean_absolute_error, psnr, ssim, without_outer_slices

SHAPE = (14, 17, 23)


def pair(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A truth that reaches beyond the HU range of the paper, and a candidate near it; int16 and float32."""
    generator = np.random.default_rng(seed)
    truth = generator.choice(np.array([-1500, -850, 40, 400, 3000], np.int16), SHAPE)
    return (truth + generator.normal(0, 150, SHAPE)).astype(np.float32), truth


def scaled(hu: np.ndarray) -> np.ndarray:
    return (np.clip(hu.astype(np.float64), -1024, 2048) + 1024) / 3072


def scikit_ssim(candidate: np.ndarray, truth: np.ndarray, axis: int) -> tuple[float, np.ndarray]:
    """The mean over planes, and the map of all planes with the stacking axis in its place."""
    planes = [
        structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, full=True
        )
        for a, b in zip(np.moveaxis(scaled(candidate), axis, 0), np.moveaxis(scaled(truth), axis, 0), strict=True)
    ]
    return float(np.mean([mean for mean, _ in planes])), np.moveaxis(np.stack([full for _, full in planes]), 0, axis)


def test_psnr_is_that_of_scikit_image():
    candidate, truth = pair()
    expected = peak_signal_noise_ratio(scaled(truth), scaled(candidate), data_range=1.0)
    assert psnr(candidate, truth) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ssim_of_each_plane_is_that_of_scikit_image(axis: int):
    candidate, truth = pair()
    assert ssim(candidate, truth, axis) == pytest.approx(scikit_ssim(candidate, truth, axis)[0], abs=1e-9)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_ssim_within_a_mask_is_the_mean_of_scikit_images_map_there(axis: int):
    candidate, truth = pair()
    mask = np.random.default_rng(3).random(SHAPE) < 0.2
    centres = np.zeros(SHAPE, bool)
    centres[tuple(slice(None) if other == axis else slice(5, -5) for other in range(3))] = True
    expected = scikit_ssim(candidate, truth, axis)[1][mask & centres].mean()
    assert ssim(candidate, truth, axis, mask) == pytest.approx(expected, abs=1e-9)


def test_psnr_within_a_mask_sees_nothing_outside_of_it():
    truth = np.zeros(SHAPE, np.int16)
    candidate = np.full(SHAPE, 2000, np.int16)
    mask = np.zeros(SHAPE, bool)
    mask[4, 3:9, 2:7] = True
    candidate[mask] = 3.072 * 10
    assert psnr(candidate, truth, mask) == pytest.approx(-20 * math.log10(30 / 3072), abs=1e-9)


@given(error=st.floats(0.1, 900))
def test_a_constant_error_gives_the_psnr_worked_out_by_hand(error: float):
    truth = np.zeros((3, 4, 5))
    assert psnr(truth + error, truth) == pytest.approx(-20 * math.log10(error / 3072), abs=1e-6)
    assert mean_absolute_error(truth + error, truth) == pytest.approx(error, rel=1e-9)


@given(seed=st.integers(0, 1000))
def test_metrics_are_symmetric_and_ssim_does_not_exceed_one(seed: int):
    candidate, truth = pair(seed)
    assert psnr(candidate, truth) == pytest.approx(psnr(truth, candidate))
    assert ssim(candidate, truth) == pytest.approx(ssim(truth, candidate))
    assert -1 <= ssim(candidate, truth) < 1


def test_equal_volumes_have_infinite_psnr_and_an_ssim_of_one():
    _, truth = pair()
    assert psnr(truth, truth.astype(np.float32)) == math.inf
    assert ssim(truth, truth.astype(np.float32)) == pytest.approx(1, abs=1e-12)
    assert mean_absolute_error(truth, truth) == 0


def test_values_outside_of_the_range_of_the_paper_make_no_error():
    truth = np.full((11, 11, 11), 3000, np.int16)
    assert psnr(truth - 500, truth) == math.inf


def test_the_first_and_last_five_slices_are_left_out():
    hu = np.arange(13)[:, None, None] * np.ones((1, 2, 2))
    assert without_outer_slices(hu)[:, 0, 0].tolist() == [5, 6, 7]
    with pytest.raises(UnusableInput, match="Of 10 slices none is left"):
        without_outer_slices(hu[:10])


@pytest.mark.parametrize("metric", [psnr, ssim, mean_absolute_error])
def test_volumes_of_different_size_are_refused(metric):
    with pytest.raises(UnusableInput, match="23 × 17 × 13 and 23 × 17 × 14 voxels cannot be compared"):
        metric(np.zeros((13, 17, 23)), np.zeros(SHAPE))


@pytest.mark.parametrize("metric", [psnr, ssim, mean_absolute_error])
def test_values_that_are_not_numbers_are_refused(metric):
    candidate = np.zeros(SHAPE, np.float32)
    candidate[7, 8, 9] = np.nan
    with pytest.raises(UnusableInput, match="not numbers"):
        metric(candidate, np.zeros(SHAPE))


def test_planes_smaller_than_the_window_are_refused():
    with pytest.raises(UnusableInput, match="at least 11 × 11"):
        ssim(np.zeros((20, 10, 20)), np.zeros((20, 10, 20)))


@pytest.mark.parametrize("metric", [psnr, ssim])
def test_an_empty_mask_is_refused(metric):
    with pytest.raises(UnusableInput, match="No voxel"):
        metric(*pair(), mask=np.zeros(SHAPE, bool))
