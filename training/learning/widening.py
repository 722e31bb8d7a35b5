"""Weights for a network with more channels, which at first computes what the narrower one does.

Each channel becomes several copies of itself, and what reads them reads a share of each (Chen et al., Net2Net, ICLR
2016). The shares differ a little, so that the copies learn different things.
"""

from __future__ import annotations

import torch
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration
from ThinSliceSRLib.engine.network.cthnet import positional_encoding
from torch import Tensor

# How far shares differ, by the root mean square of the weights that are shared out.
DIFFERENCE = 0.3

# The end of a layer's name: of how many equal blocks what it makes consists, and what it reads. Each block is followed
# by its copies. STACKED: as many as the channels of its decoder. None: not widened.
STACKED = -1
ORDERS: dict[str, tuple[int | None, int | None]] = {
    "conv_after_E": (1, None),
    "slice_modulation.last": (2, None),  # scales, then shifts
    "conv_before_upsample.0": (1, 1),
    "conv_last": (None, 1),
    "attn.qkv": (3, STACKED),
    "attn.proj": (STACKED, 1),
    "mlp.fc1": (1, STACKED),
    "mlp.fc2": (STACKED, 1),
    "conv": (STACKED, STACKED),
    "conv_after_body": (STACKED, STACKED),
    "norm": (STACKED, None),
    "norm1": (STACKED, None),
    "norm2": (STACKED, None),
}
BIAS_TABLE = "relative_position_bias_table"  # a column for each head


def widened(weights: dict[str, Tensor], config: NetworkConfiguration, copies: int, seed: int) -> dict[str, Tensor]:
    """Parameters that compute what those of a network of `config` do, of one with `copies` times its slice channels,
    tail channels and heads of both decoders.

    seed: of the differences between the copies. Raises UnusableInput for a network whose parameters it does not know.
    """
    if not config.slab_inputs or config.axis_layout != "slice_major":
        raise UnusableInput(
            "Only networks with slab inputs and the axis layout slice_major can be widened; start from other weights.",
            "settings",
        )
    generator = torch.Generator().manual_seed(seed)
    wide = {}
    for name, values in weights.items():
        layer, _, kind = name.rpartition(".")
        if not layer.startswith("Encoder"):
            made, read = _orders(layer, config)
            if made:
                values = values[copied(len(values), made, copies)]
            if read and kind == "weight":
                values = shared_out(values, read, copies, generator)
            if kind == BIAS_TABLE:
                values = values.repeat(1, copies)
            if name == "doubt.first.weight":  # what it sees beside the features is not copied
                features, others = values[:, : config.slice_channels], values[:, config.slice_channels :]
                values = torch.cat((shared_out(features, 1, copies, generator), others), 1)
        wide[name] = values
    _keep_the_encoding(wide, config, copies)
    return wide


def copied(channels: int, blocks: int, copies: int) -> Tensor:
    """Which of the channels, that lie in so many blocks, each channel of the wider network is a copy of."""
    return torch.arange(channels).view(blocks, -1).repeat(1, copies).flatten()


def shared_out(values: Tensor, blocks: int, copies: int, generator: torch.Generator) -> Tensor:
    """Weights (made, read, …) for copies of what is read, which sum up to the weight for the channel itself."""
    values = values.unflatten(1, (blocks, 1, -1))
    differences = torch.randn((len(values), blocks, copies, *values.shape[3:]), generator=generator)
    differences = (differences - differences.mean(2, keepdim=True)) * (DIFFERENCE * values.square().mean().sqrt())
    return ((values + differences) / copies).flatten(1, 3)


def _orders(layer: str, config: NetworkConfiguration) -> tuple[int | None, int | None]:
    stacked = 1 if layer.startswith("Decoder_T1") else config.thin_slices
    orders = next((orders for ending, orders in ORDERS.items() if f".{layer}".endswith(f".{ending}")), (None, None))
    made, read = (stacked if blocks == STACKED else blocks for blocks in orders)
    return made, read


def _keep_the_encoding(wide: dict[str, Tensor], config: NetworkConfiguration, copies: int) -> None:
    """Shifts features by what the encoding of so many channels lacks of the old one."""
    before = positional_encoding(config.thin_slices, config.slice_channels).repeat(1, copies)
    lacking = (before - positional_encoding(config.thin_slices, config.slice_channels * copies)).T.flatten()
    last = "slice_modulation.last"
    (of_scale, of_shift), (scale, shift) = wide[f"{last}.weight"].chunk(2), wide[f"{last}.bias"].chunk(2)
    wide[f"{last}.weight"] = torch.cat((of_scale, of_shift + lacking[:, None] * of_scale))
    wide[f"{last}.bias"] = torch.cat((scale, shift + lacking * (1 + scale)))
