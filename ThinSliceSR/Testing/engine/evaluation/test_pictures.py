"""Pictures show what lies where, as a radiologist expects it, whatever the orientation of the volume's axes."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from ThinSliceSRLib.engine.errors import CannotWrite
from ThinSliceSRLib.engine.evaluation.pictures import MillimetreBox, box_of, comparison_figure, plane_picture, to_window
from ThinSliceSRLib.engine.volumes.volume import Volume

DIRECTIONS = [
    np.eye(3)[:, list(order)] * signs for order in permutations(range(3)) for signs in product((1, -1), repeat=3)
]


def volume_with(marked_mm: tuple[float, float, float], direction: np.ndarray) -> Volume:
    """Air on a grid of 2 × 3 × 4 mm around the origin, in which one place (LPS) holds 1000 HU."""
    extent = np.abs(direction.T @ (20.0, 30.0, 40.0))
    spacing = np.abs(direction.T @ (2.0, 3.0, 4.0))
    size = (extent / spacing).astype(int) * 2 + 1
    origin = -direction @ extent
    hu = np.full(size[::-1], -1000, np.int16)
    i, j, k = np.rint(np.linalg.solve(direction * spacing, np.array(marked_mm) - origin)).astype(int)
    hu[k, j, i] = 1000
    return Volume(hu, tuple(spacing), tuple(origin), direction)


@pytest.mark.parametrize("direction", DIRECTIONS, ids=lambda d: str((d @ (1, 2, 3)).astype(int)))
def test_a_place_appears_where_a_radiologist_looks_for_it(direction: np.ndarray):
    """Left, in front and at the head: on the right, above (axial), on the left of the sagittal picture, at the top."""
    marked = (12.0, -15.0, 24.0)
    volume = volume_with(marked, direction)
    box = MillimetreBox(np.array((-20.0, -30.0, -40.0)), np.array((20.0, 30.0, 40.0)))
    for plane, (row, column), shape in (
        ("axial", (15, 32), (61, 41)),
        ("coronal", (16, 32), (81, 41)),
        ("sagittal", (16, 15), (81, 61)),
    ):
        picture = plane_picture(volume, plane, np.array(marked), box, step_mm=1.0)
        assert picture.shape == shape
        assert picture[row, column] == 1000
        rows, columns = np.nonzero(picture == 1000)
        assert abs(rows.mean() - row) <= 1
        assert abs(columns.mean() - column) <= 1


def test_what_lies_outside_of_a_volume_is_drawn_as_air():
    volume = Volume(np.full((4, 4, 4), 50, np.int16))
    box = MillimetreBox(np.array((-5.0, -5.0, 0.0)), np.array((8.0, 8.0, 3.0)))
    picture = plane_picture(volume, "axial", np.zeros(3), box, step_mm=1.0)
    assert set(np.unique(picture)) == {-1024, 50}
    assert (picture == 50).sum() == 16


def test_the_block_of_a_volume_holds_its_corners_in_any_orientation():
    direction = np.array([[0, 0, -1.0], [1, 0, 0], [0, -1, 0]])
    box = box_of(Volume(np.zeros((3, 4, 5), np.int16), (2.0, 3.0, 4.0), (1.0, 2.0, 3.0), direction))
    np.testing.assert_allclose(box.lowest, (1 - 8, 2, 3 - 9))
    np.testing.assert_allclose(box.highest, (1, 2 + 8, 3))


def test_a_window_maps_its_ends_to_black_and_white():
    np.testing.assert_array_equal(
        to_window(np.array([-2000, -1350, -600, 150, 900]), (-600, 1500)), [0, 0, 128, 255, 255]
    )


def test_a_figure_has_a_column_for_each_volume_and_leaves_nothing_else(tmp_path: Path):
    from matplotlib.image import imread

    volume = Volume(np.random.default_rng(0).integers(-1000, 100, (10, 20, 30)).astype(np.int16), (1, 1, 2))
    comparison_figure({"one": volume}, tmp_path / "one.png")
    comparison_figure({"one": volume, "two": volume}, tmp_path / "two.png")
    one, two = (imread(tmp_path / name) for name in ("one.png", "two.png"))
    assert two.shape[1] == pytest.approx(2 * one.shape[1], abs=2)
    assert {path.name for path in tmp_path.iterdir()} == {"one.png", "two.png"}


def test_a_figure_of_four_noisy_volumes_stays_under_a_megabyte(tmp_path: Path):
    hu = np.random.default_rng(0).normal(-600, 100, (150, 200, 250)).astype(np.int16)
    comparison_figure({title: Volume(hu, (1.4, 1.4, 2.0)) for title in "abcd"}, tmp_path / "noisy.png", detail_mm=60)
    assert (tmp_path / "noisy.png").stat().st_size < 1_000_000


def test_the_detail_enlarges_the_coronal_picture_around_the_place(tmp_path: Path):
    from matplotlib.image import imread

    hu = np.full((40, 60, 80), -1350, np.int16)
    hu[19:21, :, 39:41] = 150  # a bar 2 mm wide from front to back
    volume = Volume(hu)
    at = np.array((39.5, 29.5, 19.5))
    comparison_figure({"x": volume}, tmp_path / "plain.png", through=at)
    comparison_figure({"x": volume}, tmp_path / "detail.png", through=at, detail_mm=20)
    plain, detail = (imread(tmp_path / name) for name in ("plain.png", "detail.png"))
    row = detail[plain.shape[0] - 30 :]
    rows, columns = np.nonzero(row > 0.9)
    scale = detail.shape[1] / 20  # pixels per mm
    assert np.ptp(columns) == pytest.approx(2 * scale, rel=0.1)
    assert np.ptp(rows) == pytest.approx(2 * scale, rel=0.1)
    assert columns.mean() == pytest.approx(detail.shape[1] / 2, abs=0.1 * scale)


def test_a_figure_that_cannot_be_written_is_told(tmp_path: Path):
    volume = Volume(np.zeros((4, 4, 4), np.int16))
    with pytest.raises(CannotWrite, match=r"x\.png cannot be written"):
        comparison_figure({"x": volume}, tmp_path / "missing" / "x.png")
