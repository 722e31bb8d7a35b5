"""Convolutions that see one slice at a time: what PyTorch's own make, by a faster way."""

from __future__ import annotations

import pytest
import torch
from models import SLABS
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.slices import convolved_slices


@pytest.mark.parametrize("window", [1, 3])
@pytest.mark.parametrize("batch", [1, 2])
def test_slices_are_convolved_as_by_pytorch(window: int, batch: int):
    torch.manual_seed(0)
    convolution = torch.nn.Conv3d(5, 4, (1, window, window), padding=(0, window // 2, window // 2))
    volume = torch.randn(batch, 5, 3, 8, 12)
    torch.testing.assert_close(convolved_slices(convolution, volume), convolution(volume), atol=1e-6, rtol=1e-5)


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch has no oneDNN")
def test_no_step_of_the_network_is_left_to_the_slow_convolution_of_volumes():
    network, thick = CTHNet(SMALL), torch.rand(1, 1, 8, 176, 32)  # PyTorch takes the slow one for less than 161 rows
    with torch.inference_mode(), torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        network(thick, SLABS, doubt=True)
    steps = {step.key for step in profile.key_averages()}
    assert "aten::mkldnn_convolution" in steps
    assert not {step for step in steps if step.startswith("aten::slow_conv3d")}
