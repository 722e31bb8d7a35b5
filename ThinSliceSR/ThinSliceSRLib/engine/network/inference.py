"""STLs without gradients: what `TransformerLayer` computes, in less time and memory.

The tokens of all layers lie in one tensor, which each layer changes in place, some windows at a time: a piece is
gathered in window order, goes through attention and perceptron while it is in the cache, and is put back where it came
from. So shifted windows cost nothing, and no tensor of the size of all keys or hidden channels ever exists.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional

from .attention import TransformerLayer, to_windows

# Of the widest tensor of a piece. On a CPU it is to stay in the cache; on a GPU it is to keep all of it busy.
PIECE_VALUES = 2**20
PIECE_VALUES_OF_GPUS = 2**26
# GPU kernels for attention count windows in 16 bits.
MOST_WINDOWS = 2**15
# Up to this many places in a window, a CPU takes all windows of a piece at once: a product of one would be too small.
FEW_PLACES = 8


def infer(layers: Iterable[TransformerLayer], x: Tensor) -> Tensor:
    """What the layers, one after another, make of x: (batch, *space, channels); the same shape comes back in float32.

    Under autocast, linear layers and attention are computed in its precision, and the sum of all layers in float32.
    """
    tokens = x.flatten(0, -2).to(torch.promote_types(x.dtype, torch.float32), copy=True)
    for layer in layers:
        precision = layer.attn.qkv(tokens[:0]).dtype  # only autocast itself tells, by what it makes of a product
        PreparedLayer(layer, precision).change(tokens, token_windows(x.shape[:-1], layer, x.device))
    return tokens.view(x.shape)


def token_windows(shape: torch.Size, layer: TransformerLayer, device: torch.device) -> Tensor:
    """Where the tokens of the layer's windows lie among all tokens of (batch, *space): (windows, places)."""
    places = torch.arange(shape.numel(), device=device).view(*shape, 1)
    if layer.shift:
        places = places.roll([-length for length in layer.shift], tuple(range(1, len(shape))))
    return to_windows(places, layer.window)[..., 0]


class PreparedLayer:
    """An STL whose weights are converted, and whose bias table is expanded, once for all pieces."""

    def __init__(self, layer: TransformerLayer, precision: torch.dtype) -> None:
        self.precision = precision
        self.heads = layer.attn.heads
        self.norm1, self.norm2 = layer.norm1, layer.norm2
        self.qkv, self.proj, self.fc1, self.fc2 = (
            (linear.weight.to(precision), linear.bias.to(precision))
            for linear in (layer.attn.qkv, layer.attn.proj, layer.mlp.fc1, layer.mlp.fc2)
        )
        self.bias = layer.attn.relative_position_bias().contiguous()
        self.widest = max(len(self.qkv[1]), len(self.fc1[1]), self.heads * self.bias.shape[-1])  # of a token's values

    def change(self, tokens: Tensor, windows: Tensor) -> None:
        """Puts tokens (tokens, channels) through the layer; windows: as `token_windows` gives them."""
        across = tokens.is_cpu and windows.shape[1] <= FEW_PLACES
        attend = self._attend_across_windows if across else self._attend_window_by_window
        values = PIECE_VALUES if tokens.is_cpu else PIECE_VALUES_OF_GPUS
        fitting = values // (self.widest * windows.shape[1])
        for piece in windows.split(min(max(fitting, 1), MOST_WINDOWS)):
            rows = piece.T if across else piece
            x = tokens.index_select(0, rows.flatten())
            x += attend(self.norm1(x).to(self.precision).view(*rows.shape, -1)).flatten(0, 1)
            hidden = functional.gelu(linear(self.norm2(x).to(self.precision), *self.fc1))
            x += linear(hidden, *self.fc2)
            tokens.index_copy_(0, rows.flatten(), x)

    def _attend_window_by_window(self, x: Tensor) -> Tensor:
        """Attention within each window of (windows, places, channels)."""
        qkv = linear(x.flatten(0, 1), *self.qkv).view(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.contiguous() if x.is_cpu else qkv
        if x.is_cpu:  # Written out: PyTorch's fused attention is slower there for windows as small as these.
            scores = torch.add(self.bias, query @ key.transpose(-2, -1), alpha=query.shape[-1] ** -0.5)
            attended = scores.softmax(-1).to(value.dtype) @ value
        else:
            bias = self.bias.to(self.precision).expand(len(x), -1, -1, -1)
            attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        return linear(attended.transpose(1, 2).reshape(-1, x.shape[-1]), *self.proj).view(x.shape)

    def _attend_across_windows(self, x: Tensor) -> Tensor:
        """Attention within each window of (places, windows, channels), in float32, each step for all windows."""
        places, windows, channels = x.shape
        weight, bias = self.qkv
        qkv = torch.addmm(bias[:, None], weight, x.flatten(0, 1).T)
        query, key, value = qkv.float().view(3, self.heads, -1, places, windows)
        query *= query.shape[1] ** -0.5
        scores = self.bias[..., None].repeat(1, 1, 1, windows)  # (heads, places, places, windows)
        for channel in range(query.shape[1]):
            scores.addcmul_(query[:, channel, :, None], key[:, channel, None])
        shares = scores.softmax(2)
        attended = shares[:, None, :, 0] * value[:, :, None, 0]
        for place in range(1, places):
            attended.addcmul_(shares[:, None, :, place], value[:, :, None, place])
        tokens = attended.view(channels, -1).T.to(self.precision)
        return functional.linear(tokens, *self.proj).view(x.shape)


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A linear layer on (tokens, channels).

    CPUs compute it as a convolution when it is in float32: PyTorch gives products of matrices to MKL, which uses half
    of what an AMD processor can do, but convolutions to oneDNN. With one thread, it does so only from 16 images on.
    """
    images = 16
    if x.is_cpu and x.dtype == torch.float32 and torch.backends.mkldnn.is_available() and len(x) % images == 0:
        image = x.view(images, -1, 1, x.shape[-1]).movedim(-1, 1)
        return functional.conv2d(image, weight[:, :, None, None], bias).movedim(1, -1).reshape(len(x), -1)
    return functional.linear(x, weight, bias)
