"""Cubes: how a volume of any size is cut into the pieces that the network sees, and put together again.

The thin slices are worked on in whole slabs, `ratio` thin slices around each thick one, so that they reach half a slab
beyond the first and the last thick slice. Place u on this grid is thin slice u − ratio // 2 of the result.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..network.configuration import NetworkConfiguration
from .body import Body, Box

# Voxels over which cubes fade into interpolation at the border of the body's box; its margin is wider.
FADE = 16
ROUNDING = 1e-5


@dataclass(frozen=True)
class Tiling:
    """How cubes lie.

    in_plane: wanted rows and columns of a cube; it may grow up to `stretch` times to save cubes.
    in_plane_overlap: voxels that neighbouring cubes share at least, and over which they are blended.
    slice_overlap: thin slices, after the trim, that neighbouring cubes share at least; None places cubes as the
        published code does, side by side at every sixth thick slice from the first on.
    """

    in_plane: int = 256
    stretch: float = 1.25
    in_plane_overlap: int = 32
    slice_overlap: int | None = 5


OVERLAPPED = Tiling()
PUBLISHED_TILING = Tiling(stretch=1.0, in_plane_overlap=0, slice_overlap=None)
TILINGS = {"overlapped": OVERLAPPED, "published": PUBLISHED_TILING}  # by their names as an option


@dataclass(frozen=True)
class Span:
    """A cube's place on one axis: `length` voxels from `start` on (which may lie outside of the volume), with the
    weights that its output has there. The weights of all spans of an axis sum to 1 wherever cubes are to cover it."""

    start: int
    length: int
    weights: np.ndarray

    def inside(self, size: int) -> tuple[slice, slice]:
        """The part of the volume that the span covers, and the same part counted from the span's start."""
        first, last = max(self.start, 0), min(self.start + self.length, size)
        return slice(first, last), slice(first - self.start, last - self.start)


@dataclass(frozen=True)
class Layer:
    """The cubes (row span, column span) that see the same thick slices, from `thick_start` on.

    slices: their span over places u of the thin slabs, trimmed. Where the weights of the cubes do not sum to 1, only
    air is: what is missing is interpolated.
    """

    thick_start: int
    slices: Span
    cubes: tuple[tuple[Span, Span], ...]

    def interpolated_share(self, rows: int, columns: int) -> np.ndarray | None:
        """What the weights of the cubes leave of 1 at each voxel of a slice (rows, columns); None where nothing is."""
        share = np.ones((rows, columns), np.float32)
        for spans in self.cubes:
            (j, in_j), (i, in_i) = (span.inside(size) for span, size in zip(spans, share.shape, strict=True))
            share[j, i] -= spans[0].weights[in_j, None] * spans[1].weights[in_i]
        share[share < ROUNDING] = 0
        return share if share.any() else None


@dataclass(frozen=True)
class CubePlan:
    """All cubes of a volume, layer by layer.

    box: rows and columns that they cover, if not all. left_out: how many of the cubes there hold only air.
    """

    layers: tuple[Layer, ...]
    box: Box | None = None
    left_out: int = 0

    @property
    def cubes(self) -> int:
        return sum(len(layer.cubes) for layer in self.layers)

    @property
    def air(self) -> str:
        """What becomes of the air around the body, in words."""
        if self.box is None:
            return "synthesised"
        rows, columns = (f"{part.start}-{part.stop - 1}" for part in self.box)
        return f"interpolated outside of rows {rows} and columns {columns}, and in {self.left_out} cubes"

    def order_from(self, place: float) -> list[int]:
        """Indices of the layers, the nearest to place u first."""
        middles = [layer.slices.start + (layer.slices.length - 1) / 2 for layer in self.layers]
        return sorted(range(len(middles)), key=lambda index: abs(middles[index] - place))

    def final_places(self, index: int, pending: Sequence[int]) -> tuple[int, int]:
        """Places (start, stop) of layer `index` that none of the pending layers will change any more."""
        span = self.layers[index].slices
        start, stop = span.start, span.start + span.length
        for other in (self.layers[number].slices for number in pending):
            if other.start >= span.start:
                stop = min(stop, other.start)
            else:
                start = max(start, other.start + other.length)
        return start, stop


