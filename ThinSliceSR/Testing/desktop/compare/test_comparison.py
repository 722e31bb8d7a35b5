"""The comparison on Slicer's real layout node and logic: its layout, its columns, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
import slicer
from compared_making import compared_volumes, matrix_of
from slice_views import SliceViews, ball_volume
from ThinSliceSRLib.desktop.compare.comparison import ComparedVolumes, Comparison
from ThinSliceSRLib.desktop.compare.comparison_layout import (
    COLUMNS,
    ROWS,
    VIEW_GROUP,
    layout_id,
    layout_xml,
    register_layouts,
    view_name,
)
from ThinSliceSRLib.desktop.compare.view_history import ViewHistory
from ThinSliceSRLib.engine.errors import ThinSliceError

LAYOUTS_OF_SLICER_UP_TO = 100


@pytest.fixture
def volumes(scene: slicer.vtkMRMLScene) -> ComparedVolumes:
    return compared_volumes(scene)


@pytest.mark.parametrize("rows", [ROWS, ROWS[1:2]])
@pytest.mark.parametrize("columns", [("thick", "DLS"), ("thick", "BIS", "DLS"), COLUMNS])
def test_slicers_layout_node_reads_one_view_per_row_and_column(
    views: SliceViews, columns: tuple[str, ...], rows: tuple[str, ...]
) -> None:
    register_layouts(views.layout_node)
    views.layout_node.SetViewArrangement(layout_id(columns, rows))
    assert views.shown_names() == [view_name(row, column) for row in rows for column in columns]
    for row in rows:
        for column in columns:
            node = views.node(view_name(row, column))
            assert node.GetOrientation() == row
            assert node.GetViewGroup() == VIEW_GROUP
            assert node.GetLayoutLabel() == {"thick": "Thick", "thin": "Thin"}.get(column, column)
    colours = {views.node(view_name(rows[0], column)).GetLayoutColor() for column in columns}
    assert len(colours) == len(columns)


def test_layouts_are_registered_once_however_often_and_beside_slicers_own(views: SliceViews) -> None:
    before = {index: views.layout_node.GetLayoutDescription(index) for index in views.layout_node.GetLayoutIndices()}
    register_layouts(views.layout_node)
    register_layouts(views.layout_node)
    after = {index: views.layout_node.GetLayoutDescription(index) for index in views.layout_node.GetLayoutIndices()}
    added = after.keys() - before.keys()
    assert len(added) == 16
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
    history = ViewHistory()  # as the panel has one
    history.take_out(volumes.by_column()[column])
    scene.RemoveNode(volumes.by_column()[column])
    history.show_again()
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
    with pytest.raises(ThinSliceError, match="no views to compare in"):
        comparison.show(ComparedVolumes(thick=volume, bis=None, dls=volume))
    comparison.back()
    assert not comparison.is_shown
