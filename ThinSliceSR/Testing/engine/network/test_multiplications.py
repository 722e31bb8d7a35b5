"""How much a network has to compute, against what PyTorch counts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from ThinSliceSRLib.engine.network.configuration import BASE, PUBLISHED, SMALL
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from ThinSliceSRLib.engine.network.multiplications import multiplications_per_voxel
from torch.utils.flop_counter import FlopCounterMode

DEEPER = replace(SMALL, encoder_blocks=4, through_plane_groups=2, in_plane_groups=3, in_plane_blocks=6)


@pytest.mark.parametrize("config", [SMALL, DEEPER, BASE, PUBLISHED], ids=["small", "deeper", "base", "published"])
def test_multiplications_are_those_that_pytorch_counts(config):
    thick = (1, 1, 8, 32, 32)
    with FlopCounterMode(display=False) as counted:
        CTHNet(config)(torch.zeros(thick), torch.zeros(1, 3))
    per_voxel = counted.get_total_flops() / 2 / torch.Size(thick).numel()
    assert multiplications_per_voxel(config) == pytest.approx(per_voxel, rel=1e-4)
