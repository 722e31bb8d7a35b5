"""The plain implementation computes what the engine's network of the published layout does, and what was published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.reference_weights import reference_input, reference_weights
from ThinSliceSRLib.engine.network.configuration import BASE, PUBLISHED, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet

from benchmarks.network.published_network import PublishedNetwork, partition, published_layout, unpartition

EXPECTED = Path(__file__).parents[1] / "engine" / "reference" / "expected.npz"


def network_with_reference_weights(config: NetworkConfiguration) -> CTHNet:
    network = CTHNet(config).eval()
    weights = reference_weights({name: tuple(value.shape) for name, value in network.named_parameters()})
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return network


@pytest.mark.parametrize(
    "config",
    [
        published_layout(BASE),
        published_layout(SMALL),
        replace(
            published_layout(SMALL), in_plane_fold=1, in_plane_groups=2, through_plane_groups=2, through_plane_window=6
        ),
    ],
    ids=["base", "small", "more groups"],
)
def test_published_layers_equal_the_engines_network_of_the_published_layout(config: NetworkConfiguration):
    network = network_with_reference_weights(config)
    thick = torch.from_numpy(reference_input()[:, :48, :96].copy())[None, None]
    with torch.inference_mode():
        from_engine = network(thick)
        plain = PublishedNetwork(network)(thick)
    assert from_engine.std() > 0.1
    torch.testing.assert_close(plain, from_engine, atol=1e-4, rtol=0)


@pytest.mark.slow
def test_published_layers_give_the_published_output():
    plain = PublishedNetwork(network_with_reference_weights(PUBLISHED))
    with torch.inference_mode():
        output = plain(torch.from_numpy(reference_input())[None, None])[0, 0].numpy()
    expected = np.load(EXPECTED)
    np.testing.assert_allclose(output[:, ::4, ::4], expected["output"], atol=1e-4, rtol=0)
    np.testing.assert_allclose(output.mean((1, 2)), expected["output_mean"], atol=1e-4, rtol=0)


def test_published_layers_keep_their_weights_when_the_network_changes_its_own():
    network = network_with_reference_weights(published_layout(SMALL))
    plain = PublishedNetwork(network)
    thick = torch.rand(1, 1, 8, 16, 16)
    with torch.inference_mode():
        before = plain(thick)
        for parameter in network.parameters():
            parameter.zero_()
        torch.testing.assert_close(plain(thick), before, atol=0, rtol=0)


@pytest.mark.parametrize(("space", "window"), [((8, 12), (4, 4)), ((4, 6, 8), (2, 3, 2))])
def test_windows_are_undone(space: tuple[int, ...], window: tuple[int, ...]):
    x = torch.arange(2.0 * np.prod(space) * 3).view(2, *space, 3)
    windows = partition(x, window)
    torch.testing.assert_close(windows[0, 0], x[0, 0, 0] if len(space) == 2 else x[0, 0, 0, 0])
    torch.testing.assert_close(windows[0, -1], x[(0, *(side - 1 for side in window))])
    torch.testing.assert_close(unpartition(windows, window, x.shape), x)
