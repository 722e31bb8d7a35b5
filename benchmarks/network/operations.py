"""How many operations a network takes, from its configuration alone: what the layers need, however they are computed.

Counted are matrix products and convolutions, a multiplication and an addition as two operations; at the edges too,
where convolutions multiply padding. What remains (norms, softmax, GELU, sums) is a few in a thousand.
"""

from __future__ import annotations

import math

from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration


def network_operations(config: NetworkConfiguration, rows: int, columns: int) -> dict[str, int]:
    """Operations for one cube of the configuration's slices and these rows and columns, by part of the network."""
    folded_voxels = config.in_plane_fold**2
    places = rows * columns // folded_voxels
    thick, thin = config.cube[0] * places, config.thin_slices * places
    encoder, folded = config.encoder_channels, config.slice_channels * config.through_plane_fold
    stacked = config.slice_channels * config.thin_slices

    def layers(tokens: int, count: int, channels: int, places: int) -> int:
        return count * transformer_layer_operations(tokens, channels, places, config.mlp_ratio)

    through_plane = config.through_plane_groups * (
        layers(thin // config.through_plane_fold, config.through_plane_blocks, folded, config.through_plane_window**2)
        + convolution_operations(thin // config.through_plane_fold, folded, folded, 9)
    )
    return {
        "encoder": convolution_operations(thick, folded_voxels, encoder, 3 * 7 * 7)
        + layers(thick, config.encoder_blocks, encoder, math.prod(config.encoder_window))
        + 2 * convolution_operations(thick, encoder, encoder, 27)
        + convolution_operations(thick, encoder, config.slice_channels, 27),
        "through_plane": 2 * through_plane,  # the sagittal and the coronal view
        "in_plane": config.in_plane_groups
        * (
            layers(places, config.in_plane_blocks, stacked, config.in_plane_window**2)
            + convolution_operations(places, stacked, stacked, 9)
        ),
        "tail": convolution_operations(places, stacked, stacked, 9)
        + convolution_operations(thin, config.slice_channels, config.tail_channels, 1)
        + convolution_operations(thin, config.tail_channels, folded_voxels, config.tail_window**2),
    }


def transformer_layer_operations(tokens: int, channels: int, places: int, mlp_ratio: int) -> int:
    """One STL: query, key, value and projection, scores and their sums within windows of `places`, perceptron."""
    linear = 2 * tokens * channels * channels * (3 + 1 + 2 * mlp_ratio)
    within_windows = 2 * (2 * tokens * places * channels)
    return linear + within_windows


def convolution_operations(voxels: int, channels_in: int, channels_out: int, kernel_voxels: int) -> int:
    """A convolution that keeps the size."""
    return 2 * voxels * channels_in * channels_out * kernel_voxels
