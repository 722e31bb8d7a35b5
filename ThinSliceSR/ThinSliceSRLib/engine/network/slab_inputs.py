"""What the network is told of how its thick slices were measured, and how its features follow."""

from __future__ import annotations

import torch
from torch import Tensor, nn

TYPICAL = (1.0, 7.0, 0.5)  # 5 mm slices side by side, pixels of about 0.7 mm, part box and part bell
HIDDEN = 32


def slab_inputs(overlap: float, spacing_pixels: float, bell: float) -> Tensor:
    """How thick slices were measured, (3,): thickness by distance, distance by the size of a pixel, share of a bell."""
    return torch.tensor([overlap, spacing_pixels, bell])


class SlabModulation(nn.Module):
    """A scale and a shift for each feature, made from the slab inputs (FiLM, Perez et al. 2018).

    It starts by changing nothing.
    """

    typical: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(len(TYPICAL), HIDDEN)
        self.last = nn.Linear(HIDDEN, 2 * features)
        nn.init.zeros_(self.last.weight)
        nn.init.zeros_(self.last.bias)
        self.register_buffer("typical", torch.tensor(TYPICAL), persistent=False)

    def forward(self, slabs: Tensor) -> tuple[Tensor, Tensor]:
        """slabs: (batch, 3), see `slab_inputs` → factors around 1 and shifts around 0, each (batch, features)."""
        ratios, bell = (slabs / self.typical)[:, :2].log(), slabs[:, 2:] - self.typical[2]
        hidden = nn.functional.gelu(self.hidden(torch.cat((ratios, bell), dim=1)))
        scale, shift = self.last(hidden).chunk(2, dim=1)
        return 1 + scale, shift


class ForSlabs(nn.Module):
    """A network for the thick slices of one volume: of the cubes (batch, 1, slices, rows, columns) alone.

    doubt: whether the network is to tell of its doubt, see `CTHNet.forward`.
    """

    slabs: Tensor

    def __init__(self, network: nn.Module, slabs: Tensor, doubt: bool = False) -> None:
        super().__init__()
        self.network = network
        self.doubt = doubt
        self.register_buffer("slabs", slabs, persistent=False)

    def forward(self, thick: Tensor) -> Tensor:
        return self.network(thick, self.slabs.expand(len(thick), -1), doubt=self.doubt)
