"""CT windows on real display nodes."""

from __future__ import annotations

import pytest
import slicer
import vtk
from slice_views import ball_volume
from ThinSliceSRLib.desktop.scene.windows import WINDOWS, LinkedWindows, set_window


@pytest.fixture
def volumes(scene: slicer.vtkMRMLScene) -> list[slicer.vtkMRMLScalarVolumeNode]:
    return [ball_volume(scene, name, 5.0) for name in ("thick", "BIS", "DLS")]


def windows_of(volumes: list[slicer.vtkMRMLScalarVolumeNode]) -> set[tuple[float, float]]:
    return {(volume.GetDisplayNode().GetWindow(), volume.GetDisplayNode().GetLevel()) for volume in volumes}


@pytest.mark.parametrize(
    ("name", "expected"), [("lung", (1500, -600)), ("mediastinum", (400, 40)), ("bone", (1800, 400))]
)
def test_a_named_window_is_set_for_all_volumes_and_stays(
    volumes: list[slicer.vtkMRMLScalarVolumeNode], name: str, expected: tuple[float, float]
) -> None:
    volumes[1].GetDisplayNode().AutoWindowLevelOn()
    set_window(volumes, name)
    volumes[1].GetImageData().Modified()
    assert windows_of(volumes) == {expected}
    assert not any(volume.GetDisplayNode().GetAutoWindowLevel() for volume in volumes)


def test_no_volume_reports_its_new_window_before_all_have_it(volumes: list[slicer.vtkMRMLScalarVolumeNode]) -> None:
    seen_at_reports = []
    for volume in volumes:
        volume.GetDisplayNode().AddObserver(
            vtk.vtkCommand.ModifiedEvent, lambda *_: seen_at_reports.append(windows_of(volumes))
        )
    set_window(volumes, "bone")
    assert seen_at_reports == [{(1800.0, 400.0)}] * len(volumes)


def test_a_volume_without_display_is_passed_over(
    scene: slicer.vtkMRMLScene, volumes: list[slicer.vtkMRMLScalarVolumeNode]
) -> None:
    plain = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode")
    set_window([plain, *volumes], "mediastinum")
    assert windows_of(volumes) == {(400.0, 40.0)}


def test_linked_windows_follow_each_other_until_unlinked(volumes: list[slicer.vtkMRMLScalarVolumeNode]) -> None:
    volumes[0].GetDisplayNode().SetWindowLevel(700, 70)
    linked = LinkedWindows()
    linked.link(volumes)
    assert windows_of(volumes) == {(700.0, 70.0)}
    volumes[2].GetDisplayNode().SetWindowLevel(500, 50)
    assert windows_of(volumes) == {(500.0, 50.0)}
    set_window(volumes, "lung")
    assert windows_of(volumes) == {(WINDOWS["lung"].width, WINDOWS["lung"].level)}
    linked.unlink()
    volumes[2].GetDisplayNode().SetWindowLevel(100, 10)
    assert windows_of(volumes) == {(1500.0, -600.0), (100.0, 10.0)}


def test_linked_windows_outlive_a_deleted_volume(
    scene: slicer.vtkMRMLScene, volumes: list[slicer.vtkMRMLScalarVolumeNode]
) -> None:
    linked = LinkedWindows()
    linked.link(volumes)
    scene.RemoveNode(volumes[1])
    volumes[0].GetDisplayNode().SetWindowLevel(600, 60)
    assert windows_of([volumes[0], volumes[2]]) == {(600.0, 60.0)}
    linked.unlink()
