"""The rows of the comparison on Slicer's real link logic and slice logics: one place in all columns."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
import vtk
from compared_making import compared_volumes, matrix_of
from slice_views import SIZE, SliceViews
from ThinSliceSRLib.desktop.compare.comparison import ComparedVolumes, Comparison
from ThinSliceSRLib.desktop.compare.comparison_layout import (
    ROWS,
    view_name,
)

OBLIQUE = np.array([[1, 0, 0], [0, np.cos(0.2), -np.sin(0.2)], [0, np.sin(0.2), np.cos(0.2)]])


@pytest.fixture
def volumes(scene: slicer.vtkMRMLScene) -> ComparedVolumes:
    return compared_volumes(scene)


def move_slice(logic: slicer.vtkMRMLSliceLogic, offset: float) -> None:
    """As the mouse wheel and the slider do it."""
    logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.SliceToRASFlag)
    logic.SetSliceOffset(offset)
    logic.EndSliceNodeInteraction()


def test_a_row_shows_one_plane_at_one_scale_through_the_middle_of_a_thick_slice(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes)
    for row in ROWS:
        thick, bis, dls = (views.node(view_name(row, column)) for column in ("thick", "BIS", "DLS"))
        for node in (bis, dls):
            np.testing.assert_allclose(matrix_of(node), matrix_of(thick), atol=1e-9)
            np.testing.assert_allclose(node.GetFieldOfView()[:2], thick.GetFieldOfView()[:2])
    axial = views.node(view_name("Axial", "DLS"))
    assert axial.GetSliceOffset() == pytest.approx(30.0)  # thick slice 12 of 25
    # 122 × 122 × 125 mm in 300 × 240 pixels: the height decides, and the same scale holds in every row
    for row in ROWS:
        field = views.node(view_name(row, "thick")).GetFieldOfView()
        assert field[1] == pytest.approx(125.0)
        assert field[0] / SIZE[0] == pytest.approx(field[1] / SIZE[1])


def test_the_comparison_starts_where_it_is_told(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes, position_ras=(30.0, -5.0, 45.0))
    offsets = {row: views.node(view_name(row, "DLS")).GetSliceOffset() for row in ROWS}
    normals = {row: matrix_of(views.node(view_name(row, "DLS")))[:3, 2] for row in ROWS}
    for row in ROWS:
        assert offsets[row] == pytest.approx(np.dot(normals[row], (30.0, -5.0, 45.0)))


def test_an_oblique_thick_volume_gives_the_whole_row_its_own_plane(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison
) -> None:
    comparison.show(compared_volumes(scene, OBLIQUE))
    for column in ("thick", "BIS", "DLS"):
        normal = matrix_of(views.node(view_name("Axial", column)))[:3, 2]
        np.testing.assert_allclose(np.abs(np.dot(normal, OBLIQUE[:, 2])), 1.0)
    move_slice(views.logic(view_name("Axial", "DLS")), 41.0)
    assert views.node(view_name("Axial", "thick")).GetSliceOffset() == pytest.approx(41.0)


def test_the_parent_transform_of_the_volumes_moves_the_views_with_them(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkMatrix4x4()
    shift.SetElement(2, 3, 200.0)
    transform.SetMatrixTransformToParent(shift)
    for volume in volumes.by_column().values():
        volume.SetAndObserveTransformNodeID(transform.GetID())
    comparison.show(volumes)
    assert views.node(view_name("Axial", "BIS")).GetSliceOffset() == pytest.approx(230.0)


@pytest.mark.parametrize("row", ROWS)
def test_scrolling_one_view_scrolls_its_row_and_nothing_else(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes, row: str
) -> None:
    views.composite("Red").LinkedControlOn()
    views.composite("Red").HotLinkedControlOn()
    comparison.show(volumes)
    other_views = ["Red", "Green", "Yellow", *(view_name(other, "thick") for other in ROWS if other != row)]
    before = {name: matrix_of(views.node(name)) for name in other_views}
    logic = views.logic(view_name(row, "DLS"))
    move_slice(logic, logic.GetSliceOffset() + 7.0)
    for column in ("thick", "BIS"):
        assert views.node(view_name(row, column)).GetSliceOffset() == pytest.approx(logic.GetSliceOffset())
    for name in other_views:
        np.testing.assert_array_equal(matrix_of(views.node(name)), before[name])
    for column, volume in volumes.by_column().items():
        assert views.composite(view_name(row, column)).GetBackgroundVolumeID() == volume.GetID()


def test_panning_moves_the_row_and_zooming_every_row_to_one_scale(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes)
    red_field = views.node("Red").GetFieldOfView()
    logic = views.logic(view_name("Axial", "thick"))
    logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.XYZOriginFlag)
    logic.GetSliceNode().SetXYZOrigin(12.0, -8.0, 0.0)
    logic.EndSliceNodeInteraction()
    assert views.node(view_name("Axial", "DLS")).GetXYZOrigin() == (12.0, -8.0, 0.0)
    assert views.node(view_name("Coronal", "DLS")).GetXYZOrigin() == (0.0, 0.0, 0.0)
    logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.FieldOfViewFlag)
    logic.GetSliceNode().SetFieldOfView(75.0, 60.0, 1.0)
    logic.EndSliceNodeInteraction()
    for row in ROWS:
        assert views.node(view_name(row, "BIS")).GetFieldOfView()[:2] == pytest.approx((75.0, 60.0))
    assert views.node("Red").GetFieldOfView() == red_field


def test_the_crosshair_takes_every_row_to_its_place_and_keeps_the_columns_together(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes)
    red = matrix_of(views.node("Red"))
    under_the_mouse = views.node(view_name("Coronal", "DLS"))
    # What vtkMRMLSliceIntersectionWidget does for Shift and mouse with the crosshair's behaviour.
    x, y, z = under_the_mouse.GetXYToRAS().MultiplyPoint((200.0, 170.0, 0.0, 1.0))[:3]
    behavior = views.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode").GetCrosshairBehavior()
    modes = {
        slicer.vtkMRMLCrosshairNode.OffsetJumpSlice: slicer.vtkMRMLSliceNode.OffsetJumpSlice,
        slicer.vtkMRMLCrosshairNode.CenteredJumpSlice: slicer.vtkMRMLSliceNode.CenteredJumpSlice,
    }
    slicer.vtkMRMLSliceNode.JumpAllSlices(
        views.scene, x, y, z, modes[behavior], under_the_mouse.GetViewGroup(), under_the_mouse
    )
    for row in ROWS:
        matrices = [matrix_of(views.node(view_name(row, column))) for column in ("thick", "BIS", "DLS")]
        np.testing.assert_allclose(matrices[1], matrices[0], atol=1e-9)
        np.testing.assert_allclose(matrices[2], matrices[0], atol=1e-9)
        assert np.dot(matrices[0][:3, 2], np.array([x, y, z]) - matrices[0][:3, 3]) == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(matrix_of(views.node("Red")), red)


@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("directions", [None, OBLIQUE], ids=["straight", "oblique"])
def test_the_pictures_of_a_row_show_the_same_anatomical_place(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, row: str, directions: np.ndarray | None
) -> None:
    volumes = compared_volumes(scene, directions)
    comparison.show(volumes, position_ras=(30.0, -5.0, 45.0))  # the centre of the ball, away from the middle
    threshold = 128.0
    centres = {}
    for column in ("thick", "BIS", "DLS"):
        ball = views.pixels(view_name(row, column)) > threshold
        rows, columns = np.nonzero(ball)
        centres[column] = rows.mean(), columns.mean()
        mm_per_pixel = views.node(view_name(row, column)).GetFieldOfView()[0] / SIZE[0]
        assert ball.sum() * mm_per_pixel**2 == pytest.approx(np.pi * 20**2, rel=0.15)
    assert centres["DLS"] == pytest.approx(centres["BIS"], abs=0.01)
    assert centres["thick"] == pytest.approx(centres["DLS"], abs=2.5)  # half a thick slice is 5 pixels
    assert abs(centres["DLS"][1] - SIZE[0] / 2) > 10  # the ball lies beside the middle, so a mirrored row would differ
