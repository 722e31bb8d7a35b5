"""The body is found among tables, noise and empty slices; what is not air around it is never left out."""

from __future__ import annotations

import numpy as np
from ThinSliceSRLib.engine.synthesis.body import MARGIN, Body, find_body


def chest(slices: int = 6, size: int = 256) -> np.ndarray:
    """A body from row 80 to 170 and column 60 to 200, lungs in it, noise in the air around it."""
    hu = np.random.default_rng(0).normal(-1000, 30, (slices, size, size)).astype(np.int16)
    hu[:, 80:171, 60:201] = 40
    hu[:, 100:150, 80:120] = hu[:, 100:150, 140:180] = -850
    return hu


def assert_box(body: Body | None, rows: tuple[int, int], columns: tuple[int, int]) -> None:
    """The first and last row and column of the body; the box has its margin, and up to 3 voxels not looked at."""
    assert body is not None
    for found, (first, last) in zip(body.box, (rows, columns), strict=True):
        assert first - MARGIN <= found.start <= first - MARGIN + 3
        assert last + MARGIN - 3 <= found.stop <= last + MARGIN + 4


def test_the_box_holds_the_body():
    assert_box(find_body(chest()), (80, 170), (60, 200))


def test_a_table_and_cables_are_not_the_body():
    hu = chest()
    hu[:, 220:222, 100:140] = 100
    hu[:, 20:23, 30:33] = 800
    assert_box(find_body(hu), (80, 170), (60, 200))


def test_an_arm_beside_the_body_is_part_of_it():
    hu = chest()
    hu[:, 110:150, 205:225] = 50
    assert_box(find_body(hu), (80, 170), (60, 224))


def test_the_box_is_that_of_all_slices():
    hu = chest()
    hu[2, 40:80, 100:140] = 40
    assert_box(find_body(hu), (40, 170), (60, 200))


def test_a_body_that_reaches_the_edge_has_a_box_up_to_it():
    hu = chest()
    hu[:, 0:80, 100:140] = 40
    assert find_body(hu).box[0].start == 0


def test_lungs_belong_to_the_body_and_the_air_around_it_does_not():
    body = find_body(chest())
    every = slice(0, 6)
    assert body.touches(every, slice(110, 140), slice(90, 110))
    assert not body.touches(every, slice(200, 256), slice(0, 256))
    assert not body.touches(every, slice(-30, 50), slice(0, 256))


def test_slices_without_a_body_need_no_cube():
    hu = chest(12)
    hu[6:] = -1000
    body = find_body(hu)
    assert body.touches(slice(2, 10), slice(0, 256), slice(0, 256))
    assert not body.touches(slice(6, 14), slice(0, 256), slice(0, 256))
    assert body.touches(slice(-3, 2), slice(0, 256), slice(0, 256))  # before the first slice, that one is repeated


def test_where_there_is_only_air_nothing_is_a_body():
    assert find_body(np.full((3, 40, 40), -1000, np.int16)) is None
