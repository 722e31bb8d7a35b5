"""The label SYNTHETIC in real slice and 3D views, drawn into memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import qt
import slicer
import vtk
from label_windows import UPPER_EDGE, Windows, amber, label_in
from slice_views import SIZE, SliceViews, ball_volume
from ThinSliceSRLib.desktop.compare.comparison import ComparedVolumes, Comparison
from ThinSliceSRLib.desktop.scene.synthetic_label import SyntheticLabels


@pytest.fixture
def windows(views: SliceViews) -> Windows:
    windows = Windows()
    for name in ("Red", "Green", "Yellow"):
        windows.open(views.node(name))
    windows.open(views.scene.GetFirstNodeByClass("vtkMRMLViewNode"))
    return windows


@pytest.fixture
def labels(windows: Windows) -> Iterator[SyntheticLabels]:
    labels = SyntheticLabels(windows.renderer_of)
    labels.start()
    yield labels
    labels.stop()


@pytest.fixture
def dls(scene: slicer.vtkMRMLScene, views: SliceViews) -> slicer.vtkMRMLScalarVolumeNode:
    return ball_volume(scene, "synthetic DLS 1 mm of chest", 1.0, kind="DLS")


def test_the_picture_of_a_synthetic_slice_carries_the_word_at_its_upper_edge(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    red = views.node("Red")
    image = vtk.vtkImageMapper()
    image.SetColorWindow(255)
    image.SetColorLevel(127.5)
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    views.logic("Red").FitSliceToAll()
    image.SetInputConnection(views.logic("Red").GetImageDataConnection())
    actor = vtk.vtkActor2D()
    actor.SetMapper(image)
    windows.by_view[red.GetID()].GetRenderers().GetFirstRenderer().AddViewProp(actor)
    with_label = amber(windows.picture(red))
    assert with_label[:UPPER_EDGE].sum() > 200
    assert with_label[UPPER_EDGE:].sum() == 0
    columns = np.nonzero(with_label.any(axis=0))[0]
    assert columns.min() > 10  # it fits into a view of 300 pixels
    assert columns.max() < SIZE[0] - 10
    assert (columns.min() + columns.max()) / 2 == pytest.approx(SIZE[0] / 2, abs=5)
    labels.stop()
    assert not amber(windows.picture(red)).any()


def test_only_views_that_show_something_synthetic_are_labelled(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    thick = ball_volume(scene, "chest", 5.0)
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    views.composite("Green").SetBackgroundVolumeID(thick.GetID())
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"
    assert label_in(windows, views.node("Green")) is None
    assert label_in(windows, views.node("Yellow")) is None


def test_the_label_stays_when_the_volume_is_renamed(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    dls.SetName("thin CT")
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"


def test_a_volume_marked_while_it_is_shown_gets_its_label(
    scene: slicer.vtkMRMLScene, views: SliceViews, windows: Windows, labels: SyntheticLabels
) -> None:
    volume = ball_volume(scene, "chest", 1.0)
    views.composite("Red").SetBackgroundVolumeID(volume.GetID())
    volume.SetAttribute("ThinSliceSR.Synthetic", "yes")
    assert label_in(windows, views.node("Red")) == "SYNTHETIC"
    volume.SetAttribute("ThinSliceSR.Kind", "BIS")
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (BIS)"


def test_a_foreground_counts_as_soon_as_it_can_be_seen(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    thick = ball_volume(scene, "chest", 5.0)
    composite = views.composite("Red")
    composite.SetBackgroundVolumeID(thick.GetID())
    composite.SetForegroundVolumeID(dls.GetID())
    composite.SetForegroundOpacity(0.0)
    assert label_in(windows, views.node("Red")) is None
    composite.SetForegroundOpacity(0.05)
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"
    composite.SetBackgroundVolumeID(dls.GetID())
    composite.SetForegroundVolumeID(thick.GetID())
    composite.SetForegroundOpacity(1.0)
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"  # a smaller foreground leaves its edges visible


def test_while_fading_the_label_says_which_of_the_two_is_seen(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    bis = ball_volume(scene, "BIS 1 mm of chest", 1.0, kind="BIS")
    composite = views.composite("Red")
    composite.SetBackgroundVolumeID(bis.GetID())
    composite.SetForegroundVolumeID(dls.GetID())
    seen = []
    for share in (0.0, 0.5, 1.0):
        composite.SetForegroundOpacity(share)
        seen.append(label_in(windows, views.node("Red")))
    assert seen == ["SYNTHETIC (BIS)", "SYNTHETIC (BIS + DLS)", "SYNTHETIC (DLS)"]


def test_a_view_is_drawn_anew_only_when_its_label_changes(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    red, green = views.node("Red").GetID(), views.node("Green").GetID()
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    assert windows.requests[red] == 1
    for offset in range(20):
        views.node("Red").SetSliceOffset(offset)
    dls.GetDisplayNode().SetWindowLevel(400, 40)
    dls.GetImageData().Modified()
    views.composite("Green").SetLinkedControl(True)
    assert windows.requests[red] == 1
    views.composite("Red").SetBackgroundVolumeID(None)
    assert windows.requests[red] == 2
    assert windows.requests[green] == 0


def test_a_3d_view_that_shows_a_synthetic_slice_is_labelled(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    three_d = views.scene.GetFirstNodeByClass("vtkMRMLViewNode")
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    assert label_in(windows, three_d) is None
    views.node("Red").SetSliceVisible(True)
    assert label_in(windows, three_d) == "SYNTHETIC (DLS)"
    views.node("Red").AddThreeDViewID("another 3D view")
    assert label_in(windows, three_d) is None
    views.node("Red").RemoveAllThreeDViewIDs()
    assert label_in(windows, three_d) == "SYNTHETIC (DLS)"
    views.node("Red").SetSliceVisible(False)
    assert label_in(windows, three_d) is None


def test_a_3d_view_that_renders_a_synthetic_volume_is_labelled(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    three_d = scene.GetFirstNodeByClass("vtkMRMLViewNode")
    rendering = slicer.vtkMRMLGPURayCastVolumeRenderingDisplayNode()
    rendering.SetVisibility(False)
    scene.AddNode(rendering)
    dls.AddAndObserveDisplayNodeID(rendering.GetID())
    assert label_in(windows, three_d) is None
    rendering.SetVisibility(True)
    assert label_in(windows, three_d) == "SYNTHETIC (DLS)"
    rendering.AddViewNodeID("another 3D view")
    assert label_in(windows, three_d) is None


def test_views_that_come_later_are_labelled_when_they_have_a_window(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    late = slicer.vtkMRMLSliceNode()
    late.SetLayoutName("Late")
    late.SetName("Late")
    views.scene.AddNode(late)
    views.composite("Late").SetBackgroundVolumeID(dls.GetID())
    windows.open(late)
    labels.update()
    assert label_in(windows, late) == "SYNTHETIC (DLS)"
    views.scene.RemoveNode(late)
    assert windows.requests[late.GetID()] == 2


def test_every_view_of_the_comparison_says_what_is_synthetic(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
    application: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Windows open only after the volumes are set, as in Slicer; then the layout manager reports the new layout.
    layout_manager = LayoutManager()
    monkeypatch.setattr(slicer.app, "layoutManager", lambda: layout_manager)
    labels.start()
    comparison = Comparison()
    bis = ball_volume(scene, "BIS 1 mm of chest", 1.0, kind="BIS")
    comparison.show(ComparedVolumes(ball_volume(scene, "chest", 5.0), bis, dls))
    shown = [views.node(name) for name in views.shown_names()]
    for view in shown:
        windows.open(view)
    layout_manager.layoutChanged.emit(views.layout_node.GetViewArrangement())
    assert [label_in(windows, view) for view in shown] == [None, "SYNTHETIC (BIS)", "SYNTHETIC (DLS)"] * 3
    labels.stop()
    assert [label_in(windows, view) for view in shown] == [None] * 9
    layout_manager.layoutChanged.emit(0)
    assert [label_in(windows, view) for view in shown] == [None] * 9
    comparison.back()


def test_labels_go_with_the_volume_and_with_the_scene(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    windows: Windows,
    labels: SyntheticLabels,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    scene.RemoveNode(dls)
    assert label_in(windows, views.node("Red")) is None
    again = ball_volume(scene, "synthetic DLS 1 mm of chest", 1.0, kind="DLS")
    views.composite("Red").SetBackgroundVolumeID(again.GetID())
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"
    scene.Clear(False)
    assert label_in(windows, views.node("Red")) is None


def test_volumes_that_come_with_a_loaded_scene_are_labelled(
    scene: slicer.vtkMRMLScene, views: SliceViews, windows: Windows, labels: SyntheticLabels
) -> None:
    scene.StartState(slicer.vtkMRMLScene.BatchProcessState)
    dls = ball_volume(scene, "synthetic DLS 1 mm of chest", 1.0, kind="DLS")
    views.composite("Yellow").SetBackgroundVolumeID(dls.GetID())
    scene.EndState(slicer.vtkMRMLScene.BatchProcessState)
    assert label_in(windows, views.node("Yellow")) == "SYNTHETIC (DLS)"


def test_after_stop_nothing_is_observed_and_a_second_start_labels_once(
    views: SliceViews, windows: Windows, labels: SyntheticLabels, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    composite = views.composite("Red")
    composite.SetBackgroundVolumeID(dls.GetID())
    labels.stop()
    assert label_in(windows, views.node("Red")) is None
    composite.SetForegroundVolumeID(dls.GetID())
    views.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    assert label_in(windows, views.node("Red")) is None
    labels.start()
    labels.start()
    assert label_in(windows, views.node("Red")) == "SYNTHETIC (DLS)"


def test_without_a_layout_manager_there_is_nothing_to_label_and_nothing_fails(
    views: SliceViews, windows: Windows, dls: slicer.vtkMRMLScalarVolumeNode, capfd: pytest.CaptureFixture[str]
) -> None:
    assert slicer.app.layoutManager() is None
    labels = SyntheticLabels()
    labels.start()
    views.composite("Red").SetBackgroundVolumeID(dls.GetID())
    assert label_in(windows, views.node("Red")) is None
    labels.update()
    labels.stop()
    assert capfd.readouterr().err == ""  # where VTK tells what fails in an observer


class LayoutManager(qt.QObject):
    """Stands for qMRMLLayoutManager's signal; it cannot prove when Slicer emits it."""

    layoutChanged = qt.Signal(int)  # noqa: N815 (Slicer's name)

    def sliceWidget(self, name: str) -> None:  # noqa: N802 - Slicer's name
        """None: Slicer has not laid out the view yet."""
