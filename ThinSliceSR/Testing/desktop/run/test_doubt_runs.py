"""Runs that tell where they may be wrong: the choice, the volume, its colours, and models that cannot tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fast_worker
import pytest
from driving import apply_and_wait, choose, synthetic_volumes, wait_for
from ThinSliceSRLib.desktop.setup.weights_list import ListedModel, WeightsList

pytestmark = [
    pytest.mark.usefixtures("application"),
    pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script"),
]


def models(*doubts: bool) -> WeightsList:
    listed = [
        ListedModel(f"model-{number}", 1, "registered", "installed", Path("x"), used=True, doubts=doubts[number])
        for number in range(len(doubts))
    ]
    return WeightsList(tuple(listed), None, ("model-0", "model-0"))


def test_it_is_off_and_out_of_the_way_until_asked_for(module: Any, thick: Any, worker_folder: Path):
    assert not module.ui.makeDoubtCheckBox.checked
    assert module.ui.doubtSection.collapsed
    apply_and_wait(module)
    assert {volume.GetAttribute("ThinSliceSR.Kind") for volume in synthetic_volumes()} == {"DLS", "BIS"}
    assert not module.ui.doubtButton.enabled
    assert not module.ui.placesButton.enabled
    assert "check “Show where it may be wrong”" in module.ui.doubtStateLabel.text
    assert module.ui.doubtSection.collapsed


def test_a_run_makes_the_doubt_as_a_volume_of_its_own(module: Any, doubted: Any, thick: Any):
    import slicer

    doubt = doubted.doubt
    assert doubt.GetName() == "synthetic doubt 1 mm of Chest"
    assert doubt.GetAttribute("ThinSliceSR.Synthetic") == "yes"
    assert doubt.GetAttribute("ThinSliceSR.Model") == "fast"
    assert doubt.GetVoxelValueUnits().GetCodeMeaning() == "Hounsfield unit"
    assert doubt.GetVoxelValueQuantity() is None
    assert (slicer.util.arrayFromVolume(doubt) == fast_worker.DOUBT_HU).all()
    assert doubt.GetImageData().GetDimensions() == doubted.dls.GetImageData().GetDimensions()
    assert "Where they may be wrong" in module.ui.statusLabel.text
    assert not module.ui.doubtSection.collapsed
    assert not module.ui.doubtButton.checked
    assert module.ui.doubtButton.enabled


def test_its_colours_go_from_dark_to_bright_amber_and_are_never_green(doubted: Any):
    display = doubted.doubt.GetDisplayNode()
    table = display.GetColorNode()
    assert table is not doubted.dls.GetDisplayNode().GetColorNode()
    colour = [0.0] * 4
    table.GetColor(0, colour)
    assert colour[3] == 0
    brightness = []
    for index in range(1, table.GetNumberOfColors()):
        table.GetColor(index, colour)
        assert colour[0] > colour[1] > colour[2] or index == 0
        brightness.append(sum(colour[:3]))
    assert brightness == sorted(brightness)
    assert (display.GetApplyThreshold(), display.GetLowerThreshold()) == (1, 50)


def test_a_cancelled_run_leaves_no_doubt_and_no_colours(module: Any, thick: Any, worker_folder: Path, scene: Any):
    fast_worker.tell(worker_folder, "hold")
    module.ui.makeDoubtCheckBox.click()
    tables = scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode")
    module.ui.applyButton.click()
    wait_for(lambda: module.panel._run.visible)
    assert not module.ui.doubtButton.enabled, "it is not finished"
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert synthetic_volumes() == []
    assert scene.GetNumberOfNodesByClass("vtkMRMLColorTableNode") == tables


def test_a_run_into_the_same_volume_without_doubt_forgets_the_former_doubt(
    module: Any, doubted: Any, worker_folder: Path
):
    module.ui.doubtButton.click()
    module.ui.makeDoubtCheckBox.click()
    choose(module.ui.dlsSelector, doubted.dls)
    apply_and_wait(module)
    assert not module.ui.doubtButton.enabled
    assert not module.ui.doubtButton.checked


def test_with_a_model_that_cannot_tell_the_choice_is_off_and_says_why(module: Any, thick: Any, worker_folder: Path):
    module.ui.makeDoubtCheckBox.click()
    module.panel._models.show(models(False, True))
    assert not module.ui.makeDoubtCheckBox.enabled
    assert "model-0 cannot tell where it may be wrong; choose another" in module.ui.doubtObstacleLabel.text
    apply_and_wait(module)
    assert {volume.GetAttribute("ThinSliceSR.Kind") for volume in synthetic_volumes()} == {"DLS", "BIS"}
    module._parameters.model = "model-1"
    assert module.ui.makeDoubtCheckBox.enabled
    assert not module.ui.doubtObstacleLabel.visible
    module.panel._models.show(models(False, False))
    assert "No model on this computer can tell" in module.ui.doubtObstacleLabel.text


def test_results_of_a_model_that_cannot_tell_say_so(module: Any, thick: Any, worker_folder: Path):
    dls = apply_and_wait(module).dls
    dls.SetAttribute("ThinSliceSR.Model", "model-0")
    module.panel._models.show(models(False, True))
    assert "The model model-0, which made these thin slices, cannot tell" in module.ui.doubtStateLabel.text
    assert not module.ui.doubtButton.enabled


def test_a_run_of_a_model_that_cannot_tell_after_all_says_what_to_do(module: Any, thick: Any, worker_folder: Path):
    fast_worker.tell(worker_folder, "doubtless")
    module.ui.makeDoubtCheckBox.click()
    apply_and_wait(module)
    assert "cannot tell where it may be wrong; choose another under Advanced" in module.ui.statusLabel.text
    assert synthetic_volumes() == []
