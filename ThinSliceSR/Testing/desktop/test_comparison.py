"""The comparison on Slicer's real layout node and logic, link logic and slice logics."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import slicer
import vtk
from slice_views import SIZE, SliceViews, ball_volume
from ThinSliceSRLib.desktop.comparison import ComparedVolumes, Comparison
from ThinSliceSRLib.desktop.comparison_layout import (
    COLUMNS,
    ROWS,
    VIEW_GROUP,
    layout_id,
    layout_xml,
    register_layouts,
    view_name,
)

LAYOUTS_OF_SLICER_UP_TO = 100
OBLIQUE = np.array([[1, 0, 0], [0, np.cos(0.2), -np.sin(0.2)], [0, np.sin(0.2), np.cos(0.2)]])


@pytest.fixture
def views(scene: slicer.vtkMRMLScene) -> Iterator[SliceViews]:
    views = SliceViews(scene)
    yield views
    views.close()


@pytest.fixture
def comparison(views: SliceViews, application: object) -> Iterator[Comparison]:
    comparison = Comparison()
    yield comparison
    comparison.back()


@pytest.fixture
def volumes(scene: slicer.vtkMRMLScene) -> ComparedVolumes:
    return compared_volumes(scene)


def compared_volumes(scene: slicer.vtkMRMLScene, directions: np.ndarray | None = None) -> ComparedVolumes:
    return ComparedVolumes(
        thick=ball_volume(scene, "chest", 5.0, directions=directions),
        bis=ball_volume(scene, "chest BIS 1 mm", 1.0, directions=directions, kind="BIS"),
        dls=ball_volume(scene, "chest DLS 1 mm (synthetic)", 1.0, directions=directions, kind="DLS"),
    )


def matrix_of(node: slicer.vtkMRMLSliceNode) -> np.ndarray:
    return slicer.util.arrayFromVTKMatrix(node.GetSliceToRAS())


def move_slice(logic: slicer.vtkMRMLSliceLogic, offset: float) -> None:
    """As the mouse wheel and the slider do it."""
    logic.StartSliceNodeInteraction(slicer.vtkMRMLSliceNode.SliceToRASFlag)
    logic.SetSliceOffset(offset)
    logic.EndSliceNodeInteraction()


@pytest.mark.parametrize("columns", [("thick", "DLS"), ("thick", "BIS", "DLS"), COLUMNS])
def test_slicers_layout_node_reads_one_view_per_row_and_column(views: SliceViews, columns: tuple[str, ...]) -> None:
    register_layouts(views.layout_node)
    views.layout_node.SetViewArrangement(layout_id(columns))
    assert views.shown_names() == [view_name(row, column) for row in ROWS for column in columns]
    for row in ROWS:
        for column in columns:
            node = views.node(view_name(row, column))
            assert node.GetOrientation() == row
            assert node.GetViewGroup() == VIEW_GROUP
            assert column in node.GetLayoutLabel()
            assert ("synthetic" in node.GetLayoutLabel()) == (column in ("BIS", "DLS"))
    colours = {views.node(view_name("Axial", column)).GetLayoutColor() for column in columns}
    assert len(colours) == len(columns)


def test_layouts_are_registered_once_however_often_and_beside_slicers_own(views: SliceViews) -> None:
    before = {index: views.layout_node.GetLayoutDescription(index) for index in views.layout_node.GetLayoutIndices()}
    register_layouts(views.layout_node)
    register_layouts(views.layout_node)
    after = {index: views.layout_node.GetLayoutDescription(index) for index in views.layout_node.GetLayoutIndices()}
    added = after.keys() - before.keys()
    assert len(added) == 4
    assert min(added) > LAYOUTS_OF_SLICER_UP_TO
    assert {index: after[index] for index in before} == before
    assert after[layout_id(COLUMNS)] == layout_xml(COLUMNS)


def test_each_column_shows_its_volume_and_the_users_views_keep_theirs(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    views.composite("Red").SetBackgroundVolumeID(volumes.dls.GetID())
    views.composite("Red").SetForegroundVolumeID(volumes.thick.GetID())
    red_before = matrix_of(views.node("Red")), views.node("Red").GetFieldOfView()
    comparison.show(volumes)
    assert comparison.is_shown
    for row in ROWS:
        for column, volume in {"thick": volumes.thick, "BIS": volumes.bis, "DLS": volumes.dls}.items():
            composite = views.composite(view_name(row, column))
            assert composite.GetBackgroundVolumeID() == volume.GetID()
            assert composite.GetForegroundVolumeID() is None
    assert views.composite("Red").GetBackgroundVolumeID() == volumes.dls.GetID()
    assert views.composite("Red").GetForegroundVolumeID() == volumes.thick.GetID()
    np.testing.assert_array_equal(matrix_of(views.node("Red")), red_before[0])
    assert views.node("Red").GetFieldOfView() == red_before[1]
    assert not views.composite("Red").GetLinkedControl()


def test_without_bis_its_column_is_left_out_and_with_thin_there_is_a_fourth(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    thin = ball_volume(scene, "thin", 1.0)
    comparison.show(ComparedVolumes(thick=volumes.thick, bis=None, dls=volumes.dls, thin=thin))
    assert views.shown_names()[:3] == [view_name("Axial", column) for column in ("thick", "DLS", "thin")]
    comparison.show(ComparedVolumes(thick=volumes.thick, bis=volumes.bis, dls=volumes.dls, thin=thin))
    assert len(views.shown_names()) == 12
    assert views.composite(view_name("Sagittal", "thin")).GetBackgroundVolumeID() == thin.GetID()


def test_back_leads_to_the_users_layout_maximized_view_and_crosshair(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    crosshair = views.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    crosshair.SetCrosshairMode(crosshair.ShowSmallBasic)
    crosshair.SetCrosshairBehavior(crosshair.CenteredJumpSlice)
    views.layout_node.SetViewArrangement(views.layout_node.SlicerLayoutConventionalWidescreenView)
    views.layout_node.AddMaximizedViewNode(views.node("Green"))
    comparison.show(volumes)
    assert crosshair.GetCrosshairMode() == crosshair.ShowIntersection
    assert crosshair.GetCrosshairBehavior() == crosshair.OffsetJumpSlice
    assert views.layout_node.GetNumberOfMaximizedViewNodes() == 0
    comparison.show(volumes)  # a second click does not make the comparison the layout to come back to
    comparison.back()
    assert not comparison.is_shown
    assert views.layout_node.GetViewArrangement() == views.layout_node.SlicerLayoutConventionalWidescreenView
    assert views.layout_node.GetMaximizedViewNode(0) is views.node("Green")
    assert crosshair.GetCrosshairMode() == crosshair.ShowSmallBasic
    assert crosshair.GetCrosshairBehavior() == crosshair.CenteredJumpSlice


def test_leaving_by_slicers_layout_menu_sets_the_crosshair_back_and_unlinks_the_windows(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes)
    views.layout_node.SetViewArrangement(views.layout_node.SlicerLayoutOneUpRedSliceView)
    assert not comparison.is_shown
    crosshair = views.scene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    assert crosshair.GetCrosshairMode() == crosshair.NoCrosshair
    volumes.thick.GetDisplayNode().SetWindowLevel(300, 30)
    assert volumes.dls.GetDisplayNode().GetWindow() == 1500
    comparison.back()  # nothing to come back from
    assert views.layout_node.GetViewArrangement() == views.layout_node.SlicerLayoutOneUpRedSliceView


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


def test_windows_stay_alike_while_compared(views: SliceViews, comparison: Comparison, volumes: ComparedVolumes) -> None:
    comparison.show(volumes)
    volumes.dls.GetDisplayNode().SetWindowLevel(400, 40)
    for volume in volumes.by_column().values():
        assert (volume.GetDisplayNode().GetWindow(), volume.GetDisplayNode().GetLevel()) == (400, 40)


def test_a_volume_loaded_meanwhile_does_not_fill_the_columns(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    comparison.show(volumes)
    loaded = ball_volume(scene, "loaded", 2.0)
    views.application_logic.GetSelectionNode().SetActiveVolumeID(loaded.GetID())
    views.application_logic.PropagateVolumeSelection(0)
    assert views.composite("Red").GetBackgroundVolumeID() == loaded.GetID()
    for column, volume in volumes.by_column().items():
        assert views.composite(view_name("Axial", column)).GetBackgroundVolumeID() == volume.GetID()


@pytest.mark.parametrize("column", ["thick", "BIS", "DLS"])
def test_deleting_a_compared_volume_empties_its_column_and_leaves_the_rest(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, volumes: ComparedVolumes, column: str
) -> None:
    comparison.show(volumes)
    scene.RemoveNode(volumes.by_column()[column])
    comparison.fit()
    assert views.composite(view_name("Axial", column)).GetBackgroundVolumeID() is None
    offsets = {views.node(view_name("Axial", other)).GetSliceOffset() for other in ("thick", "BIS", "DLS")}
    assert len(offsets) == 1
    comparison.back()
    assert not comparison.is_shown


def test_closing_the_scene_during_a_comparison_leaves_a_way_back(
    scene: slicer.vtkMRMLScene, views: SliceViews, comparison: Comparison, volumes: ComparedVolumes
) -> None:
    layout = views.layout_node.GetViewArrangement()
    comparison.show(volumes)
    scene.Clear(False)
    comparison.fit()
    comparison.back()
    assert views.layout_node.GetViewArrangement() == layout


def test_the_views_are_fitted_once_more_when_qt_has_sized_them(
    views: SliceViews, comparison: Comparison, volumes: ComparedVolumes, application: object
) -> None:
    comparison.show(volumes)
    for row in ROWS:
        for column in ("thick", "BIS", "DLS"):
            views.logic(view_name(row, column)).ResizeSliceNode(200, 600)
    application.processEvents()
    field = views.node(view_name("Axial", "DLS")).GetFieldOfView()
    assert field[:2] == pytest.approx((122.0, 366.0))


def test_without_views_showing_says_so_in_one_sentence(scene: slicer.vtkMRMLScene) -> None:
    comparison = Comparison()
    volume = ball_volume(scene, "chest", 5.0)
    with pytest.raises(RuntimeError, match="no views to compare in"):
        comparison.show(ComparedVolumes(thick=volume, bis=None, dls=volume))
    comparison.back()
    assert not comparison.is_shown
