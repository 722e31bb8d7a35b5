"""Without gradients the network computes the same in pieces; with them, it stays the plain one."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from models import SLABS, TINY
from ThinSliceSRLib.engine.network import inference
from ThinSliceSRLib.engine.network.configuration import BASE, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet, TransformerLayers
from ThinSliceSRLib.engine.network.inference import infer
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

SHAPES = {
    "few places": ((2, 2, 2), (2, 4, 6, 8)),
    "images": ((4, 4), (2, 12, 8)),
    "one window": ((8, 8), (1, 8, 8)),
    "windows of different sides": ((2, 8), (1, 6, 16)),
}


def random_layers(window: tuple[int, ...]) -> torch.nn.Sequential:
    torch.manual_seed(0)
    layers = TransformerLayers(channels=24, count=3, heads=3, window=window, mlp_ratio=2)
    for parameter in layers.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return layers


def random_network(config: NetworkConfiguration) -> CTHNet:
    torch.manual_seed(0)
    network = CTHNet(config)
    for name, parameter in network.named_parameters():
        if name.endswith("relative_position_bias_table"):
            torch.nn.init.normal_(parameter)
    return network


@pytest.mark.parametrize("piece_values", [1, 5000, inference.PIECE_VALUES], ids=["one window", "uneven", "all"])
@pytest.mark.parametrize(("window", "space"), SHAPES.values(), ids=SHAPES)
def test_layers_in_pieces_compute_what_the_plain_ones_do(
    window: tuple[int, ...], space: tuple[int, ...], piece_values: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(inference, "PIECE_VALUES", piece_values)
    layers, x = random_layers(window), torch.randn(*space, 24)
    given = x.clone()
    plain = layers(x).detach()
    with torch.inference_mode():
        in_pieces = infer(layers, x)
    torch.testing.assert_close(in_pieces, plain, atol=1e-5, rtol=1e-5)
    assert torch.equal(x, given)


@pytest.mark.parametrize("config", [BASE, SMALL, replace(SMALL, axis_layout="published"), TINY])
def test_the_network_computes_the_same_without_gradients(config: NetworkConfiguration):
    network = random_network(config)
    thick = torch.rand(2, 1, 8, 32, 48)
    plain = network(thick, SLABS.expand(len(thick), -1)).detach()
    for without_gradients in (torch.inference_mode, torch.no_grad):
        with without_gradients():
            torch.testing.assert_close(network(thick, SLABS.expand(len(thick), -1)), plain, atol=1e-5, rtol=0)


def test_bf16_is_nearer_to_float32_than_autocast_of_the_plain_network():
    network = random_network(replace(SMALL, image_skip=False))
    thick = torch.rand(1, 1, 8, 32, 32)
    exact = network(thick, SLABS.expand(len(thick), -1)).detach()
    with torch.autocast("cpu", torch.bfloat16):
        plain = network(thick, SLABS.expand(len(thick), -1)).detach()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        in_pieces = network(thick, SLABS.expand(len(thick), -1))
    assert 0 < (in_pieces - exact).abs().mean() < (plain - exact).abs().mean()


def test_changed_weights_take_effect_at_once():
    layers, x = random_layers((4, 4)), torch.randn(1, 8, 8, 24)
    with torch.inference_mode():
        before = infer(layers, x)
    with torch.no_grad():
        layers[0].attn.relative_position_bias_table += torch.randn(49, 3)
    plain = layers(x).detach()
    with torch.inference_mode():
        after = infer(layers, x)
    torch.testing.assert_close(after, plain, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(after, before, atol=1e-3)


def test_gradients_reach_every_weight():
    network = random_network(TINY)
    network(torch.rand(1, 1, 8, 16, 16), SLABS, doubt=True).square().mean().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in network.parameters())


def test_a_training_compiles_to_one_graph():
    network = random_network(TINY)
    thick = torch.rand(1, 1, 8, 16, 16)
    compiled = torch.compile(network, backend="eager", fullgraph=True)
    torch.testing.assert_close(compiled(thick, SLABS), network(thick, SLABS))


class LargestTensor(TorchDispatchMode):
    """Records the values of the largest tensor that any operation gives."""

    values = 0

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self.values = max(self.values, tensor.numel())
        return result


def test_no_tensor_holds_the_hidden_channels_of_all_tokens(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(inference, "PIECE_VALUES", 2**12)
    layers, x = random_layers((4, 4)), torch.randn(2, 16, 16, 24)
    with torch.inference_mode(), LargestTensor() as largest:
        infer(layers, x)
    assert largest.values == math.prod(x.shape)
