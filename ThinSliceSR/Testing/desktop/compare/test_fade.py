"""Fading between BIS and DLS in real slice views."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import slicer
from slice_views import SliceViews, ball_volume
from ThinSliceSRLib.desktop.compare.fade import Fade


@pytest.fixture
def views(scene: slicer.vtkMRMLScene) -> Iterator[SliceViews]:
    views = SliceViews(scene)
    for name in ("Red", "Green"):
        views.node(name).SetMappedInLayout(True)
    yield views
    views.close()


@pytest.fixture
def bis(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScalarVolumeNode:
    volume = ball_volume(scene, "BIS", 1.0, kind="BIS")
    slicer.util.updateVolumeFromArray(volume, np.full((121, 61, 61), -1000, np.int16))
    return volume


@pytest.fixture
def dls(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLScalarVolumeNode:
    volume = ball_volume(scene, "DLS", 1.0, kind="DLS")
    slicer.util.updateVolumeFromArray(volume, np.full((121, 61, 61), -300, np.int16))
    return volume


def layers(views: SliceViews, name: str) -> tuple[str | None, str | None, float, int]:
    composite = views.composite(name)
    return (
        composite.GetBackgroundVolumeID(),
        composite.GetForegroundVolumeID(),
        composite.GetForegroundOpacity(),
        composite.GetCompositing(),
    )


def test_the_picture_goes_from_bis_to_dls_with_the_share(
    views: SliceViews, bis: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    fade = Fade()
    fade.begin(bis, dls, [views.node("Red")])
    views.logic("Red").FitSliceToAll()
    grey = {}
    for share in (0.0, 0.5, 1.0):
        fade.set_share(share)
        grey[share] = np.median(views.pixels("Red"))
    # lung window: -1000 HU is 60 of 255, -300 HU is 179
    assert grey[0.0] == pytest.approx((-1000 + 1350) / 1500 * 255, abs=2)
    assert grey[1.0] == pytest.approx((-300 + 1350) / 1500 * 255, abs=2)
    assert grey[0.5] == pytest.approx((grey[0.0] + grey[1.0]) / 2, abs=2)


def test_flicker_shows_the_other_one_each_time(
    views: SliceViews, bis: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    fade = Fade()
    fade.begin(bis, dls)
    seen = []
    for _step in range(3):
        fade.flicker()
        seen.append(views.composite("Red").GetForegroundOpacity())
    assert seen == [0.0, 1.0, 0.0]


def test_without_chosen_views_those_that_show_dls_are_taken(
    views: SliceViews, bis: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    for name in ("Green", "Yellow"):  # Yellow is not in the layout
        views.composite(name).SetBackgroundVolumeID(dls.GetID())
    Fade().begin(bis, dls)
    assert views.composite("Green").GetForegroundVolumeID() == dls.GetID()
    assert views.composite("Red").GetForegroundVolumeID() is None
    assert views.composite("Yellow").GetForegroundVolumeID() is None


def test_when_no_view_shows_dls_all_visible_ones_are_taken(
    views: SliceViews, bis: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode
) -> None:
    Fade().begin(bis, dls)
    taken = [name for name in ("Red", "Green", "Yellow") if views.composite(name).GetForegroundVolumeID()]
    assert taken == ["Red", "Green"]


def test_the_end_restores_what_each_view_showed(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    bis: slicer.vtkMRMLScalarVolumeNode,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    other = ball_volume(scene, "other", 5.0)
    views.composite("Red").SetBackgroundVolumeID(other.GetID())
    views.composite("Red").SetForegroundVolumeID(bis.GetID())
    views.composite("Red").SetForegroundOpacity(0.3)
    views.composite("Red").SetCompositing(slicer.vtkMRMLSliceCompositeNode.Add)
    before = {name: layers(views, name) for name in ("Red", "Green")}
    fade = Fade()
    fade.begin(bis, dls)
    fade.begin(bis, dls)  # beginning again does not forget what was there
    assert fade.is_on
    fade.set_share(0.6)
    fade.end()
    assert not fade.is_on
    assert {name: layers(views, name) for name in ("Red", "Green")} == before


def test_the_end_is_calm_when_a_volume_is_gone(
    scene: slicer.vtkMRMLScene,
    views: SliceViews,
    bis: slicer.vtkMRMLScalarVolumeNode,
    dls: slicer.vtkMRMLScalarVolumeNode,
) -> None:
    other = ball_volume(scene, "other", 5.0)
    views.composite("Red").SetBackgroundVolumeID(other.GetID())
    fade = Fade()
    fade.begin(bis, dls)
    scene.RemoveNode(other)
    fade.flicker()
    fade.end()
    assert views.composite("Red").GetBackgroundVolumeID() is None
