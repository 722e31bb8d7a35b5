"""The doubt over DLS: the button, the sliders, the comparison, a fade, flipping, and what is given back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from compared_making import front_kind, kind_of
from driving import add_thick_volume, choose, list_places, wait_for
from result_making import finished
from slice_views import SliceViews

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script"),
]


def test_the_button_lays_it_over_dls_and_gives_back_what_was_there(views: SliceViews, module: Any, doubted: Any):
    red = views.composite("Red")
    assert kind_of(red.GetBackgroundVolumeID()) == "DLS"
    other = add_thick_volume("PET")
    red.SetForegroundVolumeID(other.GetID())
    red.SetForegroundOpacity(0.2)
    module.ui.doubtButton.click()
    assert front_kind(views, "Red") == "DOUBT"
    assert red.GetForegroundOpacity() == pytest.approx(0.5)
    module.ui.doubtOpacitySlider.value = 80
    assert red.GetForegroundOpacity() == pytest.approx(0.8)
    module.ui.doubtButton.click()
    assert red.GetForegroundVolumeID() == other.GetID()
    assert red.GetForegroundOpacity() == pytest.approx(0.2)


def test_the_slider_shows_it_only_where_it_is_as_high(views: SliceViews, module: Any, doubted: Any):
    import slicer

    views.logic("Red").FitSliceToAll()
    views.node("Red").SetSliceOffset(-290)
    plain = views.pixels("Red")
    module.ui.doubtButton.click()
    marked = views.pixels("Red")
    assert (marked > plain + 20).any()
    module.ui.doubtFromSlider.value = 90
    assert (views.pixels("Red") == marked).all()
    assert "may exceed 90 HU" in module.ui.doubtFromLabel.text
    module.ui.doubtFromSlider.value = 100
    assert (views.pixels("Red") == plain).all()
    assert doubted.doubt.GetDisplayNode().GetLowerThreshold() == 100
    assert "more than 100 HU" in module.ui.doubtLegendLabel.text
    assert "low doubt is no proof" in module.ui.doubtLegendLabel.text
    slicer.util.arrayFromVolume(doubted.doubt)[:] = 0
    slicer.util.arrayFromVolumeModified(doubted.doubt)
    module.ui.doubtFromSlider.value = 10
    assert (views.pixels("Red") == plain).all()


def test_the_window_of_the_doubt_cannot_be_dragged_while_it_lies_over_dls(module: Any, doubted: Any):
    module.ui.doubtButton.click()
    display = doubted.doubt.GetDisplayNode()
    display.SetWindowLevel(10, 300)
    assert (display.GetWindow(), display.GetLevel()) == (200, 100)


def test_it_follows_dls_into_the_comparison_and_out_of_it(views: SliceViews, module: Any, doubted: Any):
    module.ui.doubtButton.click()
    module.ui.compareButton.click()
    columns = {name: front_kind(views, name) for name in views.shown_names()}
    assert len(columns) == 9
    assert all(kind == ("DOUBT" if name.endswith("Dls") else None) for name, kind in columns.items()), columns
    module.ui.planesComboBox.currentIndex = 2
    assert front_kind(views, "ThinSliceSRCoronalDls") == "DOUBT"
    module.ui.planesComboBox.currentIndex = 0
    module.ui.doubtButton.click()
    assert {front_kind(views, name) for name in views.shown_names()} == {None}
    module.ui.doubtButton.click()
    module.ui.compareButton.click()
    assert front_kind(views, "Red") == "DOUBT"


def test_it_gives_way_to_a_fade_and_comes_back_after_it(views: SliceViews, module: Any, doubted: Any):
    module.ui.doubtButton.click()
    module.ui.fadeSlider.value = 30
    red = views.composite("Red")
    assert (kind_of(red.GetBackgroundVolumeID()), front_kind(views, "Red")) == ("BIS", "DLS")
    assert module.ui.doubtButton.checked
    module.panel._compare.end_fade()
    assert (kind_of(red.GetBackgroundVolumeID()), front_kind(views, "Red")) == ("DLS", "DOUBT")
    assert red.GetForegroundOpacity() == pytest.approx(0.5)
    module.ui.fadeSlider.value = 30
    module.ui.doubtButton.click()  # off, in the middle of a fade
    module.panel._compare.end_fade()
    assert (kind_of(red.GetBackgroundVolumeID()), front_kind(views, "Red")) == ("DLS", None)


def test_it_never_lies_over_another_volume_when_the_views_are_flipped(
    views: SliceViews, module: Any, doubted: Any, thick: Any
):
    module.ui.doubtButton.click()
    seen = []
    for _ in range(4):
        seen.append((kind_of(views.composite("Red").GetBackgroundVolumeID()), front_kind(views, "Red")))
        module.panel._flip.turn()
    assert seen == [("DLS", "DOUBT"), (None, None), ("BIS", None), ("DLS", "DOUBT")]


def test_what_the_user_puts_in_front_stays_there(views: SliceViews, module: Any, doubted: Any):
    module.ui.doubtButton.click()
    other = add_thick_volume("PET")
    views.selectors["Red"].foreground.choose_by_hand(other)
    assert views.composite("Red").GetForegroundVolumeID() == other.GetID()
    module.ui.doubtButton.click()
    assert views.composite("Red").GetForegroundVolumeID() == other.GetID()


@pytest.mark.parametrize("gone", ["dls", "doubt"])
def test_where_dls_or_the_doubt_is_deleted_the_overlay_and_the_places_are_gone(
    views: SliceViews, module: Any, doubted: Any, scene: Any, gone: str
):
    list_places(module)
    module.ui.doubtButton.click()
    scene.RemoveNode(getattr(doubted, gone))
    assert not module.ui.doubtButton.checked
    assert not module.ui.doubtButton.enabled
    assert not module.ui.doubtFromSlider.visible
    assert not module.ui.doubtLegendLabel.visible
    assert not module.ui.placesButton.enabled
    assert views.composite("Red").GetForegroundVolumeID() is None
    wait_for(lambda: scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 0)
    assert not module.ui.placesTable.visible


def test_the_label_in_a_view_names_dls_also_below_an_opaque_doubt(views: SliceViews, module: Any, doubted: Any):
    from ThinSliceSRLib.desktop.scene.synthetic_label import label_text

    module.ui.doubtButton.click()
    module.ui.doubtOpacitySlider.value = 100
    assert label_text(views.node("Red")) == "SYNTHETIC (DLS + DOUBT)"


def test_where_there_are_no_views_the_button_is_off_and_says_why(module: Any, worker_folder: Path):
    thick = add_thick_volume(slices=6)
    choose(module.ui.inputSelector, None)
    finished(thick, wants_doubt=True)
    choose(module.ui.inputSelector, thick)
    assert not module.ui.doubtButton.enabled
    assert "no views" in module.ui.doubtStateLabel.text
