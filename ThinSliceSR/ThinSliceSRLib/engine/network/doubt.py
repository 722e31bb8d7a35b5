"""Doubt: how far, in the mean, thin slices lie from the truth, told voxel by voxel by the network that made them."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from .slab_inputs import SlabModulation
from .slices import convolved, linear_along_slices

TYPICAL_ERROR = 0.006  # of scaled HU: about 18 HU
SMALLEST_CHANGE = 0.002  # about 6 HU: smaller ones are noise


class DoubtHead(nn.Module):
    """The logarithm of the expected absolute error, from what the network knows where it makes thin slices.

    It sees the features of a place and its neighbours, what the network adds to the linear interpolation there, and how
    far the thick slices on both sides differ, the last two as logarithms as its result is one; and it is told how the
    thick slices were measured. None of what it sees is changed by its training.
    """

    def __init__(self, features: int, folded_voxels: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(features + 2 * folded_voxels, channels, (1, 3, 3), padding=(0, 1, 1))
        self.modulation = SlabModulation(channels)
        self.last = nn.Conv3d(channels, folded_voxels, 1)
        nn.init.zeros_(self.last.weight)
        nn.init.constant_(cast(Tensor, self.last.bias), math.log(TYPICAL_ERROR))

    def forward(self, features: Tensor, added: Tensor, steps: Tensor, slabs: Tensor) -> Tensor:
        """features: `as_images` of places, batch · slices of them, cube after cube; added, steps, and what comes back:
        as many channels as a place has voxels. slabs: (batch, 3), see `slab_inputs`."""
        logs = (log_size(part).to(added.dtype) for part in (added, steps))
        known = torch.cat((features.to(added.dtype), *logs), 1).detach()
        # Cube by cube, as the scale and the shift of each lie in the weights: applied to the images they take longer.
        cubes = zip(known.chunk(len(slabs)), *self.modulation(slabs), strict=True)
        hidden = torch.cat([convolved(self.first, images, (scale, shift)) for images, scale, shift in cubes])
        return convolved(self.last, functional.leaky_relu(hidden, 0.01))


def log_size(x: Tensor) -> Tensor:
    """How large x is, from about -1 for nothing to 5 for the whole range of HU."""
    return ((x.abs() + SMALLEST_CHANGE) / TYPICAL_ERROR).log()


def steps_between(thick: Tensor, thin_slices: int) -> Tensor:
    """How far thick slices differ around each thin one: absolute changes along axis 2, interpolated linearly."""
    changes = (thick[:, :, 1:] - thick[:, :, :-1]).abs()
    middles = torch.arange(thin_slices, device=thick.device) + 0.5
    return linear_along_slices(changes, middles * (changes.shape[2] / thin_slices) - 0.5)


def doubt_loss(log_error: Tensor, error: Tensor) -> Tensor:
    """Negative log likelihood of absolute errors under Laplace distributions of these scales; least where each scale is
    the expected absolute error."""
    return (error * torch.exp(-log_error) + log_error).mean()
