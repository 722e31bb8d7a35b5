"""Slices that are convolved one by one and interpolated: what PyTorch's own functions make, by a faster way."""

from __future__ import annotations

import pytest
import torch
from models import SLABS
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.slices import as_images, as_volumes, convolved, linear_along_slices
from torch.nn import functional


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("batch", [1, 2])
def test_slices_are_convolved_as_by_pytorch(window: int, batch: int):
    torch.manual_seed(0)
    convolution = torch.nn.Conv3d(5, 4, (1, window, window), padding=(0, window // 2, window // 2))
    volume = torch.randn(batch, 5, 3, 8, 12)
    made = as_volumes(convolved(convolution, as_images(volume)), batch)
    torch.testing.assert_close(made, convolution(volume), atol=1e-6, rtol=1e-5)


def test_features_of_a_convolution_are_scaled_and_shifted():
    torch.manual_seed(0)
    convolution = torch.nn.Conv3d(5, 4, (1, 3, 3), padding=(0, 1, 1))
    images, scale, shift = torch.randn(3, 5, 8, 12), torch.randn(4), torch.randn(4)
    expected = convolved(convolution, images) * scale[:, None, None] + shift[:, None, None]
    torch.testing.assert_close(convolved(convolution, images, (scale, shift)), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("aligned", [True, False])
def test_slices_between_others_are_interpolated_as_by_pytorch(aligned: bool):
    volume, count = torch.rand(2, 3, 8, 4, 5), 36
    expected = functional.interpolate(volume, size=(count, 4, 5), mode="trilinear", align_corners=aligned)
    thin = torch.arange(count)
    places = thin / 5 if aligned else (thin + 0.5) * 8 / count - 0.5
    torch.testing.assert_close(linear_along_slices(volume, places), expected, atol=1e-6, rtol=0)


def test_interpolation_is_exact_where_matrices_are_multiplied_with_fewer_bits():
    volume, places = torch.rand(1, 1, 8, 4, 5), torch.arange(36) / 5
    with torch.autocast("cpu", torch.bfloat16):
        made = linear_along_slices(volume, places)
    torch.testing.assert_close(made, linear_along_slices(volume, places), atol=0, rtol=0)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
def test_no_step_of_the_network_is_left_to_the_slow_convolution_of_volumes():
    network, thick = CTHNet(SMALL), torch.rand(1, 1, 8, 176, 32)  # PyTorch takes the slow one for less than 161 rows
    with torch.inference_mode(), torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        network(thick, SLABS, doubt=True)
    steps = {step.key for step in profile.key_averages()}
    assert "aten::mkldnn_convolution" in steps
    assert not {step for step in steps if step.startswith("aten::slow_conv3d")}
