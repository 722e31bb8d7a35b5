"""Which slices of a series lie at one place, as scanners and their exports round places."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from operator import itemgetter

import numpy as np

from ...volumes.slice_steps import SAME_PLACE_MM
from ..series import DicomSlice

SAME_COSINE = 0.01
ALIKE_COSINE = 0.1


class Places:
    """The places of some slices.

    Nearness decides, not equality of rounded numbers, of which two neighbours may be rounded apart.
    """

    def __init__(self, slices: Sequence[DicomSlice]) -> None:
        self._of_slice: dict[int, int] = {}
        near: deque[tuple[float, int, DicomSlice]] = deque()
        heights = [float(item.position_mm @ slices[0].normal) for item in slices]
        for height, item in sorted(zip(heights, slices, strict=True), key=itemgetter(0)):
            while near and height - near[0][0] > SAME_PLACE_MM:
                near.popleft()
            place = next((number for _, number, other in near if _at_one_place(item, other)), None)
            if place is None:
                place = len(self._of_slice)
                near.append((height, place, item))
            self._of_slice[id(item)] = place

    def of(self, item: DicomSlice) -> int:
        """A number that slices at one place have in common."""
        return self._of_slice[id(item)]

    def doubled(self, slices: Iterable[DicomSlice]) -> bool:
        """Whether two of these slices lie at one place."""
        return max(Counter(map(self.of, slices)).values(), default=0) > 1

    def together(self, slices: Iterable[DicomSlice]) -> list[list[DicomSlice]]:
        """The slices, those at one place together."""
        at_place = defaultdict(list)
        for item in slices:
            at_place[self.of(item)].append(item)
        return list(at_place.values())


def lie_alike(one: DicomSlice, other: DicomSlice, cosine: float = ALIKE_COSINE) -> bool:
    """Whether two slices are turned alike, to within this difference of their cosines."""
    return float(np.abs(one.row_and_column - other.row_and_column).max()) <= cosine


def _at_one_place(one: DicomSlice, other: DicomSlice) -> bool:
    apart_mm = float(np.abs(one.position_mm - other.position_mm).max())
    return apart_mm <= SAME_PLACE_MM and lie_alike(one, other, SAME_COSINE)
