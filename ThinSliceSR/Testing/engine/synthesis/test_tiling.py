"""Cubes cover every voxel of a volume of any size, and what they give is put together without a trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import linear_model
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.synthesis.body import Body
from ThinSliceSRLib.engine.synthesis.memory_ladder import MemoryLadder, Rung
from ThinSliceSRLib.engine.synthesis.synthesize import run_cubes
from ThinSliceSRLib.engine.synthesis.thin_slices import ThinSlices
from ThinSliceSRLib.engine.synthesis.tiling import OVERLAPPED, PUBLISHED_TILING, CubePlan, Span, Tiling, plan_cubes
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.weights.weights_file import Model

CPU = [Rung(choose_device("cpu", "float32"))]
SLICE_COUNTS = (2, 3, 7, 8, 9, 14, 15, 60)
MATRICES = ((100, 130), (400, 400), (512, 512), (600, 600), (768, 768))


def finest_model(trim: int = 3) -> Model:
    """Interpolates linearly; its range is that of int16, so that a HU is as little of it as can be."""
    model = linear_model(trim)
    model.network.config = replace(model.configuration, hu_range=(-32768.0, 32767.0))
    return model


def random_hu(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-32768, 32768, shape).astype(np.int16)


def linear_slices(thick: np.ndarray) -> np.ndarray:
    """Linear interpolation at all thin slices."""
    places = np.arange(5 * (len(thick) - 1) + 1) / 5
    before = np.minimum(places.astype(int), len(thick) - 2)
    share = (places - before)[:, None, None]
    return thick[before] * (1 - share) + thick[before + 1] * share


def tiled_slices(thick: np.ndarray, plan: CubePlan, model: Model, first_place: float = 0.0) -> np.ndarray:
    """The same, by a network that interpolates linearly, cube by cube."""
    thin = ThinSlices(thick, model.configuration, SlabProfile(5.0, 5.0), slab_consistent=False)
    ladder = MemoryLadder(model.network, CPU)
    done = [cube.done for cube in run_cubes(thick, thin, plan, plan.order_from(first_place), model, ladder)]
    assert done == list(range(1, plan.cubes + 1))
    return thin.hu


def assert_seamless(size: tuple[int, int, int], trim: int, tiling: Tiling) -> None:
    thick, model = random_hu(*size), finest_model(trim)
    plan = plan_cubes(size, model.configuration, 8, tiling)
    np.testing.assert_allclose(tiled_slices(thick, plan, model), linear_slices(thick), atol=0.61, rtol=0)


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
    thick, model = random_hu(20, 40, 40), finest_model()
    plan = plan_cubes(thick.shape, model.configuration, 8, OVERLAPPED)
    np.testing.assert_allclose(tiled_slices(thick, plan, model, first_place), linear_slices(thick), atol=0.61, rtol=0)


@pytest.mark.parametrize("slices", SLICE_COUNTS)
@pytest.mark.parametrize("tiling", [OVERLAPPED, PUBLISHED_TILING], ids=["overlapped", "published"])
def test_every_place_becomes_final_once(slices: int, tiling: Tiling):
    plan = plan_cubes((slices, 24, 24), SMALL, 8, tiling)
    times_final = np.zeros(5 * slices, int)
    order = plan.order_from(2.0 * slices)
    for position, index in enumerate(order, start=1):
        start, stop = plan.final_places(index, order[position:])
        times_final[max(start, 0) : max(stop, 0)] += 1
    assert (times_final == 1).all()


def test_the_nearest_cubes_come_first():
    plan = plan_cubes((60, 64, 64), SMALL, 8, OVERLAPPED)
    order = plan.order_from(150.0)
    spans = [layer.slices for layer in plan.layers]
    assert spans[order[0]].start <= 150 < spans[order[0]].start + spans[order[0]].length
    distances = [abs(spans[index].start + 14.5 - 150) for index in order]
    assert distances == sorted(distances)


def places(spans: Iterable[Span]) -> list[tuple[int, int]]:
    return sorted({(span.start, span.length) for span in spans})


def test_published_cubes_lie_side_by_side_at_every_sixth_thick_slice():
    plan = plan_cubes((20, 512, 512), replace(SMALL, trim=3), 8, PUBLISHED_TILING)
    assert [layer.thick_start for layer in plan.layers] == [-6, 0, 6, 12, 18]
    cubes = [spans for layer in plan.layers for spans in layer.cubes]
    assert places(rows for rows, _ in cubes) == [(0, 256), (256, 256)]
    assert all((span.weights == 1).all() for spans in cubes for span in spans)
    assert all((layer.slices.weights == 1).all() for layer in plan.layers)


def test_a_512_matrix_takes_four_cubes_in_plane_that_overlap():
    plan = plan_cubes((8, 512, 512), SMALL, 8, OVERLAPPED)
    cubes = plan.layers[0].cubes
    assert len(cubes) == 4
    assert places(rows for rows, _ in cubes) == [(0, 272), (240, 272)]


def body_between(slices: int, matrix: tuple[int, int], rows: tuple[int, int], columns: tuple[int, int]) -> Body:
    return Body(np.tile(np.array([*rows, *columns]), (slices, 1)), matrix)


@settings(max_examples=30, deadline=None)
@given(
    slices=st.integers(2, 20),
    matrix=st.tuples(st.integers(30, 160), st.integers(30, 160)),
    ends=st.tuples(*(st.floats(0, 1) for _ in range(4))),
    in_plane=st.sampled_from((16, 32, 48)),
    without_body=st.integers(0, 12),
)
def test_air_around_the_body_is_interpolated_without_a_trace(slices, matrix, ends, in_plane, without_body):
    """Whatever is left out: the network interpolates too, so that any seam or gap would show."""
    rows, columns = (
        tuple(sorted(int(end * (length - 1)) for end in pair))
        for pair, length in zip((ends[:2], ends[2:]), matrix, strict=True)
    )
    body = body_between(slices, matrix, (rows[0], rows[1] + 1), (columns[0], columns[1] + 1))
    body.boxes[1 : 1 + min(without_body, slices - 1)] = 0
    thick, model = random_hu(slices, *matrix), finest_model()
    plan = plan_cubes(thick.shape, model.configuration, 8, Tiling(in_plane, 1.25, 8, 5), body)
    thin = ThinSlices(thick, model.configuration, SlabProfile(5.0, 5.0), slab_consistent=False)
    for _ in run_cubes(thick, thin, plan, plan.order_from(0), model, MemoryLadder(model.network, CPU)):
        pass
    np.testing.assert_allclose(thin.hu, linear_slices(thick), atol=0.61, rtol=0)


def test_cubes_lie_where_the_body_is():
    whole = plan_cubes((30, 512, 512), SMALL, 8, OVERLAPPED)
    plan = plan_cubes((30, 512, 512), SMALL, 8, OVERLAPPED, body_between(30, (512, 512), (150, 330), (40, 470)))
    spans = [cube for layer in plan.layers for cube in layer.cubes]
    assert {rows.length for rows, _ in spans} == {232}
    assert plan.cubes == whole.cubes / 2
    assert plan.air == "interpolated outside of rows 126-353 and columns 16-493, and in 0 cubes"
    for rows, _ in spans:
        assert rows.weights[150 - rows.start : 330 - rows.start].min() == 1
    assert whole.air == "synthesised"


def test_cubes_that_hold_only_air_are_left_out():
    body = body_between(40, (512, 512), (100, 400), (100, 400))
    body.boxes[:20] = 0
    plan = plan_cubes((40, 512, 512), SMALL, 8, OVERLAPPED, body)
    for layer in plan.layers:
        assert bool(layer.cubes) == (layer.thick_start + 8 > 20)
    assert plan.left_out > 0
