"""Calibration of the doubt: what the network expects of its errors against the errors that it made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

import numpy as np

from ..errors import WeightsError

COVERAGES = (0.5, 0.8, 0.9, 0.95)
LEVELS_PER_DOUBLING = 2
FEWEST_ERRORS = 2000  # of a level


@dataclass(frozen=True)
class Calibration:
    """By level of what the network expects (HU, ascending): the mean absolute error that it made there, and how far
    errors reach, by the shares of COVERAGES. Between levels both are interpolated, as ratios over the logarithm.
    """

    levels_hu: tuple[float, ...]
    expected_hu: tuple[float, ...]
    reach_hu: tuple[tuple[float, ...], ...]

    def expected(self, told_hu: np.ndarray) -> np.ndarray:
        """The expected absolute error in HU, float32, where the network tells `told_hu`."""
        return self._at(told_hu, self.expected_hu)

    def reach(self, told_hu: np.ndarray, coverage: float) -> np.ndarray:
        """HU (float32) within which the error lies with the probability `coverage`, one of COVERAGES."""
        return self._at(told_hu, self.reach_hu[COVERAGES.index(coverage)])

    def _at(self, told_hu: np.ndarray, values: tuple[float, ...]) -> np.ndarray:
        levels = np.array(self.levels_hu)
        told = np.maximum(np.asarray(told_hu, np.float32), np.float32(0.5))  # int16 holds no less
        ratios = np.array(values) / levels
        return (np.interp(np.log(told), np.log(levels), ratios) * told).astype(np.float32)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Calibration:
        """The calibration that `to_json` wrote. Raises WeightsError when it is not one."""
        try:
            values = json.loads(text)
            reach = tuple(tuple(map(float, row)) for row in values["reach_hu"])
            levels, expected = (tuple(map(float, values[name])) for name in ("levels_hu", "expected_hu"))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise _impossible() from error
        rows = (levels, expected, *reach)
        numbers = np.array([number for row in rows for number in row])
        fits = len(reach) == len(COVERAGES) and len({len(row) for row in rows}) == 1 and len(levels) > 0
        if not (fits and np.isfinite(numbers).all() and (numbers > 0).all() and (np.diff(levels) > 0).all()):
            raise _impossible()
        return Calibration(levels, expected, reach)


def calibrate(told_hu: np.ndarray, error_hu: np.ndarray) -> Calibration:
    """The calibration that fits absolute errors (HU) where the network told `told_hu`, both one-dimensional."""
    told = np.maximum(told_hu.astype(np.float32), np.float32(0.5))
    order = np.argsort(told, kind="stable")
    told, error = told[order], error_hu[order].astype(np.float32)
    steps = np.floor(np.log2(told) * LEVELS_PER_DOUBLING).astype(int)
    edges = [0, *(np.flatnonzero(np.diff(steps)) + 1), len(told)]
    # Levels of few errors join the next lower one, the lowest the next higher.
    kept = [edges[0]]
    for edge in edges[1:-1]:
        if edge - kept[-1] >= FEWEST_ERRORS and len(told) - edge >= FEWEST_ERRORS:
            kept.append(edge)
    parts = [slice(start, stop) for start, stop in zip(kept, [*kept[1:], len(told)], strict=True)]
    return Calibration(
        tuple(float(np.exp(np.log(told[part]).mean())) for part in parts),
        tuple(float(error[part].mean()) for part in parts),
        tuple(tuple(float(np.quantile(error[part], share)) for part in parts) for share in COVERAGES),
    )


def _impossible() -> WeightsError:
    return WeightsError(
        "The calibration of the doubt in these weights cannot be read; use another model.", "weights_refused"
    )
