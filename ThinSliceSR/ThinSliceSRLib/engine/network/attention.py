"""Window attention on images and volumes: the Swin transformer layer (STL) of the network, in any number of dimensions.

Tensors are channels-last, (batch, *space, channels), because every step but the convolutions works on the channels of
one voxel. Names of parameters are those of the published code, so that its checkpoints load.
"""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def without_values() -> bool:
    """Whether tensors are made without values now (on the device "meta"), as for the sizes of a network alone.

    What is computed of such ones can have PyTorch load its compiler, which takes seconds and leaves a folder among the
    temporary files.
    """
    return torch.empty(0).is_meta


def relative_position_index(window: tuple[int, ...]) -> Tensor:
    """Row of the bias table for each pair of places in a window: (places, places) (Liu et al. 2021, section 3.2)."""
    if without_values():
        return torch.empty(math.prod(window), math.prod(window), dtype=torch.int64)
    places = torch.tensor(list(itertools.product(*(range(length) for length in window))))
    offset = places[:, None] - places[None, :] + torch.tensor([length - 1 for length in window])
    index = offset[..., 0]
    for axis, length in enumerate(window[1:], start=1):
        index = index * (2 * length - 1) + offset[..., axis]
    return index


class WindowAttention(nn.Module):
    """Multi-head self-attention among the voxels of one window, with a learned bias for their relative position."""

    relative_position_index: Tensor

    def __init__(self, channels: int, heads: int, window: tuple[int, ...]) -> None:
        super().__init__()
        self.heads = heads
        self.relative_position_bias_table = nn.Parameter(
            torch.zeros(math.prod(2 * length - 1 for length in window), heads)
        )
        self.register_buffer("relative_position_index", relative_position_index(window), persistent=False)
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (windows, places, channels); the same shape comes back."""
        windows, places, channels = tokens.shape
        qkv = self.qkv(tokens).view(windows, places, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        bias = self.relative_position_bias()
        # Written out: on CPUs PyTorch's fused attention is slower for windows as small as these.
        scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1) + bias.to(query.dtype)
        attended = scores.softmax(-1) @ value
        return self.proj(attended.transpose(1, 2).reshape(windows, places, channels))

    def relative_position_bias(self) -> Tensor:
        """What is added to the scores: (heads, places, places)."""
        return self.relative_position_bias_table[self.relative_position_index].permute(2, 0, 1)


class Perceptron(nn.Module):
    """The two linear layers of an STL, with an exact GELU between them."""

    def __init__(self, channels: int, ratio: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, ratio * channels)
        self.fc2 = nn.Linear(ratio * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class TransformerLayer(nn.Module):
    """One STL: norm → (shifted) window attention → + → norm → perceptron → +.

    Shifted windows wrap around to the opposite edge: the published network has no attention mask.
    """

    def __init__(self, channels: int, heads: int, window: tuple[int, ...], shifted: bool, mlp_ratio: int) -> None:
        super().__init__()
        self.window = window
        self.shift = tuple(length // 2 for length in window) if shifted else None
        self.norm1 = nn.LayerNorm(channels)
        self.attn = WindowAttention(channels, heads, window)
        self.norm2 = nn.LayerNorm(channels)
        self.mlp = Perceptron(channels, mlp_ratio)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, *space, channels), each length of space a multiple of the window's."""
        x = x + self._attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))

    def _attention(self, x: Tensor) -> Tensor:
        axes = tuple(range(1, x.ndim - 1))
        if self.shift:
            x = torch.roll(x, [-length for length in self.shift], axes)
        x = from_windows(self.attn(to_windows(x, self.window)), self.window, x.shape)
        return torch.roll(x, self.shift, axes) if self.shift else x


def to_windows(x: Tensor, window: tuple[int, ...]) -> Tensor:
    """(batch, *space, channels) → (windows, places in a window, channels)."""
    split = [part for length, size in zip(x.shape[1:-1], window, strict=True) for part in (length // size, size)]
    x = x.reshape(x.shape[0], *split, x.shape[-1])
    return x.permute(_windows_first(len(window))).reshape(-1, math.prod(window), x.shape[-1])


def from_windows(tokens: Tensor, window: tuple[int, ...], shape: torch.Size) -> Tensor:
    """Undoes `to_windows` for a tensor of this shape."""
    counts = [length // size for length, size in zip(shape[1:-1], window, strict=True)]
    order = _windows_first(len(window))
    back = [order.index(axis) for axis in range(len(order))]
    return tokens.reshape(shape[0], *counts, *window, shape[-1]).permute(back).reshape(shape)


def _windows_first(dimensions: int) -> list[int]:
    """Axes of (batch, n1, w1, n2, w2, …, channels) in the order (batch, n1, n2, …, w1, w2, …, channels)."""
    return [0, *range(1, 2 * dimensions, 2), *range(2, 2 * dimensions + 1, 2), 2 * dimensions + 1]
