"""Doubt: what the network tells of its own errors, and how the cubes' outputs become one volume."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from ThinSliceSRLib.engine.devices.device import Device
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.doubt import doubt_loss, steps_between
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.synthesis.synthesize import plan_for, synthesize
from ThinSliceSRLib.engine.synthesis.tiling import Tiling
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import Model

CPU = [Rung(Device(torch.device("cpu"), "cpu", "float32"))]
SLABS = torch.tensor([TYPICAL])


@pytest.fixture
def model() -> Model:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = CTHNet(SMALL).eval()
        assert network.doubt
        torch.nn.init.normal_(network.doubt.last.weight, std=0.3)
    return Model("m", network, sha256="", trained=True)


def body(slices: int, rows: int, columns: int) -> Volume:
    """A small disc of soft tissue with noise, in air."""
    hu = np.full((slices, rows, columns), -1000, np.int16)
    j, i = np.ogrid[:rows, :columns]
    inside = (j - rows / 2) ** 2 + (i - columns / 2) ** 2 < (min(rows, columns) * 0.1) ** 2
    hu[:, inside] = np.random.default_rng(0).normal(40, 60, (slices, int(inside.sum())))
    return Volume(hu, (0.8, 0.8, 5.0))


def test_thin_slices_are_the_same_with_and_without_doubt(model):
    thick = torch.rand(1, 1, 8, 32, 32)
    with torch.inference_mode():
        alone, both = model.network(thick, SLABS), model.network(thick, SLABS, doubt=True)
    assert both.shape == (1, 2, 36, 32, 32)
    torch.testing.assert_close(both[:, :1], alone)


def test_doubt_does_not_train_what_it_looks_at():
    network = CTHNet(SMALL)
    assert network.doubt
    torch.nn.init.normal_(network.doubt.last.weight)
    network(torch.rand(1, 1, 8, 16, 16), SLABS, doubt=True)[:, 1].sum().backward()
    touched = {
        name for name, parameter in network.named_parameters() if parameter.grad is not None and parameter.grad.any()
    }
    assert {"doubt.first.weight", "doubt.last.weight"} <= touched
    assert all(name.startswith("doubt.") for name in touched)


def test_the_loss_is_least_where_the_scale_is_the_expected_error():
    error = torch.distributions.HalfNormal(0.01).sample((100_000,))
    scales = torch.linspace(0.5, 2, 31) * error.mean()
    losses = torch.stack([doubt_loss(scale.log(), error) for scale in scales])
    torch.testing.assert_close(scales[losses.argmin()], error.mean(), rtol=0.06, atol=0)


def test_steps_lie_between_the_slices_that_differ():
    thick = torch.zeros(1, 1, 8, 1, 1)
    thick[:, :, 4:] = 0.5
    steps = steps_between(thick, 36)[0, 0, :, 0, 0]
    assert steps.argmax() in (17, 18)  # thick slice 3 lies on thin slice 15, 4 on 20
    assert steps[17] > 0.45
    assert steps[:12].max() == steps[24:].max() == 0


@pytest.mark.parametrize("skip_air", [False, True])
def test_the_doubt_volume_is_that_of_the_network_wherever_cubes_lie(model, skip_air):
    thick = body(9, 96, 96)
    whole, cubes = (
        synthesize(thick, model, CPU, plan_for(thick, model, Tiling(size, 1.0, 16, 5), skip_air), doubt=True)
        for size in (96, 48)
    )
    without = synthesize(thick, model, CPU, plan_for(thick, model, Tiling(96, 1.0, 16, 5), skip_air))
    assert without.doubt is None
    np.testing.assert_array_equal(whole.dls.hu, without.dls.hu)
    assert whole.doubt
    assert cubes.doubt
    assert whole.doubt.hu.shape == whole.dls.hu.shape
    assert whole.doubt.spacing_mm == whole.dls.spacing_mm
    middle = slice(20, 76)
    one, other = (made.doubt.hu[:, middle, middle].astype(float) for made in (whole, cubes))
    assert one.std() > 1
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9  # cubes see other windows at their borders
    assert abs(one.mean() / other.mean() - 1) < 0.1
    if skip_air:
        assert (whole.doubt.hu[:, :2, :2] == 0).all()  # interpolated air, where slices do not differ


def test_no_configuration_doubts_without_being_told_of_slabs():
    with pytest.raises(WeightsError, match="doubt without slab inputs"):
        dataclasses.replace(SMALL, slab_inputs=False)
