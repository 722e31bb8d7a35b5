"""What can be said of several volumes together: medians with intervals, and tests between methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..errors import MissingLibrary

RESAMPLES = 10_000
# With fewer, no outcome of the exact two-sided test is below 0.05: 2 / 2⁵ = 0.0625.
FEWEST_VOLUMES_TO_TEST = 6


@dataclass(frozen=True)
class Median:
    """The median of a measure over volumes, with its 95% bootstrap interval; None for a single volume."""

    value: float
    low: float | None
    high: float | None
    volumes: int


@dataclass(frozen=True)
class PairedTest:
    """A two-sided Wilcoxon signed-rank test between two methods on the same volumes.

    p_corrected: p times the number of tests made together (Bonferroni), at most 1.
    """

    measure: str
    first: str
    second: str
    volumes: int
    p: float
    p_corrected: float


def median_with_interval(values: Sequence[float], seed: int = 0) -> Median:
    """The median and its percentile bootstrap interval (Efron 1979) from 10,000 resamples; the same for the same seed.

    Values may be infinite. Raises ValueError for no value.
    """
    if not len(values):
        raise ValueError("a median needs at least one value")
    array = np.asarray(values, dtype=float)
    if len(array) == 1:
        return Median(float(array[0]), None, None, 1)
    drawn = np.random.default_rng(seed).integers(len(array), size=(RESAMPLES, len(array)))
    medians = np.median(array[drawn], axis=1)
    # An order statistic, as interpolating between infinite values would give none.
    low, high = np.percentile(medians, (2.5, 97.5), method="inverted_cdf")
    return Median(float(np.median(array)), float(low), float(high), len(array))


def paired_tests(values: Mapping[str, Mapping[str, Sequence[float]]]) -> list[PairedTest]:
    """Every pair of methods tested on every measure that has at least 6 volumes, corrected for all tests together.

    values: measure → method → one value per volume, the volumes in the same order for every method.
    Raises ThinSliceError (`no_scipy`) when there is something to test and SciPy is not installed.
    """
    tests = [
        (measure, first, second, np.asarray(methods[first], float), np.asarray(methods[second], float))
        for measure, methods in values.items()
        for first, second in combinations(methods, 2)
        if len(methods[first]) >= FEWEST_VOLUMES_TO_TEST
    ]
    results = []
    for measure, first, second, a, b in tests:
        p = _signed_rank_p(a, b)
        results.append(PairedTest(measure, first, second, len(a), p, min(1.0, p * len(tests))))
    return results


def _signed_rank_p(a: np.ndarray, b: np.ndarray) -> float:
    try:
        from scipy.stats import wilcoxon
    except ImportError as error:
        raise MissingLibrary(
            "Tests between methods need SciPy; install it with: pip install scipy", "no_scipy"
        ) from error
    differ = a != b  # volumes without a difference tell nothing (Wilcoxon 1945)
    if not differ.any():
        return 1.0
    return float(wilcoxon(a[differ] - b[differ]).pvalue)
