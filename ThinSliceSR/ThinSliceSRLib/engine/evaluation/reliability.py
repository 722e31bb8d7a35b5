"""How reliable a doubt is: whether errors lie within what it claims, and whether it is largest where they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SPARSIFIED = np.linspace(0, 0.99, 100)  # shares of voxels left out


@dataclass(frozen=True)
class Sparsification:
    """What is left of the squared error when the most doubtful voxels are left out, those of SPARSIFIED one by one.

    without_tenth: share of the squared error that goes with the most doubtful tenth. area: between the curve and that
    of the true errors, the oracle, of what there is between the oracle and leaving voxels out by chance; 0 is perfect.
    """

    curve: np.ndarray
    oracle: np.ndarray

    @property
    def without_tenth(self) -> float:
        return float(1 - np.interp(0.1, SPARSIFIED, self.curve))

    @property
    def area(self) -> float:
        chance = 1 - SPARSIFIED
        return float((self.curve - self.oracle).sum() / (chance - self.oracle).sum())


def sparsification(doubt: np.ndarray, error_hu: np.ndarray) -> Sparsification:
    """Both one-dimensional, voxel by voxel."""
    squares = np.square(error_hu, dtype=np.float64)
    return Sparsification(_left(doubt, squares), _left(squares, squares))


def coverage(error_hu: np.ndarray, reach_hu: np.ndarray) -> float:
    """Share of the absolute errors that lie within their reach."""
    return float((error_hu <= reach_hu).mean())


def area_under_roc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """How often what is wrong (bool) has a higher score than what is right, 0.5 by chance; NaN where one is missing."""
    above = np.subtract.outer(scores[wrong], scores[~wrong])
    return float((above > 0).mean() + (above == 0).mean() / 2) if above.size else float("nan")


def _left(order_by: np.ndarray, squares: np.ndarray) -> np.ndarray:
    order = np.argsort(order_by, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(squares[order])])
    kept = np.rint((1 - SPARSIFIED) * len(squares)).astype(int)
    return sums[kept] / sums[-1]
