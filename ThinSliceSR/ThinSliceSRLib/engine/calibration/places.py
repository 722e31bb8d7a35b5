"""Where a thin slice lies between thick ones, and how much larger errors are there than at their centres.

A thin slice at the centre of a thick one is nearly told by it; in the middle between two of them errors are larger by
a quarter to as much again, in all tissues alike, of which the network tells little. Gaps between thick slices add to
that. Where they overlap by half it is the other way round: what two of them share is the narrowest that they tell of.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

FEWEST_ERRORS = 5000  # of a place
MIDDLE = 0.5
MOST_TIMES = 10.0  # as large, and as small: no errors differ so much


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
        if not (numbers.size and (np.diff(rows[0]) > 0).all() and rows[0][0] >= 0 and rows[0][-1] <= MIDDLE):
            raise ValueError
        if not all(1 / MOST_TIMES <= factor <= MOST_TIMES for factor in rows[1]):
            raise ValueError
        return PlaceFactors(*rows)

    @staticmethod
    def fitted(shares: np.ndarray, expected_hu: np.ndarray, error_hu: np.ndarray) -> PlaceFactors:
        """Those of voxels that lie so far off the centre, whose errors were expected and made, all one-dimensional.
        Places differ from one another alone: what is expected of all together stays."""
        there, place, count = np.unique(np.round(shares.astype(float), 3), return_inverse=True, return_counts=True)
        enough = count >= FEWEST_ERRORS
        if not enough.any() or not error_hu.any():
            return ALL_ALIKE
        errors, expected = (np.bincount(place, hu)[enough] for hu in (error_hu, expected_hu))
        times = (errors / expected * (expected.sum() / errors.sum())).clip(1 / MOST_TIMES, MOST_TIMES)
        return PlaceFactors(tuple(there[enough].tolist()), tuple(np.round(times, 4).tolist()))

    def at(self, shares: np.ndarray) -> np.ndarray:
        """The factors (float32) so far off the centre, of any shape."""
        return np.interp(shares, self.shares, self.times).astype(np.float32)

    def towards(self, other: PlaceFactors, share: float) -> PlaceFactors:
        """Those so far on the way to others (0: these, 1: the others), by their logarithm."""
        shares = np.unique((*self.shares, *other.shares))
        times = self.at(shares) ** (1 - share) * other.at(shares) ** share
        return PlaceFactors(tuple(shares.tolist()), tuple(times.tolist()))


ALL_ALIKE = PlaceFactors()


@dataclass(frozen=True)
class OverlapFactors:
    """The factors of thick slices with gaps, and of such that overlap, whatever their distance, by thickness over
    distance (ascending)."""

    overlaps: tuple[float, ...]
    by_place: tuple[PlaceFactors, ...]

    @staticmethod
    def of(rows: Sequence[tuple[float, Sequence[float], Sequence[float]]]) -> OverlapFactors:
        """The factors of what may be none: an overlap, shares and times in each row. Raises ValueError or TypeError."""
        overlaps = tuple(float(overlap) for overlap, _, _ in rows)
        if not overlaps or not all(0 < overlap < math.inf and overlap != 1 for overlap in overlaps):
            raise ValueError
        if any(one >= another for one, another in pairwise(overlaps)):
            raise ValueError
        return OverlapFactors(overlaps, tuple(PlaceFactors.of(shares, times) for _, shares, times in rows))

    def at(self, overlap: float, touching: PlaceFactors) -> PlaceFactors:
        """Those of slices that overlap so, between those that are known, over the logarithm; the nearest beyond.

        touching: of slices side by side with the same distance.
        """
        known = dict(sorted({1.0: touching, **dict(zip(self.overlaps, self.by_place, strict=True))}.items()))
        factors = list(known.values())
        place = float(np.interp(math.log(overlap), np.log(list(known)), np.arange(len(known))))
        before = math.floor(place)
        return factors[before].towards(factors[min(before + 1, len(factors) - 1)], place - before)
