"""Curves of a calibration: from HU to HU, from few points and without steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_HU = 0.5  # int16 holds no less
LEVELS_PER_DOUBLING = 2
FEWEST_ERRORS = 2000  # of a level
DIGITS = 4


@dataclass(frozen=True)
class Curve:
    """Values (HU) at points (HU, ascending). Between points they are interpolated, as ratios over the logarithm; beyond
    them the ratio stays."""

    at_hu: tuple[float, ...]
    value_hu: tuple[float, ...]

    @staticmethod
    def of(at_hu: Sequence[float], value_hu: Sequence[float]) -> Curve:
        """The curve of what may be none. Raises ValueError or TypeError when it is none."""
        rows = tuple(map(float, at_hu)), tuple(map(float, value_hu))
        numbers = np.array(rows)  # which both rows must fill
        if not (numbers.size and np.isfinite(numbers).all() and (numbers > 0).all() and (np.diff(rows[0]) > 0).all()):
            raise ValueError
        return Curve(*rows)

    def at(self, hu: np.ndarray) -> np.ndarray:
        """The values (float32) at HU of any shape."""
        hu = np.maximum(np.asarray(hu, np.float32), np.float32(LEAST_HU))
        ratios = np.array(self.value_hu) / self.at_hu
        return (np.interp(np.log(hu), np.log(self.at_hu), ratios) * hu).astype(np.float32)

    def times(self, factor: float) -> Curve:
        """The curve of values so many times as large."""
        return Curve(self.at_hu, tuple(factor * value for value in self.value_hu))

    def towards(self, other: Curve, share: float) -> Curve:
        """The curve so far on the way to another one (0: this one, 1: the other), by the logarithm of the values."""
        points = np.unique((*self.at_hu, *other.at_hu))
        values = self.at(points) ** (1 - share) * other.at(points) ** share
        return Curve(tuple(points.tolist()), tuple(values.tolist()))


def mean_curve(told_hu: np.ndarray, error_hu: np.ndarray) -> Curve:
    """The mean absolute error where so much was told. It never falls: levels that would are taken together."""
    return _fitted(told_hu, error_hu, np.mean)


def quantile_curve(expected_hu: np.ndarray, error_hu: np.ndarray, share: float) -> Curve:
    """Within how many HU this share of the absolute errors lies where so many are expected."""
    return _fitted(expected_hu, error_hu, lambda errors: np.quantile(errors, share))


def _fitted(at_hu: np.ndarray, error_hu: np.ndarray, value_of: Callable[[np.ndarray], np.floating]) -> Curve:
    at = np.maximum(at_hu.astype(np.float32), np.float32(LEAST_HU))
    order = np.argsort(at, kind="stable")
    at, error = at[order], error_hu[order].astype(np.float32)
    levels = np.floor(np.log2(at) * LEVELS_PER_DOUBLING).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(levels)) + 1), len(at)]
    # Levels of few errors join the next lower one, the lowest the next higher.
    kept = [edges[0]]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= FEWEST_ERRORS and len(at) - edge >= FEWEST_ERRORS:
            kept.append(edge)
    parts = [slice(start, stop) for start, stop in zip(kept, [*kept[1:], len(at)], strict=True)]
    rising: list[slice] = []
    for part in parts:
        while rising and value_of(error[part]) <= value_of(error[rising[-1]]):  # pool adjacent violators
            part = slice(rising.pop().start, part.stop)
        rising.append(part)
    return Curve(
        tuple(_rounded(float(np.exp(np.log(at[part], dtype=np.float64).mean()))) for part in rising),
        tuple(_rounded(max(float(value_of(error[part])), LEAST_HU)) for part in rising),
    )


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
