"""The measuring model: a thick slice is a weighted mean of the tissue around its centre.

Measured on a scanner's own pair, a 5 mm slice differs from the mean of the thin slices 5k − 2 … 5k + 2 by 6.4 HU on
average, and from thin slice 5k alone by 23.4 HU; so thick slices are simulated by means, never by leaving slices out.
That scanner's weights, .02 .07 .13 .18 .20 .18 .13 .07 .03 at −4 … 4 mm, are those of a bell of 5 mm.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .volume import Volume

# Slices that are thicker or thinner than so many times their distance: the thickness is taken to be misreported.
LEAST_OVERLAP = 0.5
MOST_OVERLAP = 2.5
# A bell ends where scanners' profiles have vanished.
BELL_REACH = 0.9
FULL_WIDTH_OF_GAUSSIAN = 2 * math.sqrt(2 * math.log(2))


@dataclass(frozen=True)
class SlabProfile:
    """How a thick slice weighs the tissue along the slice normal.

    thickness_mm: full width at half maximum of the profile, which is what scanners call slice thickness
        (IEC 61223-3-5).
    spacing_mm: from the centre of one thick slice to the next.
    bell: share of a Gaussian in the profile; the rest is a box. No header tells it.
    """

    thickness_mm: float
    spacing_mm: float
    bell: float = 0.0

    @property
    def overlap(self) -> float:
        """Thickness by spacing: 1 for slices side by side, more where they overlap, less where they leave gaps."""
        return self.thickness_mm / self.spacing_mm

    @property
    def reach_mm(self) -> float:
        """How far from its centre a slice still weighs tissue."""
        return self.thickness_mm * (BELL_REACH if self.bell else 0.5)

    def weights(self, places_mm: np.ndarray, cell_mm: float, centres_mm: np.ndarray) -> np.ndarray:
        """Shares of thin slices in thick ones: (thick slices, thin slices); each row sums to 1.

        places_mm, centres_mm: of the thin and thick slices, along the normal. cell_mm: how much of the normal a thin
        slice stands for; a cell that the profile cuts counts by its part inside. Of a slab that reaches beyond the thin
        slices, those that are there are averaged.
        """
        lower = np.asarray(places_mm, float) - cell_mm / 2 - np.asarray(centres_mm, float)[:, None]
        upper = lower + cell_mm
        half = self.thickness_mm / 2
        weights = (1 - self.bell) * _normalised(np.minimum(upper, half) - np.maximum(lower, -half))
        if self.bell:
            scale = self.thickness_mm / FULL_WIDTH_OF_GAUSSIAN * math.sqrt(2)
            lower, upper = (np.clip(ends, -self.reach_mm, self.reach_mm) / scale for ends in (lower, upper))
            weights += self.bell * _normalised(_erf(upper) - _erf(lower))
        return weights


# As most archives hold them: side by side, of the paper's thickness.
USUAL_SLABS = SlabProfile(thickness_mm=5.0, spacing_mm=5.0)


def slab_profile_of(thick: Volume) -> SlabProfile:
    """The box that the source of a thick volume tells of; as thick as its slices are apart where it tells nothing.

    A thickness that cannot be meant (see LEAST_OVERLAP, MOST_OVERLAP) counts as the nearest one that can.
    """
    spacing = thick.spacing_mm[thick.through_plane_axis]
    thickness = thick.acquisition.slice_thickness_mm or spacing
    return SlabProfile(min(max(thickness, LEAST_OVERLAP * spacing), MOST_OVERLAP * spacing), spacing)


def _normalised(weights: np.ndarray) -> np.ndarray:
    weights = np.clip(weights, 0, None)
    return weights / weights.sum(axis=1, keepdims=True)


_erf = np.vectorize(math.erf)
