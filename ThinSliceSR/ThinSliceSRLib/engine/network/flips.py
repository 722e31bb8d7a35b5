"""A network that is asked about a cube from all sides: the mean is nearer to the truth than one answer."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn

AXES = (2, 3, 4)  # slices, rows, columns
FLIPS = tuple(axes for count in range(len(AXES) + 1) for axes in itertools.combinations(AXES, count))


class MeanOverFlips(nn.Module):
    """The mean of what a network makes of a cube and of its seven mirror images, each mirrored back.

    It takes eight times as long. The first thin slice must lie on the first thick one and the last on the last, so that
    a cube can be turned upside down, as in CTHNet.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, thick: Tensor) -> Tensor:
        """thick: (batch, 1, slices, rows, columns) → as the network's output for it."""
        total = self.network(thick).float()
        for axes in FLIPS[1:]:
            total += torch.flip(self.network(torch.flip(thick, axes)), axes)
        return total / len(FLIPS)
