"""Convolutions of a volume that see one slice at a time."""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn
from torch.nn import functional


def convolved_slices(convolution: nn.Module, x: Tensor) -> Tensor:
    """What a 3D convolution with a kernel of one slice, which keeps the size, makes of x: (batch, channels, *space).

    It is computed as one of images: of volumes with few slices and channels, PyTorch's 3D convolution does not go to
    oneDNN on CPUs, but to one that uses a single core and takes several times as long.
    """
    volume = cast(nn.Conv3d, convolution)
    images = x.transpose(1, 2).flatten(0, 1)
    weight = volume.weight[:, :, 0]
    convolved = functional.conv2d(images, weight, volume.bias, padding=[length // 2 for length in weight.shape[2:]])
    return convolved.unflatten(0, (len(x), x.shape[2])).transpose(1, 2)
