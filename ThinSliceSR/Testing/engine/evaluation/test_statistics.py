"""Medians with intervals and paired tests against those of SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from ThinSliceSRLib.engine.evaluation.statistics import median_with_interval, paired_tests


def test_the_interval_of_a_median_is_that_of_scipys_percentile_bootstrap():
    values = np.random.default_rng(4).gamma(3, 2, 25)
    median = median_with_interval(values)
    expected = stats.bootstrap((values,), np.median, n_resamples=20_000, method="percentile", random_state=1)
    assert median.value == np.median(values)
    low, high = expected.confidence_interval
    spacing = np.diff(np.sort(values)).max()  # intervals of medians end on values, so neighbours may stand in
    assert (median.low, median.high) == pytest.approx((low, high), abs=spacing / 2)
    assert median == median_with_interval(values)
    assert median.volumes == 25


def test_one_volume_has_a_median_without_an_interval_and_equal_volumes_an_infinite_one():
    single = median_with_interval([31.5])
    assert (single.value, single.low, single.high) == (31.5, None, None)
    equal = median_with_interval([math.inf] * 4)
    assert (equal.value, equal.low, equal.high) == (math.inf,) * 3


def test_tests_are_scipys_times_their_number():
    generator = np.random.default_rng(5)
    values = {measure: {name: generator.normal(size=8) for name in "abc"} for measure in ("psnr_db", "ssim_axial")}
    results = paired_tests(values)
    assert [(test.measure, test.first, test.second) for test in results] == [
        (measure, *pair) for measure in values for pair in (("a", "b"), ("a", "c"), ("b", "c"))
    ]
    for test in results:
        expected = stats.wilcoxon(values[test.measure][test.first], values[test.measure][test.second]).pvalue
        assert test.p == pytest.approx(expected)
        assert test.p_corrected == pytest.approx(min(1, 6 * expected))


def test_methods_that_never_differ_have_a_p_of_one():
    (test,) = paired_tests({"psnr_db": {"a": [math.inf, *range(6)], "b": [math.inf, *range(6)]}})
    assert (test.p, test.p_corrected) == (1, 1)


def test_five_volumes_are_not_tested():
    assert paired_tests({"psnr_db": {"a": [1, 2, 3, 4, 5], "b": [2, 4, 6, 8, 10]}}) == []
