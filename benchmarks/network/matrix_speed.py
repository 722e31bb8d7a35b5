"""The speed at which this machine multiplies matrices: the mark that the network is held against."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from ThinSliceSRLib.engine.network.configuration import NetworkConfiguration

from .timing import Timing, synchronize, timed

MOST_TOKENS = 16384
SQUARE_ON_CPU, SQUARE_ON_GPU = 2048, 8192
SECONDS_OF_EACH = 0.3  # long enough that what else runs disturbs a product as it disturbs a network


@dataclass(frozen=True)
class Product:
    """A product of matrices (rows, inner) and (inner, columns)."""

    rows: int
    inner: int
    columns: int

    @property
    def operations(self) -> int:
        return 2 * self.rows * self.inner * self.columns


def best_speeds(timings: Mapping[Product, Sequence[Timing]], of: Callable[[Timing], float]) -> list[float]:
    """Operations per second, by the seconds that `of` takes from a timing, of the fastest product of each round."""
    speeds = ([product.operations / of(timing) for timing in rounds] for product, rounds in timings.items())
    return [max(of_round) for of_round in zip(*speeds, strict=True)]


def network_products(config: NetworkConfiguration, rows: int, columns: int, device: torch.device) -> list[Product]:
    """A large square product, and the linear layers of the in-plane decoder, where most of the operations are."""
    square = SQUARE_ON_CPU if device.type == "cpu" else SQUARE_ON_GPU
    places = rows * columns // config.in_plane_fold**2
    tokens, channels = min(places, MOST_TOKENS), config.slice_channels * config.thin_slices
    return [
        Product(square, square, square),
        Product(tokens, channels, 3 * channels),
        Product(tokens, channels, config.mlp_ratio * channels),
        Product(tokens, config.mlp_ratio * channels, channels),
    ]


def product_measurement(product: Product, dtype: torch.dtype, device: torch.device) -> Callable[[], Timing]:
    """Measures the time of one such product, as the mean over SECONDS_OF_EACH and at least one product."""
    left, right = (
        torch.rand(shape, device=device).to(dtype)
        for shape in ((product.rows, product.inner), (product.inner, product.columns))
    )
    result = torch.empty(product.rows, product.columns, dtype=dtype, device=device)
    once = _seconds_of(lambda: torch.mm(left, right, out=result), device)
    repetitions = max(1, math.ceil(SECONDS_OF_EACH / once))

    def multiply() -> None:
        for _ in range(repetitions):
            torch.mm(left, right, out=result)

    def measure() -> Timing:
        timing = timed(multiply, device)
        return Timing(timing.seconds / repetitions, timing.cores)

    return measure


def _seconds_of(work: Callable[[], object], device: torch.device) -> float:
    work()
    synchronize(device)
    began = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - began
