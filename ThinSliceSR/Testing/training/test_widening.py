"""Weights of networks with more channels that begin as those of narrower ones."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.slab_inputs import slab_inputs
from ThinSliceSRLib.engine.weights.weights_file import save_weights

pytest.importorskip("yaml")
pytest.importorskip("lightning")

from training_making import TINY_NETWORK, tiny_settings

from training.learning.module import Training
from training.learning.train import start_from
from training.learning.widening import widened

COPIED = ("slice_channels", "tail_channels", "through_plane_heads", "in_plane_heads")
WIDE = {"slice_channels": 4, "tail_channels": 4, "through_plane_heads": 4, "in_plane_heads": 4}  # twice the tiny ones
NARROW = dataclasses.replace(SMALL, slice_channels=2, doubt_channels=4, through_plane_groups=2)


def wider(config, copies: int):
    """The configuration with so many copies of each channel."""
    return dataclasses.replace(config, **{name: copies * getattr(config, name) for name in COPIED})


def random_network(config) -> CTHNet:
    """One in which every parameter does something."""
    torch.manual_seed(0)
    network = CTHNet(config).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    return network


@pytest.mark.parametrize("copies", [2, 3])
def test_a_wider_network_begins_as_the_narrower_one(copies: int):
    narrow = random_network(NARROW)
    wide = CTHNet(wider(NARROW, copies)).eval()
    wide.load_state_dict(widened(narrow.state_dict(), NARROW, copies, seed=1))
    thick, slabs = torch.rand(2, 1, 8, 32, 16), torch.stack([slab_inputs(1.0, 7.0, 0.5), slab_inputs(0.5, 9.0, 0.0)])
    with torch.inference_mode():
        torch.testing.assert_close(
            wide(thick, slabs, doubt=True), narrow(thick, slabs, doubt=True), atol=1e-4, rtol=1e-4
        )


def test_copies_of_a_channel_learn_different_things():
    narrow = random_network(NARROW)
    wide = CTHNet(wider(NARROW, 2))
    wide.load_state_dict(widened(narrow.state_dict(), NARROW, 2, seed=1))
    wide(torch.rand(1, 1, 8, 32, 16), slab_inputs(1.0, 7.0, 0.5)[None]).square().mean().backward()
    first, second = wide.conv_after_E.weight.grad.chunk(2)
    assert (first - second).abs().mean() > 0.05 * first.abs().mean()


def test_a_run_begins_with_the_weights_of_a_narrower_network(tmp_path):
    narrow = tiny_settings()
    network, weights = random_network(narrow.network), tmp_path / "narrow.safetensors"
    save_weights(weights, network, "narrow", trained=True)
    module = Training(tiny_settings(network={**TINY_NETWORK, **WIDE}), [], [])
    start_from(module, weights)
    thick, slabs = torch.rand(1, 1, 8, 16, 16), slab_inputs(1.0, 7.0, 0.5)[None]
    with torch.inference_mode():
        made = module.averaged_network(thick, slabs, doubt=True)
        torch.testing.assert_close(made, network(thick, slabs, doubt=True), atol=2e-3, rtol=2e-3)  # float16 on the way
    assert set(module.begun_with) == {name for name, _ in module.network.named_parameters()}


@pytest.mark.parametrize("others", [{"slice_channels": 8}, {**WIDE, "in_plane_heads": 2}], ids=str)
def test_weights_of_other_sizes_are_refused_in_a_sentence(tmp_path, others):
    weights = tmp_path / "narrow.safetensors"
    save_weights(weights, random_network(tiny_settings().network), "narrow", trained=True)
    module = Training(tiny_settings(network={**TINY_NETWORK, **others}), [], [])
    with pytest.raises(UnusableInput, match="have other sizes than the network of these settings"):
        start_from(module, weights)


@pytest.mark.parametrize("other", [{"slab_inputs": False, "doubt_channels": 0}, {"axis_layout": "published"}], ids=str)
def test_a_network_that_would_not_stay_the_same_is_refused(other):
    config = dataclasses.replace(NARROW, **other)
    with pytest.raises(UnusableInput, match="can be widened"):
        widened(random_network(config).state_dict(), config, 2, seed=1)
