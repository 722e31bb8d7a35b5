"""Cubes: how a volume of any size is cut into the pieces that the network sees, and put together again.

The thin slices are worked on in whole slabs, `ratio` thin slices around each thick one, so that they reach half a slab
beyond the first and the last thick slice. Place u on this grid is thin slice u − ratio // 2 of the result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..network.configuration import NetworkConfiguration


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


@dataclass(frozen=True)
class Span:
    """A cube's place on one axis: `length` voxels from `start` on (which may lie outside of the volume), with the
    weights that its output has there. The weights of all spans of an axis sum to 1 at every voxel of the volume."""

    start: int
    length: int
    weights: np.ndarray

    def inside(self, size: int) -> tuple[slice, slice]:
        """The part of the volume that the span covers, and the same part counted from the span's start."""
        first, last = max(self.start, 0), min(self.start + self.length, size)
        return slice(first, last), slice(first - self.start, last - self.start)


@dataclass(frozen=True)
class CubePlan:
    """All cubes of a volume: each combination of a slice span, a row span and a column span.

    slices: spans over places u of the thin slabs, trimmed. Cube c starts at thick slice `thick_starts[c]`.
    """

    thick_starts: tuple[int, ...]
    slices: tuple[Span, ...]
    rows: tuple[Span, ...]
    columns: tuple[Span, ...]

    @property
    def cubes(self) -> int:
        return len(self.slices) * len(self.rows) * len(self.columns)

    def order_from(self, place: float) -> list[int]:
        """Indices of the slice spans, the nearest to place u first."""
        middles = [span.start + (span.length - 1) / 2 for span in self.slices]
        return sorted(range(len(middles)), key=lambda index: abs(middles[index] - place))

    def final_places(self, index: int, pending: list[int]) -> tuple[int, int]:
        """Places (start, stop) of slice span `index` that none of the pending spans will change any more."""
        span = self.slices[index]
        start, stop = span.start, span.start + span.length
        for other in (self.slices[number] for number in pending):
            if other.start >= span.start:
                stop = min(stop, other.start)
            else:
                start = max(start, other.start + other.length)
        return start, stop


def plan_cubes(size: tuple[int, int, int], config: NetworkConfiguration, multiple: int, tiling: Tiling) -> CubePlan:
    """The cubes of (thick slices, rows, columns); rows and columns of a cube are multiples of `multiple`."""
    thick_slices, rows, columns = size
    thick_starts, slices = _slice_spans(thick_slices, config, tiling)
    return CubePlan(
        thick_starts, slices, _in_plane_spans(rows, multiple, tiling), _in_plane_spans(columns, multiple, tiling)
    )


def cut_cube(thick: np.ndarray, thick_start: int, thick_length: int, rows: Span, columns: Span) -> np.ndarray:
    """The thick slices that a cube sees; where it reaches beyond the volume, the volume's edge is repeated."""
    places = zip(
        (thick_start, rows.start, columns.start), (thick_length, rows.length, columns.length), thick.shape, strict=True
    )
    return thick[np.ix_(*(np.clip(np.arange(start, start + length), 0, size - 1) for start, length, size in places))]


def add_cube(total: np.ndarray, cube: np.ndarray, spans: tuple[Span, Span, Span]) -> None:
    """Adds a cube's weighted output (trimmed; slices, rows, columns) to the whole in place."""
    (k, in_k), (j, in_j), (i, in_i) = (span.inside(size) for span, size in zip(spans, total.shape, strict=True))
    weights = [span.weights[part] for span, part in zip(spans, (in_k, in_j, in_i), strict=True)]
    part = cube[in_k, in_j, in_i] * (weights[1][:, None] * weights[2])
    part *= weights[0][:, None, None]
    total[k, j, i] += part


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


def _in_plane_spans(size: int, multiple: int, tiling: Tiling) -> tuple[Span, ...]:
    overlap, largest = tiling.in_plane_overlap, int(tiling.in_plane * tiling.stretch)
    count = 1 if size <= largest else math.ceil((size - overlap) / (largest - overlap))
    length = math.ceil((size + (count - 1) * overlap) / count / multiple) * multiple
    if tiling.slice_overlap is None:
        length = tiling.in_plane
    return _spans(_even_starts(0, max(0, size - length), max(1, length - overlap)), length, size, overlap)


def _even_starts(first: int, last: int, largest_step: int) -> list[int]:
    """Whole numbers from first to last, evenly spread, at most `largest_step` apart."""
    count = 1 + math.ceil((last - first) / largest_step)
    return [round(start) for start in np.linspace(first, last, count)]


def _spans(starts: list[int], length: int, size: int, ramp: int) -> tuple[Span, ...]:
    """Spans whose weights rise and fall linearly over `ramp` voxels at their ends and sum to 1 within the size."""
    place = np.arange(length)
    shape = np.minimum(1.0, np.minimum(place + 1, length - place) / (ramp + 1))
    lowest, highest = min(starts), max(starts) + length
    total = np.zeros(max(highest, size) - lowest)
    for start in starts:
        total[start - lowest : start - lowest + length] += shape
    if total[-lowest : size - lowest].min() <= 0:
        raise ValueError(f"spans from {starts} of {length} leave gaps in {size}")
    return tuple(
        Span(start, length, (shape / total[start - lowest : start - lowest + length]).astype(np.float32))
        for start in starts
    )
