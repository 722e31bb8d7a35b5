"""Cubes cover every voxel of a volume of any size, and what they give is put together without a trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import linear_model
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.synthesis.device import choose_device
from ThinSliceSRLib.engine.synthesis.memory_ladder import MemoryLadder, Rung
from ThinSliceSRLib.engine.synthesis.synthesize import run_cubes
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, PUBLISHED_TILING, Tiling, plan_cubes

CPU = [Rung(choose_device("cpu", "float32"))]
SLICE_COUNTS = (2, 3, 7, 8, 9, 14, 15, 60)
MATRICES = ((100, 130), (400, 400), (512, 512), (600, 600), (768, 768))


def linear_slabs(thick: np.ndarray) -> np.ndarray:
    """Linear interpolation at all places of whole slabs, the end slices repeated outward."""
    places = np.clip((np.arange(5 * len(thick)) - 2) / 5, 0, len(thick) - 1)
    before = np.minimum(places.astype(int), len(thick) - 2)
    share = (places - before)[:, None, None]
    return thick[before] * (1 - share) + thick[before + 1] * share


def tiled_slabs(thick: np.ndarray, trim: int, tiling: Tiling, first_place: float = 0.0) -> np.ndarray:
    """The same, by a network that interpolates linearly, cube by cube."""
    model = linear_model(trim)
    plan = plan_cubes(thick.shape, model.configuration, 8, tiling)
    places = np.zeros((5 * len(thick), *thick.shape[1:]), np.float32)
    ladder = MemoryLadder(model.network, CPU)
    order = plan.order_from(first_place)
    done = [count for count, _ in run_cubes(thick, places, plan, order, model.configuration, ladder)]
    assert done == list(range(1, plan.cubes + 1))
    return places


def assert_seamless(size: tuple[int, int, int], trim: int, tiling: Tiling) -> None:
    thick = np.random.default_rng(0).random(size, np.float32)
    np.testing.assert_allclose(tiled_slabs(thick, trim, tiling), linear_slabs(thick), atol=2e-6, rtol=0)


@pytest.mark.parametrize("tiling", [OVERLAPPED, PUBLISHED_TILING], ids=["overlapped", "published"])
@pytest.mark.parametrize("slices", SLICE_COUNTS)
def test_tiled_linear_interpolation_is_that_of_the_whole_for_any_number_of_slices(slices: int, tiling: Tiling):
    assert_seamless((slices, 100, 130), 3, tiling)


@pytest.mark.parametrize("tiling", [OVERLAPPED, PUBLISHED_TILING], ids=["overlapped", "published"])
@pytest.mark.parametrize("matrix", MATRICES, ids=str)
def test_tiled_linear_interpolation_is_that_of_the_whole_for_any_matrix(matrix: tuple[int, int], tiling: Tiling):
    assert_seamless((3, *matrix), 3, tiling)


@settings(max_examples=40, deadline=None)
@given(
    size=st.tuples(st.integers(2, 40), st.integers(1, 90), st.integers(1, 90)),
    trim=st.integers(0, 5),
    in_plane=st.sampled_from((16, 32, 48)),
    in_plane_overlap=st.integers(0, 15),
    slice_overlap=st.one_of(st.none(), st.integers(0, 20)),
)
def test_tiled_linear_interpolation_is_that_of_the_whole_for_any_tiling(
    size: tuple[int, int, int], trim: int, in_plane: int, in_plane_overlap: int, slice_overlap: int | None
):
    assert_seamless(size, trim, Tiling(in_plane, 1.25, in_plane_overlap, slice_overlap))


@pytest.mark.parametrize("first_place", [0, 55, 1000])
def test_the_order_of_cubes_does_not_change_the_result(first_place: float):
    thick = np.random.default_rng(1).random((20, 40, 40), np.float32)
    np.testing.assert_allclose(tiled_slabs(thick, 3, OVERLAPPED, first_place), linear_slabs(thick), atol=2e-6, rtol=0)


@pytest.mark.parametrize("slices", SLICE_COUNTS)
@pytest.mark.parametrize("tiling", [OVERLAPPED, PUBLISHED_TILING], ids=["overlapped", "published"])
def test_every_place_becomes_final_once_and_never_changes_after(slices: int, tiling: Tiling):
    thick = np.random.default_rng(2).random((slices, 24, 24), np.float32)
    model = linear_model()
    plan = plan_cubes(thick.shape, model.configuration, 8, tiling)
    places = np.zeros((5 * slices, 24, 24), np.float32)
    times_final = np.zeros(5 * slices, int)
    seen = np.zeros_like(places)
    ladder = MemoryLadder(model.network, CPU)
    order = plan.order_from(2.0 * slices)
    for _, (start, stop) in run_cubes(thick, places, plan, order, model.configuration, ladder):
        start, stop = max(start, 0), min(stop, len(places))
        if start < stop:
            times_final[start:stop] += 1
            seen[start:stop] = places[start:stop]
    assert (times_final == 1).all()
    np.testing.assert_array_equal(seen, places)


def test_the_nearest_cubes_come_first():
    plan = plan_cubes((60, 64, 64), SMALL, 8, OVERLAPPED)
    order = plan.order_from(150.0)
    first = plan.slices[order[0]]
    assert first.start <= 150 < first.start + first.length
    distances = [abs(plan.slices[index].start + 14.5 - 150) for index in order]
    assert distances == sorted(distances)


def test_published_cubes_lie_side_by_side_at_every_sixth_thick_slice():
    plan = plan_cubes((20, 512, 512), replace(SMALL, trim=3), 8, PUBLISHED_TILING)
    assert plan.thick_starts == (-6, 0, 6, 12, 18)
    assert [(span.start, span.length) for span in plan.rows] == [(0, 256), (256, 256)]
    assert all((span.weights == 1).all() for span in (*plan.rows, *plan.columns, *plan.slices))


def test_a_512_matrix_takes_four_cubes_in_plane_that_overlap():
    plan = plan_cubes((8, 512, 512), SMALL, 8, OVERLAPPED)
    assert [(span.start, span.length) for span in plan.rows] == [(0, 272), (240, 272)]
