"""The list of places to doubt: the search, the table, the jump, the marks in the views."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fast_worker
import numpy as np
import pytest
from driving import add_thick_volume, cells, choose, list_places, wait_for
from result_making import finished
from slice_views import SliceViews

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script"),
]


def test_places_are_listed_and_a_click_brings_all_views_there(views: SliceViews, module: Any, doubted: Any, scene: Any):
    list_places(module)
    assert cells(module) == [
        ["DLS", 4.2, -310, -790, 88, 10],
        ["BIS", 10.0, -800, -500, 140, 17],
        ["DLS", 2.5, -100, -700, 61, 23],
    ]
    assert "no others" not in module.ui.placesLabel.text
    assert "There may be others" in module.ui.placesLabel.text
    module.ui.compareButton.click()
    module.ui.placesTable.setCurrentCell(0, 0)
    for name in views.shown_names():
        view = views.node(name)
        normal = np.array([view.GetSliceToRAS().GetElement(axis, 2) for axis in range(3)])
        position = np.array([view.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)])
        assert np.dot(position - [2.0, -29.0, -291.0], normal) == pytest.approx(0, abs=1e-6), name
    crosshair = scene.GetSingletonNode("default", "vtkMRMLCrosshairNode")
    assert np.allclose(crosshair.GetCrosshairRAS(), [2.0, -29.0, -291.0])
    views.node("ThinSliceSRAxialDls").SetSliceOffset(-300)
    module.ui.placesTable.cellClicked.emit(0, 2)  # the chosen one again
    assert views.node("ThinSliceSRAxialDls").GetSliceOffset() == pytest.approx(-291.0)


def test_the_table_sorts_numbers_as_numbers_and_a_click_still_means_its_place(
    views: SliceViews, module: Any, doubted: Any, scene: Any
):
    import qt

    list_places(module)
    module.ui.placesTable.sortItems(1, qt.Qt.AscendingOrder)
    assert [row[1] for row in cells(module)] == [2.5, 4.2, 10.0]
    module.ui.placesTable.setCurrentCell(0, 3)
    assert views.node("Red").GetSliceOffset() == pytest.approx(-278.0)


def test_a_new_list_is_in_the_order_in_which_the_engine_tells_it_again(module: Any, doubted: Any):
    import qt

    list_places(module)
    for column in range(module.ui.placesTable.columnCount):
        module.ui.placesTable.sortItems(column, qt.Qt.DescendingOrder)
    list_places(module)
    assert [row[4] for row in cells(module)] == [place["doubt_hu"] for place in fast_worker.PLACES] == [88, 140, 61]


def test_a_place_out_of_sight_is_brought_to_the_middle(views: SliceViews, module: Any, doubted: Any):
    list_places(module)
    red = views.node("Red")
    red.SetFieldOfView(4, 4, 1)
    module.ui.placesTable.setCurrentCell(1, 0)
    centre = [red.GetSliceToRAS().GetElement(axis, 3) for axis in range(3)]
    assert np.allclose(centre, [-2.0, -27.0, -284.0])


def test_the_places_are_one_list_of_markups_without_green(module: Any, doubted: Any, scene: Any):
    list_places(module)
    list_places(module)  # takes the place of the former
    markups = scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode")
    assert scene.GetNumberOfNodesByClass("vtkMRMLMarkupsFiducialNode") == 1
    assert "places to doubt in synthetic DLS 1 mm of Chest" in markups.GetName()
    assert markups.GetNthControlPointLabel(0) == "4 mm only DLS"
    assert np.allclose(markups.GetNthControlPointPositionWorld(1), [-2.0, -27.0, -284.0])
    display = markups.GetDisplayNode()
    for colour in (display.GetColor(), display.GetSelectedColor(), display.GetActiveColor()):
        assert colour[0] > colour[1] > colour[2]
    markups.RemoveNthControlPoint(0)  # by the user, in Slicer's own module
    assert len(cells(module)) == 2


def test_places_lie_right_under_a_transform(views: SliceViews, module: Any, scene: Any, worker_folder: Path):
    import slicer
    from volume_making import under_transform

    thick = add_thick_volume(slices=6)
    transform = under_transform(thick)
    choose(module.ui.inputSelector, None)
    finished(thick, wants_doubt=True)
    choose(module.ui.inputSelector, thick)
    list_places(module)
    markups = scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode")
    matrix = slicer.util.arrayFromVTKMatrix(transform.GetMatrixTransformToParent())
    expected = (matrix @ [2.0, -29.0, -291.0, 1.0])[:3]
    assert np.allclose(markups.GetNthControlPointPositionWorld(0), expected)
    module.ui.placesTable.setCurrentCell(0, 0)
    assert np.allclose(scene.GetSingletonNode("default", "vtkMRMLCrosshairNode").GetCrosshairRAS(), expected)


def test_without_bis_no_places_can_be_listed_and_it_says_why(module: Any, doubted: Any, scene: Any):
    scene.RemoveNode(doubted.bis)
    assert module.ui.doubtButton.enabled
    assert not module.ui.placesButton.enabled
    assert "needs BIS" in module.ui.placesLabel.text


def test_a_search_can_be_cancelled_and_leaves_nothing(module: Any, doubted: Any, worker_folder: Path, scene: Any):
    fast_worker.tell(worker_folder, "hold")
    module.ui.placesButton.click()
    assert module.ui.applyButton.text == "Cancel"
    assert not module.ui.placesButton.enabled
    wait_for(lambda: module.logic.session._run._started)
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert "cancelled" in module.ui.statusLabel.text
    assert scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode") is None
    assert module.ui.placesButton.enabled


@pytest.mark.parametrize("how", ["removed", "closed"])
def test_a_search_ends_when_what_it_searches_goes(
    module: Any, doubted: Any, worker_folder: Path, scene: Any, temporary_folder: Path, how: str
):
    fast_worker.tell(worker_folder, "hold")
    module.ui.placesButton.click()
    if how == "removed":
        scene.RemoveNode(doubted.bis)
        wait_for(lambda: "was removed" in module.ui.statusLabel.text)
    else:
        scene.Clear(False)
    wait_for(lambda: module.ui.applyButton.text == "Apply" and not list(temporary_folder.glob("*/run-*")))
    assert scene.GetFirstNodeByClass("vtkMRMLMarkupsFiducialNode") is None


def test_a_search_that_fails_says_why(module: Any, doubted: Any, worker_folder: Path, monkeypatch: Any):
    from ThinSliceSRLib.desktop.run.doubt_search import DoubtSearch

    monkeypatch.setattr(DoubtSearch, "_arguments", lambda search: ["doubt", "--progress", "json"])
    module.ui.placesButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert "A volume is missing." in module.ui.statusLabel.text
