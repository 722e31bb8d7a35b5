"""Models for tests: a network that interpolates linearly, which tells tiling errors from a network's own ones."""

from __future__ import annotations

from dataclasses import replace

import torch
from ThinSliceSRLib.engine.network.configuration import SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import linear_along_slices
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL
from ThinSliceSRLib.engine.weights.weights_file import Model

# The smallest network there is, for tests that need a real one and no quality.
TINY = replace(
    SMALL,
    encoder_channels=4,
    encoder_blocks=1,
    slice_channels=2,
    through_plane_blocks=1,
    in_plane_blocks=1,
    mlp_ratio=1,
)


SLABS = torch.tensor([TYPICAL])  # how thick slices were measured, for networks that ask


class LinearInterpolation(torch.nn.Module):
    """Stands for a CTHNet: the same cubes in and out, but plain linear interpolation between them."""

    in_plane_multiple = 8

    def __init__(self, config: NetworkConfiguration) -> None:
        super().__init__()
        self.config = config

    def forward(self, thick: torch.Tensor) -> torch.Tensor:
        return linear_along_slices(thick, self.config.ratio)


def linear_model(trim: int = 3) -> Model:
    return Model("linear", LinearInterpolation(replace(SMALL, trim=trim, slab_inputs=False)), sha256="", trained=False)
