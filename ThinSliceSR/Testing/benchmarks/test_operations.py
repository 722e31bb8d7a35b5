"""Operations are counted as PyTorch counts them, and as a hand does."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from ThinSliceSRLib.engine.network.configuration import BASE, PUBLISHED, SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.network.operations import convolution_operations, network_operations, transformer_layer_operations
from benchmarks.network.published_network import PublishedNetwork

UNEVEN = replace(
    SMALL, in_plane_fold=1, encoder_blocks=3, through_plane_groups=2, through_plane_window=6, in_plane_groups=2
)


@pytest.mark.parametrize("config", [BASE, SMALL, UNEVEN], ids=["base", "small", "uneven"])
def test_operations_equal_what_pytorch_counts_in_the_published_layers(config: NetworkConfiguration):
    plain = PublishedNetwork(CTHNet(config))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        plain(torch.rand(1, 1, 8, 48, 96))
    assert sum(network_operations(config, 48, 96).values()) == counter.get_total_flops()


def test_a_transformer_layer_by_hand():
    # 4 tokens of 2 channels in one window: query, key, value 4·2·6; scores and sums 4·4·2 each; projection 4·2·2;
    # perceptron 4·2·4 and back.
    multiplications = 48 + 32 + 32 + 16 + 32 + 32
    assert transformer_layer_operations(tokens=4, channels=2, places=4, mlp_ratio=2) == 2 * multiplications


def test_a_convolution_by_hand():
    assert convolution_operations(voxels=10, channels_in=3, channels_out=5, kernel_voxels=27) == 2 * 10 * 3 * 5 * 27


def test_operations_grow_with_the_pixels_and_not_with_the_layout():
    quarter, whole = (network_operations(PUBLISHED, side, side) for side in (128, 256))
    assert whole == {part: 4 * operations for part, operations in quarter.items()}
    assert network_operations(BASE, 256, 256) == whole
