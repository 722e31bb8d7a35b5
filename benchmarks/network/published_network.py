"""The network as it was published, layer by layer in plain PyTorch: what the engine's speed is measured against.

Written from the description in Yu et al., npj Digital Medicine 7:335, 2024, and from what its published code computes
in which order: every roll, window partition, gather of bias tables and reshape of that code has its counterpart here,
so that it costs what that code costs. Features are handed from decoder to decoder channel-major, as published.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch
from einops import rearrange
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import CTHNet
from torch import Tensor
from torch.nn import functional


def published_layout(config: NetworkConfiguration) -> NetworkConfiguration:
    """The configuration of the same sizes that is used as the published code does: the same number of operations."""
    return replace(config, axis_layout="published", image_skip=False, slab_inputs=False, doubt_channels=0)


class PublishedNetwork:
    """Computes what a `CTHNet` of the published layout computes, from a copy of its weights, on their device.

    Sizes come from the configuration, so it also stands beside smaller models, with the in-plane fold, which is not of
    the published code, around it; it takes one cube at a time.
    """

    def __init__(self, network: CTHNet) -> None:
        self.config = published_layout(network.config)
        self.weights = {name: value.detach().float().clone() for name, value in network.state_dict().items()}
        device = next(iter(self.weights.values())).device
        config = self.config
        windows = {config.encoder_window, (config.through_plane_window,) * 2, (config.in_plane_window,) * 2}
        self.bias_rows = {window: bias_table_rows(window).to(device) for window in windows}
        self.positions = slice_positions(config.thin_slices, config.slice_channels).to(device)

    def __call__(self, thick: Tensor) -> Tensor:
        """thick: (1, 1, slices, rows, columns) in [0, 1] → (1, 1, thin slices, rows, columns), untrimmed."""
        config = self.config
        folded = functional.pixel_unshuffle(thick.transpose(1, 2), config.in_plane_fold).transpose(1, 2)
        encoded = self._convolution("conv_after_E", self._encoder(folded))
        rows, columns = encoded.shape[-2:]
        raised = functional.interpolate(encoded, size=(config.thin_slices, rows, columns), mode="nearest")
        features = (raised + self.positions).reshape(1, -1, rows, columns)
        decoded = self._in_plane(self._through_plane(features).reshape(1, -1, rows, columns))
        decoded = self._convolution("conv_after_body", decoded) + features
        decoded = decoded.reshape(1, config.slice_channels, -1, rows, columns)
        tail = functional.leaky_relu(self._convolution("conv_before_upsample.0", decoded), inplace=True)
        thin = self._convolution("conv_last", tail)
        return functional.pixel_shuffle(thin.transpose(1, 2), config.in_plane_fold).transpose(1, 2)

    def _encoder(self, thick: Tensor) -> Tensor:
        config = self.config
        first = self._convolution("Encoder.conv_first", thick)
        x = rearrange(first, "n c d h w -> n d h w c")
        x = rearrange(self._norm("Encoder.norm_first", x), "n d h w c -> n c d h w").contiguous()
        shortcut = x
        x = rearrange(x, "n c d h w -> n d h w c")
        for index in range(config.encoder_blocks):
            name = f"Encoder.layers.0.blocks.{index}"
            x = self._transformer_layer(name, x, config.encoder_heads, config.encoder_window, shifted=index % 2 == 1)
        x = self._convolution("Encoder.layers.0.layer_conv", rearrange(x, "n d h w c -> n c d h w"))
        x = self._norm("Encoder.layers.0.layer_norm", rearrange(x, "n c d h w -> n d h w c"))
        x = rearrange(x, "n d h w c -> n c d h w") + shortcut
        x = self._norm("Encoder.norm_last", rearrange(x, "n c d h w -> n d h w c"))
        return self._convolution("Encoder.conv_after_body", rearrange(x, "n d h w c -> n c d h w")) + first

    def _through_plane(self, features: Tensor) -> Tensor:
        """features: (1, channels × slices, rows, columns) → (slices, channels, rows, columns)."""
        fold = self.config.through_plane_fold
        x = features.reshape(-1, self.config.slice_channels, *features.shape[-2:])
        sagittal = rearrange(x, "d c h (n fold) -> n (c fold) d h", fold=fold)
        sagittal = rearrange(self._through_plane_view(sagittal), "n (c fold) d h -> d c h (n fold)", fold=fold)
        coronal = rearrange(x, "d c (n fold) w -> n (c fold) d w", fold=fold)
        coronal = rearrange(self._through_plane_view(coronal), "n (c fold) d w -> d c (n fold) w", fold=fold)
        return sagittal + coronal

    def _through_plane_view(self, images: Tensor) -> Tensor:
        config = self.config
        blocks = [config.through_plane_blocks] * config.through_plane_groups
        return self._decoder("Decoder_T1", images, blocks, config.through_plane_heads, config.through_plane_window)

    def _in_plane(self, images: Tensor) -> Tensor:
        config = self.config
        blocks = [config.in_plane_blocks] * config.in_plane_groups
        return self._decoder("Decoder_I1", images, blocks, config.in_plane_heads, config.in_plane_window)

    def _decoder(self, name: str, images: Tensor, blocks_of_groups: Sequence[int], heads: int, side: int) -> Tensor:
        """images: (batch, channels, rows, columns), and so what comes back."""
        rows, columns = images.shape[-2:]
        tokens = self._norm(f"{name}.patch_embed.norm", images.flatten(2).transpose(1, 2))
        for group, blocks in enumerate(blocks_of_groups):
            shortcut, group_name = tokens, f"{name}.layers.{group}"
            for index in range(blocks):
                x = tokens.view(-1, rows, columns, tokens.shape[-1])
                block = f"{group_name}.residual_group.blocks.{index}"
                x = self._transformer_layer(block, x, heads, (side, side), shifted=index % 2 == 1)
                tokens = x.view(tokens.shape)
            x = self._convolution(f"{group_name}.conv", tokens.transpose(1, 2).unflatten(2, (rows, columns)))
            tokens = x.flatten(2).transpose(1, 2) + shortcut
        return self._norm(f"{name}.norm", tokens).transpose(1, 2).unflatten(2, (rows, columns))

    def _transformer_layer(self, name: str, x: Tensor, heads: int, window: tuple[int, ...], shifted: bool) -> Tensor:
        """x: (batch, *space, channels), and so what comes back."""
        axes = tuple(range(1, x.ndim - 1))
        shift = [side // 2 for side in window]
        windows = self._norm(f"{name}.norm1", x)
        if shifted:
            windows = torch.roll(windows, [-step for step in shift], axes)
        attended = self._attention(f"{name}.attn", partition(windows, window), heads, window)
        attended = unpartition(attended, window, x.shape)
        x = x + (torch.roll(attended, shift, axes) if shifted else attended)
        hidden = functional.gelu(self._linear(f"{name}.mlp.fc1", self._norm(f"{name}.norm2", x)))
        return x + self._linear(f"{name}.mlp.fc2", hidden)

    def _attention(self, name: str, tokens: Tensor, heads: int, window: tuple[int, ...]) -> Tensor:
        """tokens: (windows, places, channels), and so what comes back."""
        count, places, channels = tokens.shape
        qkv = self._linear(f"{name}.qkv", tokens).reshape(count, places, 3, heads, channels // heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        scores = (query * (channels // heads) ** -0.5) @ key.transpose(-2, -1)
        table = self.weights[f"{name}.relative_position_bias_table"]
        bias = table[self.bias_rows[window].view(-1)].view(places, places, heads)
        scores = scores + bias.permute(2, 0, 1).contiguous().unsqueeze(0)
        attended = (scores.softmax(-1) @ value).transpose(1, 2).reshape(count, places, channels)
        return self._linear(f"{name}.proj", attended)

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return functional.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _norm(self, name: str, x: Tensor) -> Tensor:
        return functional.layer_norm(x, x.shape[-1:], self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _convolution(self, name: str, x: Tensor) -> Tensor:
        """A convolution that keeps the size, in as many dimensions as its kernel has."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        convolve = functional.conv3d if weight.ndim == 5 else functional.conv2d
        return convolve(x, weight, bias, padding=[side // 2 for side in weight.shape[2:]])


def partition(x: Tensor, window: tuple[int, ...]) -> Tensor:
    """(batch, *space, channels) → (windows, places, channels), copied."""
    split = (n for size, side in zip(x.shape[1:-1], window, strict=True) for n in (size // side, side))
    x = x.view(x.shape[0], *split, x.shape[-1])
    grid, inner = range(1, x.ndim - 1, 2), range(2, x.ndim - 1, 2)
    return x.permute(0, *grid, *inner, x.ndim - 1).contiguous().view(-1, math.prod(window), x.shape[-1])


def unpartition(windows: Tensor, window: tuple[int, ...], shape: Sequence[int]) -> Tensor:
    """The tensor of this shape whose `partition` these windows are."""
    grid = (size // side for size, side in zip(shape[1:-1], window, strict=True))
    x = windows.view(shape[0], *grid, *window, shape[-1])
    pairs = (axis for first in range(1, 1 + len(window)) for axis in (first, first + len(window)))
    return x.permute(0, *pairs, x.ndim - 1).contiguous().view(shape)


def bias_table_rows(window: tuple[int, ...]) -> Tensor:
    """Row of the bias table for each two places of a window: (places, places) (Liu et al. 2021, section 3.2)."""
    places = torch.stack(torch.meshgrid(*map(torch.arange, window), indexing="ij")).flatten(1)
    apart = places[:, :, None] - places[:, None, :]
    rows = torch.zeros_like(apart[0])
    for side, steps in zip(window, apart, strict=True):
        rows = rows * (2 * side - 1) + steps + side - 1
    return rows


def slice_positions(slices: int, channels: int) -> Tensor:
    """The sinusoidal encoding of the thin slices: (1, channels, slices, 1, 1)."""
    angles = torch.arange(slices).float() / 10000.0 ** (torch.arange(0, channels, 2).float()[:, None] / channels)
    encoding = torch.empty(channels, slices)
    encoding[0::2], encoding[1::2] = angles.sin(), angles.cos()
    return encoding[None, :, :, None, None]
