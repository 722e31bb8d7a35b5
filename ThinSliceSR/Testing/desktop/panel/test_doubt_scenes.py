"""The doubt in scenes that are closed, saved and loaded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compared_making import front_kind
from driving import cells, list_places, synthetic_volumes
from slice_views import SliceViews

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script"),
]


def save(scene: Any, folder: Path) -> Path:
    """As File → Save does: each node that has data of its own in a file beside the scene's."""
    import slicer

    scene.RegisterNodeClass(slicer.vtkMRMLMarkupsJsonStorageNode())  # as Slicer's module of markups does
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLStorableNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLStorableNode")
        if not node.GetSaveWithScene():
            continue
        node.AddDefaultStorageNode()
        storage = node.GetStorageNode()
        if storage is None:
            continue
        suffix = {"vtkMRMLNRRDStorageNode": "nrrd", "vtkMRMLColorTableStorageNode": "ctbl"}
        end = suffix.get(storage.GetClassName(), "mrk.json" if node.IsA("vtkMRMLMarkupsNode") else "nrrd")
        storage.SetFileName(str(folder / f"{node.GetID()}.{end}"))
        assert storage.WriteData(node), node.GetName()
    file = folder / "scene.mrml"
    scene.SetRootDirectory(str(folder))
    assert scene.Commit(str(file))
    return file


def load(scene: Any, file: Path) -> None:
    scene.SetURL(str(file))
    scene.StartState(scene.ImportState)
    scene.Import()
    scene.EndState(scene.ImportState)


def test_closing_the_scene_takes_everything_away(views: SliceViews, module: Any, doubted: Any, scene: Any):
    list_places(module)
    module.ui.doubtButton.click()
    scene.Clear(False)
    assert not module.ui.doubtButton.checked
    assert not module.ui.doubtButton.enabled
    assert not module.ui.placesButton.enabled
    assert not module.ui.placesTable.visible
    assert module.ui.placesTable.rowCount == 0
    assert module.panel._doubt.overlay.doubt is None


@pytest.mark.parametrize("shown", [True, False])
def test_a_saved_scene_brings_the_doubt_its_colours_and_the_places_back(
    views: SliceViews, module: Any, doubted: Any, scene: Any, tmp_path_factory: Any, shown: bool
):
    list_places(module)
    before = cells(module)
    module.ui.doubtFromSlider.value = 80
    if shown:
        module.ui.doubtButton.click()
        module.ui.doubtOpacitySlider.value = 70
    file = save(scene, tmp_path_factory.mktemp("saved"))
    scene.Clear(False)
    load(scene, file)
    [doubt] = [volume for volume in synthetic_volumes() if volume.GetAttribute("ThinSliceSR.Kind") == "DOUBT"]
    table = doubt.GetDisplayNode().GetColorNode()
    assert table.GetName() == "Doubt (dark to bright amber)"
    colour = [0.0] * 4
    assert table.GetColor(255, colour)
    assert np.allclose(colour, [1.0, 0.75, 0.0, 1.0], atol=0.01)
    assert module.ui.inputSelector.currentNode().GetName() == "Chest"
    assert module.ui.doubtButton.enabled
    assert module.ui.doubtFromSlider.value == 80
    assert cells(module) == before
    assert module.ui.doubtButton.checked == shown
    if shown:
        assert front_kind(views, "Red") == "DOUBT"
        assert module.ui.doubtOpacitySlider.value == 70
        module.ui.doubtButton.click()
    assert front_kind(views, "Red") is None


def test_a_scene_that_was_saved_without_the_colour_table_gets_it_again(
    module: Any, doubted: Any, scene: Any, tmp_path_factory: Any
):
    folder = tmp_path_factory.mktemp("saved")
    file = save(scene, folder)
    files = list(folder.rglob("vtkMRMLColorTableNode*"))
    assert files
    for colours in files:  # one by the test, one by the scene
        colours.unlink()
    scene.Clear(False)
    load(scene, file)
    [doubt] = [volume for volume in synthetic_volumes() if volume.GetAttribute("ThinSliceSR.Kind") == "DOUBT"]
    colour = [0.0] * 4
    assert doubt.GetDisplayNode().GetColorNode().GetColor(255, colour)
    assert np.allclose(colour, [1.0, 0.75, 0.0, 1.0], atol=0.01)
