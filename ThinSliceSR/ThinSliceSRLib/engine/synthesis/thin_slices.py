"""Thin slices in the making: sums of cubes, which become HU slab by slab as soon as no cube changes them any more.

Only the slabs that are being worked on are held in float32, so the memory that a volume takes beyond its input and its
output does not grow with the number of its slices.
"""

from __future__ import annotations

import numpy as np

from ..network.configuration import NetworkConfiguration
from ..volumes.hounsfield import to_int16_hu
from ..volumes.slab_profile import SlabProfile
from .place_sums import PlaceSums, left_out
from .slab import SlabError, SlabErrors, along_slices, bands, between_slices_weights
from .slab_consistency import SlabConsistency
from .tiling import Layer, Span

ALL_ROWS = slice(None)


class ThinSlices:
    """The thin slices (int16 HU) of thick ones (k, rows, columns), to which cubes are added.

    Places u count the thin slices of whole slabs, `ratio` around each thick one; thin slice t is place t + ratio // 2.
    HU below the model's range are taken for air; what exceeds it is interpolated linearly and added.
    """

    def __init__(
        self, thick: np.ndarray, config: NetworkConfiguration, profile: SlabProfile, slab_consistent: bool
    ) -> None:
        self._thick = thick
        self._ratio = config.ratio
        self._lowest, self._highest = config.hu_range
        slices, *matrix = thick.shape
        self.hu = np.empty((config.ratio * (slices - 1) + 1, *matrix), np.int16)
        self._final = np.zeros((slices, config.ratio), bool)  # which places no cube changes any more
        self._settled = np.zeros(slices, bool)  # which slabs are rounded and in `hu`
        # Of the other slabs: scaled, and HU once all its places are final.
        self._sums = PlaceSums(slices, config.ratio, (matrix[0], matrix[1]))
        self._in_hu = np.zeros(slices, bool)  # which slabs are complete
        self._residuals: dict[int, np.ndarray] = {}  # of thick slices; kept until all that they change is settled
        self._consistency = SlabConsistency(profile, config.ratio, slices)
        self._consistent = slab_consistent
        self._between = between_slices_weights(config.ratio)
        self._errors = SlabErrors()

    @property
    def half(self) -> int:
        """The place of the first thin slice."""
        return self._ratio // 2

    def scaled(self, thick: np.ndarray) -> np.ndarray:
        """HU as the network sees them: float32, the model's range on [0, 1]."""
        return (thick.clip(self._lowest, self._highest).astype(np.float32) - self._lowest) / self._width

    def add_cube(self, output: np.ndarray, slices: Span, rows: Span, columns: Span) -> None:
        """Adds a cube's output (thin slices, rows, columns; scaled), times its weights."""
        self._sums.add_cube(output, slices, rows, columns)

    def add_interpolated(self, layer: Layer) -> None:
        """Adds, where the cubes of a layer leave something out, the linear interpolation of the thick slices."""
        thick: dict[int, np.ndarray] = {}  # of the same part of all slices, scaled
        for part in left_out(layer, self._thick.shape, self._ratio):
            around = (part.before, part.before + 1)
            thick |= {k: self.scaled(self._thick[k][part.in_plane]) for k in around if k not in thick}
            first, second = (thick[k] for k in around)
            slice_ = first + (second - first) * np.float32(part.between)
            self._sums.add((slice_ * part.share)[None], part.place, part.in_plane)

    def finish(self, start: int, stop: int) -> tuple[int, np.ndarray | None]:
        """Tells that places from `start` to `stop`, some beyond the volume, will not be changed any more.

        Returns the first of the thin slices there and their HU before the slab correction (None if there are none).
        """
        start, stop = max(start, 0), min(stop, self._final.size)
        first, after = max(start - self.half, 0), min(stop - self.half, len(self.hu))
        slices = [
            to_int16_hu(self._sums[slab][place] * self._width + self._lowest)
            for slab, place in (divmod(t + self.half, self._ratio) for t in range(first, after))
        ]
        self._final.reshape(-1)[start:stop] = True
        for slab in range(start // self._ratio, -(-stop // self._ratio)):
            if self._final[slab].all():
                self._complete(slab)
        return first, np.stack(slices) if slices else None

    def slab_error(self) -> SlabError:
        """What remains between thick slices and those of their slabs that lie wholly in the volume."""
        return self._errors.total()

    @property
    def _width(self) -> float:
        return self._highest - self._lowest

    def _measured(self, slab: int, rows: slice = ALL_ROWS) -> np.ndarray:
        return np.maximum(self._thick[slab, rows], self._lowest).astype(np.float32)

    def _complete(self, slab: int) -> None:
        """Brings a slab to HU, and does what waited for it: residuals, then changes, then errors."""
        sums = self._sums[slab]
        sums *= self._width
        sums += self._lowest
        self._in_hu[slab] = True
        consistency = self._consistency
        new = [k for k in consistency.weighed(slab) if self._in_hu[as_slice(consistency.weighed(k))].all()]
        self._residuals |= {k: self._residual(k) for k in new}
        for k in sorted({changed for residual in new for changed in consistency.changing(residual)}):
            if not self._settled[k] and all(residual in self._residuals for residual in consistency.changing(k)):
                self._settle(k)

    def _residual(self, slab: int) -> np.ndarray:
        """What lacks in the weighted mean of thin slices; nothing where a thick slice reaches beyond the volume."""
        in_range = np.minimum(self._measured(slab), self._highest)
        if not self._consistency.is_known(slab):
            return np.zeros_like(in_range)
        for k, weights in zip(self._consistency.weighed(slab), self._consistency.weights(slab), strict=True):
            if weights.any():
                in_range -= along_slices(weights[None], self._sums[k])[0]
        return in_range

    def _settle(self, slab: int) -> None:
        """Changes a slab as its thick slices want it, adds what lies beyond the model's range, and rounds it."""
        values = self._sums.pop(slab)  # of no residual any more: all that weigh it are there
        changing, change = self._consistency.changing(slab), self._consistency.change(slab)
        around = [min(max(k, 0), len(self._thick) - 1) for k in (slab - 1, slab, slab + 1)]
        exceeds = any(self._thick[k].max() > self._highest for k in around)
        first = slab * self._ratio - self.half
        inside = slice(max(first, 0) - first, min(first + self._ratio, len(self.hu)) - first)
        for band in bands(values.shape[1]):
            changed = values[:, band]
            if self._consistent:
                changed = changed + along_slices(change, [self._residuals[k][band] for k in changing])
            if exceeds:
                beyond = [np.maximum(self._measured(k, band) - self._highest, 0) for k in around]
                changed = changed + along_slices(self._between, beyond)
            rounded = np.rint(changed).clip(self._lowest, np.iinfo(np.int16).max)
            self.hu[first + inside.start : first + inside.stop, band] = rounded[inside]
        self._settled[slab] = True
        for k in self._consistency.weighed(slab):
            if self._settled[as_slice(self._consistency.weighed(k))].all() and self._consistency.is_known(k):
                self._errors.add(self._measured(k) - self._mean_of_result(k))
        for k in changing:
            if self._settled[as_slice(self._consistency.changing(k))].all():
                del self._residuals[k]

    def _mean_of_result(self, slab: int) -> np.ndarray:
        """The weighted mean of the thin slices as they are handed out."""
        weighed = self._consistency.weighed(slab)
        places = np.arange(weighed.start * self._ratio, weighed.stop * self._ratio) - self.half
        slices = [self.hu[place] for place in places.clip(0, len(self.hu) - 1)]
        return along_slices(self._consistency.weights(slab).reshape(1, -1), slices)[0]


def as_slice(slabs: range) -> slice:
    return slice(slabs.start, slabs.stop)
