"""Thin slices of a sample as a run would hand them out: changed until their weighted means are the thick slices."""

from __future__ import annotations

import numpy as np
import torch
from ThinSliceSRLib.engine.synthesis.slab_consistency import smoothest_change
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from torch import Tensor


def consistent(made: Tensor, thick: Tensor, slabs: Tensor, ratio: int, first: int) -> Tensor:
    """`made` (batch, 1, thin slices, rows, columns), the first of which is thin slice `first` of the cubes `thick`.

    slabs: (batch, 3), see `slab_inputs`; what a run reads of them, so an error in the bell share is in it, too.
    """
    return torch.stack([_one(*sample, ratio, first) for sample in zip(made, thick, slabs.tolist(), strict=True)])


def _one(made: Tensor, thick: Tensor, slabs: list[float], ratio: int, first: int) -> Tensor:
    overlap, _, bell = slabs
    profile = SlabProfile(ratio * overlap, float(ratio), bell)
    places = np.arange(first, first + made.shape[1])
    centres = np.arange(thick.shape[1]) * ratio
    inside = (centres - profile.reach_mm >= places[0] - 0.5) & (centres + profile.reach_mm <= places[-1] + 0.5)
    if not inside.any():
        return made
    weights = profile.weights(places, 1.0, centres[inside])
    means, change = (made.new_tensor(matrix) for matrix in (weights, smoothest_change(weights)))
    lacking = thick[:, torch.from_numpy(inside)] - torch.einsum("kt,ctyx->ckyx", means, made)
    return made + torch.einsum("tk,ckyx->ctyx", change, lacking)
