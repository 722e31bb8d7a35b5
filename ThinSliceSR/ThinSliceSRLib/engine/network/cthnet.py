"""CTHNet, the network of the DLS model (Yu et al., npj Digital Medicine 7:335, 2024), driven by a configuration.

With the default configuration it computes what the published code computes, under the published parameter names;
other configurations are smaller, or read the slice axis as the paper describes.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable
from typing import cast

import torch
from einops import rearrange
from torch import Tensor, nn

from .attention import TransformerLayer, without_values
from .configuration import NetworkConfiguration
from .doubt import DoubtHead, steps_between
from .inference import infer
from .slab_inputs import SlabModulation
from .slices import as_images, as_volumes, convolved, folded, linear_along_slices, unfolded

# What a CPU computes at a time without gradients, so that it stays in the cache.
IMAGES_AT_A_TIME = 4  # sagittal or coronal ones
SLICES_AT_A_TIME = 4


class TransformerLayers(nn.Sequential):
    """STLs in sequence; every second one has shifted windows."""

    def __init__(self, channels: int, count: int, heads: int, window: tuple[int, ...], mlp_ratio: int) -> None:
        super().__init__(
            *(
                TransformerLayer(channels, heads, window, shifted=index % 2 == 1, mlp_ratio=mlp_ratio)
                for index in range(count)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """What the STLs make of x: (batch, *space, channels); the same without gradients, but sooner."""
        # Not `is_inference_mode_enabled`, at which torch.compile breaks the graph of a training.
        if torch.is_grad_enabled():
            return super().forward(x)
        return infer(cast(Iterable[TransformerLayer], self), x)


class EncoderLayer(nn.Module):
    """3D STLs, a convolution and a norm, added to the input."""

    def __init__(self, config: NetworkConfiguration) -> None:
        super().__init__()
        channels = config.encoder_channels
        self.blocks = TransformerLayers(
            channels, config.encoder_blocks, config.encoder_heads, config.encoder_window, config.mlp_ratio
        )
        self.layer_conv = nn.Conv3d(channels, channels, 3, padding=1)
        self.layer_norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, slices, rows, columns, channels)."""
        changed = self.layer_conv(channels_first(self.blocks(x)))
        return x + self.layer_norm(channels_last(changed))


class Encoder(nn.Module):
    """Features of the thick slices: (batch, folded voxels, slices, rows, columns) → (batch, channels, slices, …)."""

    def __init__(self, config: NetworkConfiguration) -> None:
        super().__init__()
        channels = config.encoder_channels
        self.conv_first = nn.Conv3d(config.in_plane_fold**2, channels, (3, 7, 7), padding=(1, 3, 3))
        self.modulation = SlabModulation(channels) if config.slab_inputs else None
        self.norm_first = nn.LayerNorm(channels)
        self.layers = nn.Sequential(EncoderLayer(config))
        self.norm_last = nn.LayerNorm(channels)
        self.conv_after_body = nn.Conv3d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, slabs: Tensor | None) -> Tensor:
        # With one channel, only a conversion, not `contiguous`, tells the convolution that channels lie last.
        first = self.conv_first(x.to(memory_format=torch.channels_last_3d))
        if self.modulation and slabs is not None:
            scale, shift = (factor[..., None, None, None].to(first.dtype) for factor in self.modulation(slabs))
            first = first * scale + shift
        body = self.norm_last(self.layers(self.norm_first(channels_last(first))))
        return first + self.conv_after_body(channels_first(body))


