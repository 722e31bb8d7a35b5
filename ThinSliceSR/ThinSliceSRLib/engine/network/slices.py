"""The slices of a volume: as images, convolved one by one; folded; and with others interpolated between them."""

from __future__ import annotations

from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional


def as_images(x: Tensor) -> Tensor:
    """(batch, channels, slices, rows, columns) → (batch · slices, channels, rows, columns), cube after cube.

    The channels of a place lie side by side, as oneDNN's convolutions of few channels want them on CPUs.
    """
    return x.transpose(1, 2).flatten(0, 1).contiguous(memory_format=torch.channels_last)


def as_volumes(images: Tensor, batch: int) -> Tensor:
    """Undoes `as_images`, as a view."""
    return images.unflatten(0, (batch, -1)).transpose(1, 2)


def convolved(convolution: nn.Module, images: Tensor, modulation: tuple[Tensor, Tensor] | None = None) -> Tensor:
    """What a 3D convolution with a kernel of one slice, which keeps the size, makes of `as_images`.

    modulation: a scale and a shift, each (channels made,): what is made is multiplied by the one, and the other added.

    Of volumes with few slices and channels, PyTorch's 3D convolution does not go to oneDNN on CPUs, but to one that
    uses a single core and takes several times as long.
    """
    volume = cast(nn.Conv3d, convolution)
    weight, bias = volume.weight[:, :, 0], cast(Tensor, volume.bias)
    if modulation:
        scale, shift = modulation
        weight, bias = weight * scale[:, None, None, None], bias * scale + shift
    return functional.conv2d(images, weight, bias, padding=[length // 2 for length in weight.shape[2:]])


def folded(x: Tensor, fold: int) -> Tensor:
    """(batch, 1, slices, rows, columns) → (batch, fold², slices, rows / fold, columns / fold): voxels as channels."""
    return rearrange(x, "b 1 d (h row) (w column) -> b (row column) d h w", row=fold, column=fold)


def unfolded(images: Tensor, fold: int) -> Tensor:
    """(images, fold², rows / fold, columns / fold) → (images, 1, rows, columns): undoes `folded` for each slice."""
    return rearrange(images, "n (row column) h w -> n 1 (h row) (w column)", row=fold, column=fold)


def linear_along_slices(x: Tensor, positions: Tensor) -> Tensor:
    """Linear interpolation along axis 2, in x's own precision also under autocast.

    positions: (slices of the result,), in slices of x from 0; beyond the first and the last, these repeat.

    On CPUs it takes a third of the time of PyTorch's own.
    """
    last = x.shape[2] - 1
    positions = positions.clamp(0, last)
    below = positions.long()
    share = (positions - below).to(x.dtype)[:, None, None]
    return torch.lerp(x.index_select(2, below), x.index_select(2, (below + 1).clamp(max=last)), share)
