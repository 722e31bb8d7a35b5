"""The doubt volume in the making: expected absolute errors of thin slices, cube by cube."""

from __future__ import annotations

import numpy as np

from ..network.configuration import NetworkConfiguration
from .place_sums import PlaceSums, left_out
from .tiling import Layer, Span

MOST_HU = np.iinfo(np.int16).max


class DoubtSlices:
    """Expected absolute errors (int16 HU) of the thin slices of thick ones (k, rows, columns), from cubes' outputs."""

    def __init__(self, thick: np.ndarray, config: NetworkConfiguration) -> None:
        self._thick = thick
        self._ratio = config.ratio
        self._width = config.hu_range[1] - config.hu_range[0]
        slices, rows, columns = thick.shape
        self.hu = np.empty((config.ratio * (slices - 1) + 1, rows, columns), np.int16)
        self._final = np.zeros((slices, config.ratio), bool)
        self._sums = PlaceSums(slices, config.ratio, (rows, columns))

    def add_cube(self, log_error: np.ndarray, slices: Span, rows: Span, columns: Span) -> None:
        """Adds the logarithms of a cube's expected errors (thin slices, rows, columns; scaled as HU are)."""
        self._sums.add_cube(np.exp(log_error) * self._width, slices, rows, columns)

    def add_interpolated(self, layer: Layer) -> None:
        """Where the cubes of a layer leave something out, interpolation may err by half of what slices differ."""
        for part in left_out(layer, self._thick.shape, self._ratio):
            first, second = (self._thick[k][part.in_plane].astype(np.float32) for k in (part.before, part.before + 1))
            self._sums.add((np.abs(second - first) / 2 * part.share)[None], part.place, part.in_plane)

    def finish(self, start: int, stop: int) -> None:
        """Rounds the slabs of which no place will be changed any more, now that those from start to stop will not."""
        start, stop = max(start, 0), min(stop, self._final.size)
        self._final.reshape(-1)[start:stop] = True
        for slab in range(start // self._ratio, -(-stop // self._ratio)):
            if self._final[slab].all():
                places = np.arange(self._ratio) + slab * self._ratio - self._ratio // 2
                inside = (places >= 0) & (places < len(self.hu))
                self.hu[places[inside]] = np.rint(self._sums.pop(slab)[inside]).clip(0, MOST_HU)
