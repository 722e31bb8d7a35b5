"""The panel in a real window, used as a user does: choose, look, compare, close, reload."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from driving import (
    add_thick_volume,
    apply_and_wait,
    choose,
    on_cpu,
    synthetic_volumes,
    wait_for,
)
from slice_views import SliceViews
from ThinSliceSRLib.desktop.scene.given_thickness import given_thickness_mm

pytestmark = pytest.mark.usefixtures("application")


def test_an_empty_scene_asks_for_a_volume(module: Any):
    assert not module.ui.applyButton.enabled
    assert "Choose" in module.ui.factsLabel.text
    assert not module.ui.compareButton.enabled


def test_choosing_a_volume_tells_its_facts_and_what_speaks_against_it(module: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    assert module.ui.factsLabel.text.startswith("8 slices every 5 mm · 40×40 · axial")
    assert module.ui.applyButton.enabled
    assert "Nothing says how thick the slices are" in module.ui.findingsLabel.text
    assert "color" not in module.ui.findingsLabel.text  # a note alarms nobody
    choose(module.ui.inputSelector, add_thick_volume("Thin", spacing_mm=1.0))
    assert "thin already" in module.ui.findingsLabel.text
    assert not module.ui.applyButton.enabled


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"])
def test_a_volume_of_any_type_of_values_is_looked_at(module: Any, scene: Any, kind: str):
    import slicer

    choose(module.ui.inputSelector, add_thick_volume())
    volume = add_thick_volume("MR")
    slicer.util.updateVolumeFromArray(volume, abs(slicer.util.arrayFromVolume(volume) // 8).astype(kind))
    choose(module.ui.inputSelector, volume)
    assert "cannot be the Hounsfield units" in module.ui.findingsLabel.text
    assert not module.ui.applyButton.enabled


def test_what_goes_wrong_while_an_input_is_looked_at_is_told_and_apply_is_not_offered(
    module: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    from ThinSliceSRLib.desktop.scene import input_facts

    def fail(volume: object, **choices: object) -> None:
        raise OverflowError("anything")

    choose(module.ui.inputSelector, add_thick_volume(spacing_mm=12))
    assert "12 mm apart" in module.ui.findingsLabel.text
    monkeypatch.setattr(input_facts, "check_volume", fail)
    choose(module.ui.inputSelector, add_thick_volume("Other"))
    assert not module.ui.applyButton.enabled
    assert "unexpected went wrong (OverflowError)" in module.ui.findingsLabel.text
    assert "12 mm apart" not in module.ui.findingsLabel.text
    assert module.ui.factsLabel.text == ""
    assert "anything" in caplog.text


def test_a_volume_that_is_filled_after_it_was_chosen_is_looked_at_again(module: Any, scene: Any):
    """As readers of DICOM do it: the selector takes the first volume of a scene as soon as it is added."""
    import slicer

    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Loading")
    choose(module.ui.inputSelector, volume)
    assert "no image" in module.ui.findingsLabel.text
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(add_thick_volume()))
    volume.SetSpacing(0.7, 0.7, 5.0)
    wait_for(lambda: module.ui.factsLabel.text.startswith("8 slices every 5 mm"), 2)
    assert module.ui.applyButton.enabled


def test_choices_are_kept_in_the_scene_and_come_back_with_it(module: Any, scene: Any, tmp_path_factory: Any):
    choose(module.ui.inputSelector, add_thick_volume("Kept"))
    module.ui.precisionComboBox.currentIndex = 1
    module.ui.spacingComboBox.currentIndex = 1
    module.ui.startAtCurrentSliceCheckBox.click()
    text = scene.GetSingletonNode("ThinSliceSR", "vtkMRMLScriptedModuleNode")
    assert text.GetParameter("precision") == "float32"
    file = tmp_path_factory.mktemp("scene") / "scene.mrml"
    scene.Commit(str(file))
    scene.Clear(True)
    assert module.ui.precisionComboBox.currentIndex == 0
    scene.SetURL(str(file))
    scene.StartState(scene.ImportState)
    scene.Import()
    scene.EndState(scene.ImportState)
    assert module.ui.precisionComboBox.currentIndex == 1
    assert module.ui.spacingComboBox.currentIndex == 1
    assert not module.ui.startAtCurrentSliceCheckBox.checked
    assert module.ui.inputSelector.currentNode().GetName() == "Kept"


def test_a_thickness_that_the_user_gives_stays_with_its_volume(module: Any, scene: Any, tmp_path_factory: Any):
    thickness = module.ui.thicknessSpinBox
    assert not thickness.enabled
    chest, other = add_thick_volume("Chest"), add_thick_volume("Other")
    choose(module.ui.inputSelector, chest)
    assert thickness.text == "As the source says"
    thickness.value = 6.5
    assert module.ui.factsLabel.text.startswith("8 slices, 6.5 mm thick, every 5 mm · ")
    assert module.ui.findingsLabel.text == ""
    choose(module.ui.inputSelector, other)
    assert (thickness.text, given_thickness_mm(other)) == ("As the source says", None)
    choose(module.ui.inputSelector, chest)
    assert thickness.value == 6.5
    file = tmp_path_factory.mktemp("scene") / "scene.mrml"
    scene.Commit(str(file))
    scene.Clear(True)
    assert not thickness.enabled
    scene.SetURL(str(file))
    scene.StartState(scene.ImportState)
    scene.Import()
    scene.EndState(scene.ImportState)
    assert given_thickness_mm(module.ui.inputSelector.currentNode()) == 6.5
    assert thickness.value == 6.5
    thickness.value = 0
    assert given_thickness_mm(module.ui.inputSelector.currentNode()) is None


def test_values_on_another_scale_are_taken_when_the_user_says_so_and_stay_with_the_volume(module: Any):
    import slicer

    volume, other = add_thick_volume("Unit"), add_thick_volume("Other")
    choose(module.ui.inputSelector, other)
    hu = slicer.util.arrayFromVolume(volume).astype("f4")
    slicer.util.updateVolumeFromArray(volume, (hu.clip(-1024, 2048) + 1024) / 3072)
    choose(module.ui.inputSelector, volume)
    assert "say so under Advanced (Values)" in module.ui.findingsLabel.text
    assert "--values" not in module.ui.findingsLabel.text
    scales = module.ui.valuesComboBox
    scales.currentIndex = scales.findData("unit")
    assert "Hounsfield" not in module.ui.findingsLabel.text
    assert module.ui.applyButton.enabled
    choose(module.ui.inputSelector, other)
    assert scales.currentIndex == 0
    scales.currentIndex = scales.findData("offset")
    assert "1024 was not added" in module.ui.findingsLabel.text
    choose(module.ui.inputSelector, volume)
    assert scales.currentIndex == scales.findData("unit")


def test_the_panel_is_no_wider_than_its_widest_list(module: Any):
    module.ui.advancedSection.collapsed = False
    assert module.ui.thicknessSpinBox.minimumSizeHint.width() <= module.ui.spacingComboBox.minimumSizeHint.width()


def test_opening_advanced_lists_devices_and_models(module: Any):
    module.ui.advancedSection.collapsed = False
    wait_for(lambda: module.panel._available.devices)
    assert "cthnet-small" in module.ui.modelsList.item(0).text()
    assert [module.ui.modelComboBox.itemData(index) for index in range(2)] == ["auto", "cthnet-small"]
    assert module.ui.deviceComboBox.findData("cpu") > 0
    assert module.ui.openFolderButton.enabled


def test_a_published_checkpoint_that_runs_code_is_refused_in_the_panel(module: Any, tmp_path_factory: Any):
    import pickle

    class Harmful:
        def __reduce__(self) -> tuple[Any, ...]:
            return os.mkdir, (str(file) + ".harm",)

    file = tmp_path_factory.mktemp("weights") / "published.pkl"
    file.write_bytes(pickle.dumps({"net": Harmful()}))
    module.panel._models._dialogs = type(module.panel._dialogs)(choose_weights_file=lambda: file)
    module.ui.modelsSection.collapsed = False
    wait_for(lambda: module.ui.modelsList.count > 0 and module.ui.importButton.enabled)
    module.ui.importButton.click()
    wait_for(lambda: module.ui.modelsStatusLabel.text)
    assert not Path(str(file) + ".harm").exists()
    assert "Imported" not in module.ui.modelsStatusLabel.text


def test_the_diagnostics_name_no_volume(module: Any):
    choose(module.ui.inputSelector, add_thick_volume("DOE JANE"))
    text = copied_diagnostics(module)
    assert "ThinSliceSR" in text
    assert "DOE" not in text


def copied_diagnostics(module: Any) -> str:
    import qt

    module.ui.diagnosticsButton.click()
    wait_for(lambda: "on the clipboard" in module.ui.statusLabel.text)
    return qt.QGuiApplication.clipboard().text()


def test_the_diagnostics_tell_devices_and_weights_though_no_section_was_opened(module: Any):
    module.ui.diagnosticsButton.click()
    assert not module.ui.diagnosticsButton.enabled
    assert "Asking" in module.ui.statusLabel.text
    wait_for(lambda: module.ui.diagnosticsButton.enabled)
    text = copied_diagnostics(module)
    assert "not known" not in text
    assert "cthnet-small, " in text
    assert "\n  cpu" in text
    assert module.ui.modelsList.count > 0


def test_diagnostics_that_cannot_be_asked_for_are_copied_without(module: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    text = copied_diagnostics(module)
    assert "Devices: not known" in text
    assert module.ui.diagnosticsButton.enabled


def test_window_buttons_set_all_compared_volumes(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    module.ui.lungButton.click()
    volumes = [*synthetic_volumes(), module.ui.inputSelector.currentNode()]
    assert {(v.GetDisplayNode().GetWindow(), v.GetDisplayNode().GetLevel()) for v in volumes} == {(1500, -600)}


def test_every_control_has_a_tooltip(module: Any):
    import qt

    kinds = (qt.QPushButton, qt.QComboBox, qt.QCheckBox, qt.QSlider, qt.QListWidget, qt.QProgressBar)
    controls = [child for kind in kinds for child in module.parent.findChildren(kind)]
    assert len(controls) > 20
    assert [control.objectName for control in controls if not control.toolTip] == []


def test_deleting_the_results_takes_the_comparison_away(scene: Any, views: SliceViews, module: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    results = apply_and_wait(module)
    assert module.ui.compareButton.enabled
    scene.RemoveNode(results.dls)
    assert not module.ui.compareButton.enabled
    assert not module.ui.lungButton.enabled


def test_one_click_compares_and_one_click_returns_to_the_users_own_layout(views: SliceViews, module: Any):
    views.layout_node.SetViewArrangement(6)
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    results = apply_and_wait(module)
    module.ui.compareButton.click()
    assert len(views.shown_names()) == 9
    backgrounds = [views.composite(name).GetBackgroundVolumeID() for name in views.shown_names()]
    assert backgrounds[2::3] == [results.dls.GetID()] * 3
    module.ui.compareButton.click()
    assert views.layout_node.GetViewArrangement() == 6


def test_results_that_come_while_comparing_take_their_columns(views: SliceViews, module: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    module.ui.compareButton.click()
    results = apply_and_wait(module)
    shown = {views.composite(name).GetBackgroundVolumeID() for name in views.shown_names()}
    assert shown == {module.ui.inputSelector.currentNode().GetID(), results.bis.GetID(), results.dls.GetID()}
