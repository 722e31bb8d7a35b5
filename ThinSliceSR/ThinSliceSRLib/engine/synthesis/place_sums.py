"""Sums of cubes over the places of thin slabs, in float32, for the slabs that are being worked on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .tiling import Layer, Span


class PlaceSums:
    """Weighted cubes, added up by slab. Places u count the thin slices of whole slabs, see `tiling`.

    Only slabs that something was added to take memory, until they are popped.
    """

    def __init__(self, slabs: int, ratio: int, matrix: tuple[int, int]) -> None:
        self._shape = (slabs * ratio, *matrix)
        self._ratio = ratio
        self._sums: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        """How many slabs take memory."""
        return len(self._sums)

    def __getitem__(self, slab: int) -> np.ndarray:
        """(ratio, rows, columns), to be read or changed."""
        return self._sums[slab]

    def pop(self, slab: int) -> np.ndarray:
        """A slab that nothing will be added to any more."""
        return self._sums.pop(slab)

    def add_cube(self, output: np.ndarray, slices: Span, rows: Span, columns: Span) -> None:
        """Adds a cube's output (thin slices, rows, columns), times its weights."""
        (k, in_k), (j, in_j), (i, in_i) = (
            span.inside(size) for span, size in zip((slices, rows, columns), self._shape, strict=True)
        )
        part = output[in_k, in_j, in_i] * (rows.weights[in_j, None] * columns.weights[in_i])
        part *= slices.weights[in_k, None, None]
        self.add(part, k.start, (j, i))

    def add(self, part: np.ndarray, first_place: int, in_plane: tuple[slice, slice]) -> None:
        """Adds slices (from `first_place` on, rows, columns)."""
        for offset, values in enumerate(part):
            slab, place = divmod(first_place + offset, self._ratio)
            if slab not in self._sums:
                self._sums[slab] = np.zeros((self._ratio, *self._shape[1:]), np.float32)
            self._sums[slab][place][in_plane] += values


@dataclass(frozen=True)
class LeftOut:
    """A thin slice at a place, where cubes leave something out: `share` (rows, columns) of it in `in_plane`.

    It lies after thick slice `before`, by `between` of their distance.
    """

    place: int
    before: int
    between: float
    share: np.ndarray
    in_plane: tuple[slice, slice]


def left_out(layer: Layer, thick_shape: tuple[int, ...], ratio: int) -> Iterator[LeftOut]:
    """What the cubes of a layer leave to interpolation, slice by slice; thick_shape: (slices, rows, columns)."""
    slices, *matrix = thick_shape
    share = layer.interpolated_share(*matrix)
    if share is None:
        return
    rows, columns = (slice(lines.min(), lines.max() + 1) for lines in np.nonzero(share))
    share = share[rows, columns]
    places, within = layer.slices.inside(slices * ratio)
    for place, weight in zip(range(places.start, places.stop), layer.slices.weights[within], strict=True):
        at = np.clip((place - ratio // 2) / ratio, 0, slices - 1)
        before = min(int(at), slices - 2)
        yield LeftOut(place, before, float(at - before), share * weight, (rows, columns))