def plan_cubes(
    size: tuple[int, int, int],
    config: NetworkConfiguration,
    multiple: int,
    tiling: Tiling,
    body: Body | None = None,
) -> CubePlan:
    """The cubes of (thick slices, rows, columns); rows and columns of a cube are multiples of `multiple`.

    body: cubes lie within its box, and those that do not touch it are left out.
    """
    thick_slices, *matrix = size
    thick_starts, slices = _slice_spans(thick_slices, config, tiling)
    parts = body.box if body else [slice(0, length) for length in matrix]
    rows, columns = (_in_plane_spans(size, multiple, tiling, part) for size, part in zip(matrix, parts, strict=True))
    in_plane = list(itertools.product(rows, columns))

    def needed(thick_start: int, spans: tuple[Span, Span]) -> bool:
        seen = (slice(span.start, span.start + span.length) for span in spans)
        return body is None or body.touches(slice(thick_start, thick_start + config.cube[0]), *seen)

    layers = tuple(
        Layer(start, span, tuple(spans for spans in in_plane if needed(start, spans)))
        for start, span in zip(thick_starts, slices, strict=True)
    )
    left_out = len(layers) * len(in_plane) - sum(len(layer.cubes) for layer in layers)
    return CubePlan(layers, body.box if body else None, left_out)


def cut_cube(thick: np.ndarray, thick_start: int, thick_length: int, rows: Span, columns: Span) -> np.ndarray:
    """The thick slices that a cube sees; where it reaches beyond the volume, the volume's edge is repeated."""
    places = zip(
        (thick_start, rows.start, columns.start), (thick_length, rows.length, columns.length), thick.shape, strict=True
    )
    return thick[np.ix_(*(np.clip(np.arange(start, start + length), 0, size - 1) for start, length, size in places))]


def _slice_spans(
    thick_slices: int, config: NetworkConfiguration, tiling: Tiling
) -> tuple[tuple[int, ...], tuple[Span, ...]]:
    ratio, trim = config.ratio, config.trim
    kept = config.thin_slices - 2 * trim
    outermost = ratio // 2 + trim  # place u of the first kept slice of a cube that starts at thick slice 0
    first = -math.ceil(outermost / ratio)
    last = math.ceil((ratio * thick_slices - kept - outermost) / ratio)
    if tiling.slice_overlap is None:
        step = kept // ratio
        starts = list(range(-step if outermost > 0 else 0, max(last, first) + step, step))
        ramp = 0
    else:
        starts = _even_starts(first, max(first, last), max(1, (kept - tiling.slice_overlap) // ratio))
        ramp = tiling.slice_overlap
    firsts = [ratio * start + outermost for start in starts]
    return tuple(starts), _spans(firsts, kept, ratio * thick_slices, ramp)


def _in_plane_spans(size: int, multiple: int, tiling: Tiling, part: slice) -> tuple[Span, ...]:
    """Spans over the part of an axis of `size` voxels that cubes are to cover."""
    covered = part.stop - part.start
    overlap, largest = tiling.in_plane_overlap, int(tiling.in_plane * tiling.stretch)
    count = 1 if covered <= largest else math.ceil((covered - overlap) / (largest - overlap))
    length = math.ceil((covered + (count - 1) * overlap) / count / multiple) * multiple
    if tiling.slice_overlap is None:
        length = tiling.in_plane
    first = max(0, min(part.start, size - length))
    starts = _even_starts(first, max(first, part.stop - length), max(1, length - overlap))
    return _spans(starts, length, size, overlap, part)


def _even_starts(first: int, last: int, largest_step: int) -> list[int]:
    """Whole numbers from first to last, evenly spread, at most `largest_step` apart."""
    count = 1 + math.ceil((last - first) / largest_step)
    return [round(start) for start in np.linspace(first, last, count)]


def _spans(starts: list[int], length: int, size: int, ramp: int, part: slice | None = None) -> tuple[Span, ...]:
    """Spans whose weights rise and fall linearly over `ramp` voxels at their ends and sum to 1 within the size.

    If there is a part of the size, they sum to 1 only there, and fade at those of its ends that are not the size's own.
    """
    place = np.arange(length)
    shape = np.minimum(1.0, np.minimum(place + 1, length - place) / (ramp + 1))
    lowest, highest = min(starts), max(starts) + length
    total = np.zeros(max(highest, size) - lowest)
    for start in starts:
        total[start - lowest : start - lowest + length] += shape
    wanted = _fading_share(np.arange(lowest, lowest + len(total)), size, part or slice(0, size))
    if total[wanted > 0].min() <= 0:
        raise ValueError(f"spans from {starts} of {length} leave gaps in {part or size}")
    share = wanted / np.where(total > 0, total, 1)
    return tuple(
        Span(start, length, (shape * share[start - lowest : start - lowest + length]).astype(np.float32))
        for start in starts
    )


def _fading_share(place: np.ndarray, size: int, part: slice) -> np.ndarray:
    """1 within the part of the size, falling to 0 at those of its ends that are not the size's own."""
    share = np.ones(len(place))
    if part.start > 0:
        share = np.minimum(share, (place - part.start + 1) / (FADE + 1))
    if part.stop < size:
        share = np.minimum(share, (part.stop - place) / (FADE + 1))
    return share.clip(0)
