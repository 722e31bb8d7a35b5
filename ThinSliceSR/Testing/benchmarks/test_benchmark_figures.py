"""Medians, ratios, differences and lines: what a benchmark makes of what it measures."""

from __future__ import annotations

import os
import subprocess
import sys
from operator import attrgetter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from ThinSliceSRLib.engine.network.configuration import BASE
from ThinSliceSRLib.engine.volumes.volume import Volume

from benchmarks.network.matrix_speed import Product, best_speeds, network_products
from benchmarks.network.precision import differences
from benchmarks.network.timing import Timing, interleaved, median_ratio, median_seconds
from benchmarks.runs.chests import chest_of
from benchmarks.runs.growth import departures_from_line, growth_sizes
from benchmarks.runs.measured_process import process_peak_bytes


def test_measurements_are_interleaved_after_a_warm_up_and_every_second_round_turns_around():
    calls: list[str] = []

    def measuring(name: str):
        def measure() -> Timing:
            calls.append(name)
            return Timing(float(len(calls)), 1.0)

        return measure

    results = interleaved({name: measuring(name) for name in "abc"}, rounds=3)
    assert "".join(calls) == "abc" + "abc" + "cba" + "abc"
    assert [timing.seconds for timing in results["a"]] == [4, 9, 10]
    assert median_seconds(results["a"]) == 9


def test_ratios_are_taken_within_each_round():
    # The machine was four times as slow in the second round.
    assert median_ratio([10, 40, 10], [5, 20, 5]) == 2


def test_the_matrix_speed_is_that_of_the_fastest_product_of_each_round():
    small, large = Product(1, 1, 50), Product(1, 1, 500)
    timings = {small: [Timing(1.0, 2.0), Timing(1.0, 1.0)], large: [Timing(5.0, 1.0), Timing(20.0, 2.0)]}
    assert best_speeds(timings, attrgetter("seconds")) == [200, 100]
    assert best_speeds(timings, attrgetter("cpu_seconds")) == [200, 100]


def test_products_are_those_of_the_in_plane_decoder_and_a_square_one():
    products = network_products(BASE, 256, 256, torch.device("cpu"))
    assert Product(16384, 288, 1152) in products
    assert products[0].rows == products[0].inner == products[0].columns
    assert Product(2, 3, 5).operations == 60


volumes = arrays.arrays(np.int16, (3, 2, 5), elements=st.integers(-32768, 32767))


@given(volumes, volumes)
def test_differences_equal_those_of_whole_arrays(first: np.ndarray, second: np.ndarray):
    found = differences(first, second)
    absolute = np.abs(first.astype(int) - second)
    assert found.mean_hu == pytest.approx(absolute.mean())
    assert found.largest_hu == absolute.max()
    assert found.percentile_hu == np.percentile(absolute, 99.9, method="inverted_cdf")


@pytest.mark.parametrize(("offset", "outliers", "within"), [(1, 0, True), (2, 0, False), (0, 1, True), (0, 2, False)])
def test_bounds_are_one_hu_on_average_and_eight_for_all_but_a_thousandth(offset: int, outliers: int, within: bool):
    first = np.zeros((10, 10, 10), np.int16)
    second = first + np.int16(offset)
    second.flat[:outliers] = 9
    assert differences(first, second).within_bounds is within


def test_growth_runs_all_slices_at_one_matrix_and_all_matrices_with_few_slices_each_once():
    assert growth_sizes([10, 30], [256, 512]) == [(256, 256, 10), (256, 256, 30), (512, 512, 30)]


def test_the_line_through_30_slices_and_more_leaves_out_what_is_no_part_of_it():
    def row(columns: int, slices: int, seconds: float) -> dict:
        facts = {"model": "small", "device": "cpu", "precision": "bf16"}
        return {**facts, "size": [columns, columns, slices], "seconds": seconds, "cpu_seconds": None}

    straight = [row(256, slices, 3 + 0.5 * slices) for slices in (30, 60, 120)]
    others = [row(256, 10, 99.0), row(512, 30, 99.0)]
    (line,) = departures_from_line([*straight, *others])
    assert (line["seconds_per_slice"], line["seconds_at_start"]) == pytest.approx((0.5, 3))
    assert line["departure"] == pytest.approx(0, abs=1e-9)
    assert line["departure_cpu"] is None
    (bent,) = departures_from_line([*straight, row(256, 600, 400.0)])
    assert bent["departure"] > 0.05
    assert departures_from_line(straight[:2]) == []


def test_a_chest_of_any_size_keeps_the_drawn_field_of_view_and_comes_back_and_forth():
    drawn = Volume(np.repeat(np.arange(0, 3000, 1000, np.int16), 16).reshape(3, 4, 4), (2.0, 2.0, 1.0))
    chest = chest_of((8, 6, 7), drawn)
    assert chest.size == (8, 6, 7)
    assert chest.spacing_mm == (1.0, pytest.approx(8 / 6), 5.0)
    np.testing.assert_allclose(chest.hu.mean((1, 2)), [0, 1000, 2000, 1000, 0, 1000, 2000], atol=10)
    assert chest.hu.std((1, 2)).min() > 5


GROWING = """
from benchmarks.runs.measured_process import process_peak_bytes
before = process_peak_bytes()
held = b"x" * 200_000_000
del held
print(process_peak_bytes() - before)
"""


def test_the_peak_of_memory_holds_what_is_given_back_by_now():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    grown = subprocess.run([sys.executable, "-c", GROWING], env=environment, capture_output=True, check=True).stdout
    assert 150e6 < int(grown) < 250e6


def test_on_linux_the_peak_is_that_of_the_process_since_its_program_began(tmp_path: Path):
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  512 kB\nVmRSS:\t  300 kB\n")
    assert process_peak_bytes(status) == 512 * 1024
