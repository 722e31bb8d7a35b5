"""Models for tests: a network that interpolates linearly, which tells tiling errors from a network's own ones."""

from __future__ import annotations

from dataclasses import replace

import torch
from ThinSliceSRLib.engine.calibration.calibration import ELSEWHERE, Calibration, SlabCalibration
from ThinSliceSRLib.engine.calibration.curve import Curve
from ThinSliceSRLib.engine.network.configuration import SMALL, NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet, linear_interpolation
from ThinSliceSRLib.engine.network.slab_inputs import TYPICAL
from ThinSliceSRLib.engine.weights.weights_file import Model, untrained_network

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


# Errors are twice what is told, everywhere and for all slices, and reach up to five times as far.
LEVELS_HU = (2.0, 60.0, 2000.0)
REACHES = (0.75, 1.5, 2.0, 2.5)  # times what is expected
CALIBRATION = Calibration(
    (
        SlabCalibration(
            5.0,
            {ELSEWHERE: Curve((1.0, 30.0, 1000.0), LEVELS_HU)},
            tuple(Curve(LEVELS_HU, tuple(reach * hu for hu in LEVELS_HU)) for reach in REACHES),
        ),
    )
)


def doubting_network(config: NetworkConfiguration = TINY) -> CTHNet:
    """One that interpolates linearly, whose doubt is random and always the same."""
    network = untrained_network(config)
    assert network.doubt
    generator = torch.Generator().manual_seed(0)
    torch.nn.init.normal_(network.doubt.last.weight, std=0.3, generator=generator)
    return network


class LinearInterpolation(torch.nn.Module):
    """Stands for a CTHNet: the same cubes in and out, but plain linear interpolation between them."""

    in_plane_multiple = 8

    def __init__(self, config: NetworkConfiguration) -> None:
        super().__init__()
        self.config = config

    def forward(self, thick: torch.Tensor) -> torch.Tensor:
        return linear_interpolation(thick, self.config.ratio)


def linear_model(trim: int = 3) -> Model:
    return Model(
        "linear",
        LinearInterpolation(replace(SMALL, trim=trim, slab_inputs=False, doubt_channels=0)),
        sha256="",
        trained=False,
    )