class DecoderGroup(nn.Module):
    """2D STLs and a convolution, added to the input."""

    def __init__(self, channels: int, blocks: int, heads: int, window: int, mlp_ratio: int) -> None:
        super().__init__()
        layers = TransformerLayers(channels, blocks, heads, (window, window), mlp_ratio)
        self.residual_group = nn.Sequential(OrderedDict(blocks=layers))
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, rows, columns, channels)."""
        return x + channels_last(self.conv(channels_first(self.residual_group(x))))


class Decoder(nn.Module):
    """Groups of 2D STLs between two norms; images are (batch, rows, columns, channels)."""

    def __init__(self, channels: int, groups: int, blocks: int, heads: int, window: int, mlp_ratio: int) -> None:
        super().__init__()
        self.patch_embed = nn.Sequential(OrderedDict(norm=nn.LayerNorm(channels)))
        self.layers = nn.Sequential(*(DecoderGroup(channels, blocks, heads, window, mlp_ratio) for _ in range(groups)))
        self.norm = nn.LayerNorm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.layers(self.patch_embed(x)))


class CTHNet(nn.Module):
    """Thick slices in, thin slices out, both scaled to [0, 1] by the configuration's HU range.

    Rows and columns may be any multiples of the in-plane and through-plane windows and of the fold (8 as published).
    """

    slice_encoding: Tensor

    def __init__(self, config: NetworkConfiguration) -> None:
        super().__init__()
        self.config = config
        grouped = config.slice_channels * config.through_plane_fold
        stacked = config.slice_channels * config.thin_slices
        self.Encoder = Encoder(config)
        self.conv_after_E = nn.Conv3d(config.encoder_channels, config.slice_channels, 3, padding=1)
        self.Decoder_T1 = Decoder(
            grouped,
            config.through_plane_groups,
            config.through_plane_blocks,
            config.through_plane_heads,
            config.through_plane_window,
            config.mlp_ratio,
        )
        self.Decoder_I1 = Decoder(
            stacked,
            config.in_plane_groups,
            config.in_plane_blocks,
            config.in_plane_heads,
            config.in_plane_window,
            config.mlp_ratio,
        )
        self.conv_after_body = nn.Conv2d(stacked, stacked, 3, padding=1)
        self.conv_before_upsample = nn.Sequential(
            nn.Conv3d(config.slice_channels, config.tail_channels, 1), nn.LeakyReLU(0.01, inplace=True)
        )
        window = config.tail_window
        self.conv_last = nn.Conv3d(
            config.tail_channels, config.in_plane_fold**2, (1, window, window), padding=(0, window // 2, window // 2)
        )
        self.doubt = (
            DoubtHead(config.slice_channels, config.in_plane_fold**2, config.doubt_channels)
            if config.doubt_channels
            else None
        )
        self.slice_modulation = SlabModulation(stacked) if config.slab_inputs else None
        encoding = positional_encoding(config.thin_slices, config.slice_channels)
        self.register_buffer("slice_encoding", encoding.T[None, :, :, None, None], persistent=False)

    @property
    def in_plane_multiple(self) -> int:
        """Rows and columns of the input must be multiples of this."""
        config = self.config
        return config.in_plane_fold * math.lcm(
            *config.encoder_window[1:], config.in_plane_window, config.through_plane_window, config.through_plane_fold
        )

    def forward(self, thick: Tensor, slabs: Tensor | None = None, *, doubt: bool = False) -> Tensor:
        """thick: (batch, 1, slices of the cube, rows, columns) → (batch, 1, thin slices, rows, columns), untrimmed.

        slabs: (batch, 3), see `slab_inputs`; needed by networks with slab inputs, of no effect on others.
        doubt: of networks that have it, a second channel: the logarithm of the expected absolute error, scaled as HU.
        """
        if self.config.slab_inputs and slabs is None:
            raise ValueError("this network must be told how its thick slices were measured")
        places = folded(thick, self.config.in_plane_fold)
        features = self.conv_after_E(self.Encoder(places, slabs))
        nearest = torch.arange(self.config.thin_slices, device=thick.device) * thick.shape[2] // self.config.thin_slices
        features = features[:, :, nearest] + self.slice_encoding
        if self.slice_modulation and slabs is not None:
            shape = (len(thick), *self.slice_encoding.shape[1:])
            scale, shift = (factor.view(shape).to(features.dtype) for factor in self.slice_modulation(slabs))
            features = features * scale + shift
        decoded = (
            self._published_decoders(features) if self.config.axis_layout == "published" else self._decoders(features)
        )
        sources = [features, decoded, linear_interpolation(thick, self.config.ratio)]
        if doubt:
            sources.append(steps_between(places, self.config.thin_slices))
        at_a_time = SLICES_AT_A_TIME if in_cache(thick) else self.config.thin_slices
        parts = zip(*(source.split(at_a_time, 2) for source in sources), strict=True)
        return torch.cat([self._thin(slabs, *part) for part in parts], 2)

    def _thin(
        self, slabs: Tensor | None, features: Tensor, decoded: Tensor, linear: Tensor, steps: Tensor | None = None
    ) -> Tensor:
        """Some thin slices, and their doubt if `steps_between` the thick ones are given."""
        fold = self.config.in_plane_fold
        images = as_images(features + decoded)
        expand, rectify = self.conv_before_upsample
        added = convolved(self.conv_last, rectify(convolved(expand, images)))
        thin = unfolded(added, fold) + as_images(linear) if self.config.image_skip else unfolded(added, fold)
        if steps is not None:
            assert self.doubt
            assert slabs is not None
            log_error = self.doubt(images, added, as_images(steps), slabs)
            thin = torch.cat((thin, unfolded(log_error, fold).to(thin.dtype)), 1)
        return as_volumes(thin, len(features))

    def _decoders(self, features: Tensor) -> Tensor:
        """features: (batch, channels, thin slices, rows, columns), and so what comes back."""
        slices = features.shape[2]
        decoded = self.conv_after_body(channels_first(self.Decoder_I1(self._through_plane(features))))
        return rearrange(decoded, "b (d c) h w -> b c d h w", d=slices)

    def _published_decoders(self, features: Tensor) -> Tensor:
        """As `_decoders`, but features are handed on by reshaping them, in the orders of the published code."""
        batch, channels, slices, rows, columns = features.shape
        scrambled = features.reshape(batch, slices, channels, rows, columns).transpose(1, 2)
        decoded = self.conv_after_body(channels_first(self.Decoder_I1(self._through_plane(scrambled))))
        return decoded.reshape(features.shape)

    def _through_plane(self, features: Tensor) -> Tensor:
        """The sum of the sagittal and the coronal view of (batch, channels, thin slices, rows, columns).

        It is stacked for the in-plane decoder: (batch, rows, columns, thin slices · channels).
        """
        if not in_cache(features):
            return (self._sagittal(features) + self._coronal(features)).flatten(-2)
        at_a_time = IMAGES_AT_A_TIME * self.config.through_plane_fold
        batch, channels, slices, rows, columns = features.shape
        stacked = features.new_empty(batch, rows, columns, slices, channels)
        for start in range(0, columns, at_a_time):
            part = slice(start, start + at_a_time)
            stacked[:, :, part] = self._sagittal(features[..., part])
        for start in range(0, rows, at_a_time):
            part = slice(start, start + at_a_time)
            stacked[:, part] += self._coronal(features[..., part, :])
        return stacked.flatten(-2)

    def _sagittal(self, features: Tensor) -> Tensor:
        """What the through-plane decoder makes of sagittal images: (batch, rows, columns, thin slices, channels)."""
        fold = self.config.through_plane_fold
        images = rearrange(features, "b c d h (n fold) -> (b n) d h (c fold)", fold=fold)
        return rearrange(self.Decoder_T1(images), "(b n) d h (c fold) -> b h (n fold) d c", b=len(features), fold=fold)

    def _coronal(self, features: Tensor) -> Tensor:
        """What the through-plane decoder makes of coronal images: (batch, rows, columns, thin slices, channels)."""
        fold = self.config.through_plane_fold
        images = rearrange(features, "b c d (n fold) w -> (b n) d w (c fold)", fold=fold)
        return rearrange(self.Decoder_T1(images), "(b n) d w (c fold) -> b (n fold) w d c", b=len(features), fold=fold)


def in_cache(x: Tensor) -> bool:
    """Whether x is to be computed in parts that stay in the cache: on CPUs, where no gradient needs the whole."""
    return x.is_cpu and not torch.is_grad_enabled()


def positional_encoding(length: int, channels: int) -> Tensor:
    """Sines and cosines, interleaved, base 10000 (Vaswani et al. 2017, section 3.5): (length, channels)."""
    if without_values():
        return torch.empty(length, channels)
    rate = torch.exp(torch.arange(0, channels, 2) * (-math.log(10000.0) / channels))
    phase = torch.arange(length)[:, None] * rate
    return torch.stack((phase.sin(), phase.cos()), dim=-1).reshape(length, channels)


def linear_interpolation(thick: Tensor, ratio: int) -> Tensor:
    """n thick slices give ratio·(n − 1) + 1 thin ones along axis 2, the first on the first."""
    return linear_along_slices(thick, torch.arange(ratio * (thick.shape[2] - 1) + 1, device=thick.device) / ratio)


def start_at_linear_interpolation(network: CTHNet) -> None:
    """Makes the network's output equal linear interpolation; only with an image skip is that possible."""
    for parameter in network.conv_last.parameters():
        nn.init.zeros_(parameter)


def channels_first(x: Tensor) -> Tensor:
    """(batch, *space, channels) → (batch, channels, *space), as a view."""
    return x.movedim(-1, 1)


def channels_last(x: Tensor) -> Tensor:
    """(batch, channels, *space) → (batch, *space, channels), as a view."""
    return x.movedim(1, -1)
