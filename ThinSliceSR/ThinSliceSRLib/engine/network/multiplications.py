"""How much a network of given sizes has to compute, told without PyTorch, which takes seconds to load."""

from __future__ import annotations

import math

from .configuration import NetworkConfiguration


def multiplications_per_voxel(config: NetworkConfiguration) -> float:
    """How many multiplications (each with an addition) a CTHNet takes for one voxel of its thick slices.

    Those of linear layers, convolutions and attention; the doubt, norms and the few for a whole cube are left out.
    """
    thick, thin = config.cube[0], config.thin_slices
    encoder, slices = config.encoder_channels, config.slice_channels
    grouped, stacked = slices * config.through_plane_fold, slices * thin

    first = config.in_plane_fold**2 * encoder * 3 * 7 * 7
    encoder_layers = config.encoder_blocks * _layer(encoder, math.prod(config.encoder_window), config.mlp_ratio)
    per_thick = first + encoder_layers + (2 * encoder + slices) * 27 * encoder

    through_plane = _layer(grouped, config.through_plane_window**2, config.mlp_ratio)
    in_plane = _layer(stacked, config.in_plane_window**2, config.mlp_ratio)
    through_plane_groups = config.through_plane_groups * (config.through_plane_blocks * through_plane + 9 * grouped**2)
    in_plane_groups = config.in_plane_groups * (config.in_plane_blocks * in_plane + 9 * stacked**2)

    tail = config.tail_channels * (slices + config.tail_window**2 * config.in_plane_fold**2)
    per_place = (
        thick * per_thick
        + thin / config.through_plane_fold * 2 * through_plane_groups  # sagittal and coronal
        + in_plane_groups
        + 9 * stacked**2
        + thin * tail
    )
    return per_place / config.in_plane_fold**2 / thick


def _layer(channels: int, places: int, mlp_ratio: int) -> int:
    """Of one STL, for one place: queries, keys, values, projection and perceptron; and attention in its window."""
    return (4 + 2 * mlp_ratio) * channels**2 + 2 * places * channels
