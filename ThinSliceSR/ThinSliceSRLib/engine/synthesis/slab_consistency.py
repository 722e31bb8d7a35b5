"""Slab consistency: what the thin slices say of each thick one, and how they are changed to say what was measured.

The change is the smoothest one whose weighted means are what the thick slices lack: that of the least squared steps
from slice to slice, so that what all thick slices lack alike is added to all thin ones alike, without stripes. It is a
banded linear system along the slices, the same for all pixels, so one small matrix per slab.
"""

from __future__ import annotations

import math

import numpy as np

from ..volumes.slab_profile import SlabProfile

# A squared HU that a thick slice still lacks weighs as much as a thousand of a step: to meet overlapping slices to the
# end would stretch their rounding, their noise and errors of the profile into the thin ones.
SLACK = 0.001
SPAN = 3.0  # thicknesses, or at least slabs, over which a change spreads; further out it is below a hundredth


class SlabConsistency:
    """Of `slabs` thick slices with `ratio` thin ones around each, in the places of `ThinSlices`."""

    def __init__(self, profile: SlabProfile, ratio: int, slabs: int) -> None:
        self._profile = profile
        self._ratio = ratio
        self._slabs = slabs
        self._thin_mm = profile.spacing_mm / ratio
        self._reach = max(0, math.ceil(profile.reach_mm / profile.spacing_mm - 0.5 - 1e-6))
        beyond = math.ceil((profile.thickness_mm - self._thin_mm) / 2 / profile.spacing_mm - 1e-6)
        self._known = range(beyond, slabs - beyond) or range(slabs)
        self._span = self._reach + math.ceil(SPAN * max(1.0, profile.overlap) - 1e-6)
        self._means: dict[tuple[int, int], np.ndarray] = {}
        self._changes: dict[tuple[int, int, int, int], np.ndarray] = {}

    def weighed(self, slab: int) -> range:
        """The slabs whose thin slices a thick slice weighs."""
        return self._around(slab, self._reach)

    def weights(self, slab: int) -> np.ndarray:
        """How it weighs them: (weighed slabs, ratio), all together 1."""
        around = self.weighed(slab)
        key = (slab - around.start, around.stop - slab)
        if key not in self._means:
            self._means[key] = self._profile_weights([slab], around)[0].reshape(len(around), self._ratio)
        return self._means[key]

    def is_known(self, slab: int) -> bool:
        """Whether a thick slice measured what lies within the volume; the outer ones reach beyond it.

        Of a volume that is so short that all do, all count as known.
        """
        return slab in self._known

    def changing(self, slab: int) -> range:
        """The slabs by whose residuals the thin slices of a slab are changed."""
        return self._around(slab, self._span)

    def change(self, slab: int) -> np.ndarray:
        """By how much of each of these residuals each thin slice is changed: (ratio, changing slabs)."""
        changing = self.changing(slab)
        known = [k for k in changing if self.is_known(k)]
        thin = range(self.weighed(changing[0]).start, self.weighed(changing[-1]).stop)
        edges = (slab - changing.start, changing.stop - slab)
        key = (*edges, *((slab - known[0], known[-1] - slab) if known else (0, -1)))
        if key not in self._changes:
            self._changes[key] = self._solve(slab, changing, known, thin)
        return self._changes[key]

    def _solve(self, slab: int, changing: range, known: list[int], thin: range) -> np.ndarray:
        change = np.zeros((self._ratio, len(changing)), np.float32)
        if not known:
            return change
        weights = self._profile_weights(known, thin)
        spread = smoothest_change(weights)
        own = (slab - thin.start) * self._ratio
        change[:, np.array(known) - changing.start] = spread[own : own + self._ratio]
        return change

    def _profile_weights(self, slabs: list[int], thin: range) -> np.ndarray:
        centres = np.array(slabs) * self._profile.spacing_mm
        return self._profile.weights(self._places_mm(thin), self._thin_mm, centres)

    def _places_mm(self, slabs: range) -> np.ndarray:
        """Where the thin slices of slabs lie, from the first thick slice."""
        return (np.arange(slabs.start * self._ratio, slabs.stop * self._ratio) - self._ratio // 2) * self._thin_mm

    def _around(self, slab: int, reach: int) -> range:
        return range(max(slab - reach, 0), min(slab + reach + 1, self._slabs))


def smoothest_change(weights: np.ndarray) -> np.ndarray:
    """By how much each thin slice is changed for each HU that a thick slice lacks: (thin slices, thick slices).

    weights: of the thin slices in each thick one, (thick slices, thin slices).
    """
    steps = np.diff(np.eye(weights.shape[1]), axis=0)
    return np.linalg.solve(steps.T @ steps + weights.T @ weights / SLACK, weights.T / SLACK)
