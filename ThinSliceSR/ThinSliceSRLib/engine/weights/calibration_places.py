"""Where a thin slice lies between thick ones, and how much larger errors are there than at their centres.

A thin slice at the centre of a thick one is nearly told by it; in the middle between two centres a third to twice as
much is wrong, in all tissues alike, of which the network tells little.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FEWEST_ERRORS = 5000  # of a place
MIDDLE = 0.5


def off_centre(places: np.ndarray) -> np.ndarray:
    """How far places, counted in thick slices, lie from the nearest centre, as a share of the distance between two:
    0 at a centre, 0.5 in the middle."""
    return np.abs(places - np.rint(places))


@dataclass(frozen=True)
class PlaceFactors:
    """How many times as large as expected by all else errors are (`times`), by `off_centre` (`shares`, ascending)."""

    shares: tuple[float, ...] = (0.0,)
    times: tuple[float, ...] = (1.0,)

    @staticmethod
    def of(shares: Sequence[float], times: Sequence[float]) -> PlaceFactors:
        """The factors of what may be none. Raises ValueError or TypeError when it is none."""
        rows = tuple(map(float, shares)), tuple(map(float, times))
        numbers = np.array(rows)  # which both rows must fill
        if not (numbers.size and np.isfinite(numbers).all() and rows[0][0] >= 0 and rows[0][-1] <= MIDDLE):
            raise ValueError
        if not ((np.diff(rows[0]) > 0).all() and min(rows[1]) > 0):
            raise ValueError
        return PlaceFactors(*rows)

    @staticmethod
    def fitted(shares: np.ndarray, expected_hu: np.ndarray, error_hu: np.ndarray) -> PlaceFactors:
        """Those of voxels that lie so far off the centre, whose errors were expected and made, all one-dimensional."""
        there, place, count = np.unique(np.round(shares, 3), return_inverse=True, return_counts=True)
        enough = count >= FEWEST_ERRORS
        if not enough.any():
            return ALL_ALIKE
        errors, expected = (np.bincount(place, hu)[enough] for hu in (error_hu, expected_hu))
        return PlaceFactors(tuple(there[enough].tolist()), tuple(np.round(errors / expected, 4).tolist()))

    def at(self, shares: np.ndarray) -> np.ndarray:
        """The factors (float32) so far off the centre, of any shape."""
        return np.interp(shares, self.shares, self.times).astype(np.float32)

    def towards(self, other: PlaceFactors, share: float) -> PlaceFactors:
        """Those so far on the way to others (0: these, 1: the others), by their logarithm."""
        places = np.unique((*self.shares, *other.shares))
        times = self.at(places) ** (1 - share) * other.at(places) ** share
        return PlaceFactors(tuple(places.tolist()), tuple(times.tolist()))


ALL_ALIKE = PlaceFactors()
