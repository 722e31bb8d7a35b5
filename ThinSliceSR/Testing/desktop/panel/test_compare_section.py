"""Fading and flickering between BIS and DLS, by the panel's slider and button, in the user's own views."""

from __future__ import annotations

import time
from typing import Any

import pytest
from driving import add_thick_volume, choose, open_module, wait_for
from result_making import finished
from slice_views import SliceViews

pytestmark = pytest.mark.usefixtures("application")


def shown_in(view: Any) -> tuple[str | None, str | None]:
    """The kinds of the volumes behind and in front."""
    import slicer

    volumes = [
        slicer.mrmlScene.GetNodeByID(name or "")
        for name in (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID())
    ]
    behind, before = [volume and volume.GetAttribute("ThinSliceSR.Kind") for volume in volumes]
    return behind, before


def test_the_slider_fades_between_bis_and_dls(module: Any, red: Any):
    assert module.ui.fadeSlider.enabled
    module.ui.fadeSlider.value = 30
    assert shown_in(red) == ("BIS", "DLS")
    assert red.GetForegroundOpacity() == pytest.approx(0.3)
    module.ui.fadeSlider.value = 80
    assert red.GetForegroundOpacity() == pytest.approx(0.8)


def test_the_button_flickers_until_it_is_pressed_again(module: Any, red: Any):
    seen: set[float] = set()
    module.ui.flickerButton.click()
    wait_for(lambda: seen.add(red.GetForegroundOpacity()) or seen == {0.0, 1.0}, 5)
    assert shown_in(red) == ("BIS", "DLS")
    module.ui.flickerButton.click()
    assert shown_in(red) == ("DLS", None)


def test_the_slider_stops_the_flicker(module: Any, red: Any):
    module.ui.flickerButton.click()
    module.ui.fadeSlider.value = 50
    assert not module.ui.flickerButton.checked
    end = time.monotonic() + 0.7
    wait_for(lambda: time.monotonic() > end)
    assert red.GetForegroundOpacity() == pytest.approx(0.5)


def test_a_fade_of_a_deleted_volume_ends_and_the_views_show_the_rest(module: Any, red: Any, scene: Any):
    import slicer

    module.ui.fadeSlider.value = 50
    scene.RemoveNode(scene.GetNodeByID(red.GetForegroundVolumeID()))
    assert shown_in(red) == (None, None)  # nothing was there before DLS
    assert red.GetBackgroundVolumeID() is None
    assert module.ui.fadeSlider.value == module.ui.fadeSlider.maximum
    assert len(slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")) == 2


def test_a_fade_ends_when_another_input_is_chosen_and_keeps_what_the_user_chose_meanwhile(
    views: SliceViews, module: Any, red: Any
):
    other = add_thick_volume("Other", slices=6)
    finished(other)
    module.ui.fadeSlider.value = 50
    views.selectors["Red"].background.choose_by_hand(other)
    choose(module.ui.inputSelector, other)
    assert red.GetBackgroundVolumeID() == other.GetID()
    assert red.GetForegroundVolumeID() is None


def test_where_there_are_no_views_comparing_and_fading_are_off_and_say_why(module: Any):
    thick = add_thick_volume(slices=6)
    choose(module.ui.inputSelector, None)
    finished(thick)
    choose(module.ui.inputSelector, thick)
    assert not module.ui.compareButton.enabled
    assert "no views to compare in" in module.ui.compareButton.toolTip
    assert not module.ui.fadeSlider.enabled
    assert not module.ui.flickerButton.enabled


def test_comparing_side_by_side_ends_the_fade(module: Any, red: Any):
    module.ui.fadeSlider.value = 50
    module.ui.compareButton.click()
    assert shown_in(red) == ("DLS", None)
    assert module.ui.fadeSlider.value == module.ui.fadeSlider.maximum


def test_without_bis_there_is_nothing_to_fade_to(module: Any, red: Any, scene: Any):
    module.ui.fadeSlider.value = 50
    [bis] = [volume for volume in scene.GetNodesByClass("vtkMRMLScalarVolumeNode") if "BIS" in volume.GetName()]
    scene.RemoveNode(bis)
    assert not module.ui.fadeSlider.enabled
    assert not module.ui.flickerButton.enabled
    assert shown_in(red) == ("DLS", None)


def test_one_plane_can_be_compared_large_and_the_choice_is_remembered(views: SliceViews, module: Any, red: Any):
    import slicer

    module.ui.compareButton.click()
    assert len(views.shown_names()) == 9
    module.ui.planesComboBox.currentIndex = 1
    assert views.shown_names() == ["ThinSliceSRAxialThick", "ThinSliceSRAxialBis", "ThinSliceSRAxialDls"]
    assert all(views.composite(name).GetBackgroundVolumeID() for name in views.shown_names())
    module.cleanup()
    again = open_module(__name__)
    try:
        assert again.ui.planesComboBox.currentText == "Axial only"
    finally:
        again.ui.planesComboBox.currentIndex = 0
        again.cleanup()
    assert slicer.app.userSettings().value("ThinSliceSR/ComparedPlanes") == "all"
