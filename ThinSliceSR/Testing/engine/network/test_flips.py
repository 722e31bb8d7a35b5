"""The mean over flips: what it computes, and that it turns with its input."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet, linear_interpolation
from ThinSliceSRLib.engine.network.flips import AXES, FLIPS, MeanOverFlips
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL, ForSlabs
from ThinSliceSRLib.engine.provenance import dls_header
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.synthesis.synthesize import synthesize
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model


class Linear(torch.nn.Module):
    def forward(self, thick: torch.Tensor) -> torch.Tensor:
        return linear_interpolation(thick, 5)


@pytest.fixture
def network() -> ForSlabs:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return ForSlabs(CTHNet(SMALL).eval(), torch.tensor([TYPICAL]), doubt=True)


def test_every_combination_of_axes_is_asked_once():
    assert len(set(FLIPS)) == 8
    assert set(FLIPS) == {axes for count in range(4) for axes in itertools.combinations(AXES, count)}


def test_what_does_not_depend_on_the_side_stays():
    thick = torch.rand(1, 1, 8, 16, 16)
    torch.testing.assert_close(MeanOverFlips(Linear())(thick), linear_interpolation(thick, 5))


@pytest.mark.parametrize("axes", [(2,), (3,), (2, 3, 4)])
def test_the_mean_of_a_mirrored_cube_is_the_mirrored_mean(network, axes):
    thick = torch.rand(1, 1, 8, 16, 16)
    both = MeanOverFlips(network)
    with torch.inference_mode():
        alone, mean, mirrored = network(thick), both(thick), both(thick.flip(axes))
    torch.testing.assert_close(mirrored.flip(axes), mean, atol=1e-4, rtol=1e-4)
    assert (alone - mean).abs().max() > 1e-3
    assert mean.shape == alone.shape


def test_a_synthesis_of_best_quality_turns_with_its_volume_and_says_so(network):
    model = Model("m", network.network, sha256="", trained=True)
    thick = Volume(np.random.default_rng(0).integers(-1000, 300, (8, 32, 32)).astype(np.int16), (0.7, 0.7, 5.0))
    mirrored = replace(thick, hu=np.ascontiguousarray(np.flip(thick.hu, (0, 2))))
    rungs = [Rung(Device(torch.device("cpu"), "cpu", "float32"))]
    best, other = (synthesize(volume, model, rungs, quality="best") for volume in (thick, mirrored))
    usual = synthesize(thick, model, rungs)
    np.testing.assert_allclose(np.flip(other.dls.hu, (0, 2)), best.dls.hu, atol=1)
    assert np.abs(usual.dls.hu - best.dls.hu).max() > 5
    assert dls_header(model, best, True)["ThinSliceSR_quality"] == "best"
    assert dls_header(model, usual, True)["ThinSliceSR_quality"] == "standard"
