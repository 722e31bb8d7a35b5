"""The panel in a real window, driven as a user does: choose, apply, watch, cancel, compare, close, reload."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from driving import add_thick_volume, open_module, wait_for
from slice_views import SliceViews

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import slicer

    monkeypatch.setattr(slicer.app, "temporaryPath", str(tmp_path))
    return tmp_path


@pytest.fixture
def module(scene: Any, temporary_folder: Path) -> Iterator[Any]:
    """The module as the user has just opened it."""
    widget = open_module()
    yield widget
    widget.cleanup()
    assert list(temporary_folder.iterdir()) == []


def choose(selector: Any, volume: Any) -> None:
    selector.setCurrentNode(volume)


def on_cpu(module: Any) -> None:
    module._parameters.device = "cpu"


def apply_and_wait(module: Any, seconds: float = 120) -> Any:
    """Returns the results."""
    module.ui.applyButton.click()
    assert module.ui.applyButton.text == "Cancel"
    results = module.panel._run.results
    wait_for(lambda: module.ui.applyButton.text == "Apply", seconds)
    return results


def start_long_run(module: Any) -> Any:
    """A run that takes minutes, once there is something to see; returns its input."""
    thick = add_thick_volume("Long", slices=40, matrix=256)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    module.ui.applyButton.click()
    wait_for(lambda: module.panel._run._visible)
    return thick


def synthetic_volumes(scene: Any) -> list[Any]:
    import slicer

    volumes = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    return [volume for volume in volumes if volume.GetAttribute("ThinSliceSR.Synthetic") == "yes"]


def test_an_empty_scene_asks_for_a_volume(module: Any):
    assert not module.ui.applyButton.enabled
    assert "Choose" in module.ui.factsLabel.text
    assert not module.ui.compareButton.enabled


def test_choosing_a_volume_tells_its_facts_and_what_speaks_against_it(module: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    assert module.ui.factsLabel.text.startswith("8 slices of 5.0 mm · 40×40 · axial")
    assert module.ui.applyButton.enabled
    assert module.ui.findingsLabel.text == ""
    choose(module.ui.inputSelector, add_thick_volume("Thin", spacing_mm=1.0))
    assert "thin already" in module.ui.findingsLabel.text
    assert not module.ui.applyButton.enabled


def test_a_volume_that_is_filled_after_it_was_chosen_is_looked_at_again(module: Any, scene: Any):
    """As readers of DICOM do it: the selector takes the first volume of a scene as soon as it is added."""
    import slicer

    volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Loading")
    choose(module.ui.inputSelector, volume)
    assert "no image" in module.ui.findingsLabel.text
    slicer.util.updateVolumeFromArray(volume, slicer.util.arrayFromVolume(add_thick_volume()))
    volume.SetSpacing(0.7, 0.7, 5.0)
    wait_for(lambda: module.ui.factsLabel.text.startswith("8 slices of 5.0 mm"), 2)
    assert module.ui.applyButton.enabled


def test_a_run_that_a_script_has_started_can_be_cancelled_in_the_panel(module: Any):
    from ThinSliceSRLib.desktop.run import Request

    ended: list[Any] = []
    ignore = {"on_progress": lambda _: None, "on_notice": lambda _: None, "on_visible": lambda _: None}
    request = Request(add_thick_volume("Long", slices=40, matrix=256), device="cpu")
    module.logic.session.start(request, on_ended=ended.append, **ignore)
    module.ui.applyButton.enabled = True
    module.ui.applyButton.click()
    wait_for(lambda: ended, 3)
    assert ended[0].cancelled


@pytest.mark.parametrize("program", ["", "/no/such/python"])
def test_a_worker_that_cannot_be_started_is_told(module: Any, monkeypatch: pytest.MonkeyPatch, program: str):
    from ThinSliceSRLib.desktop.worker import Worker

    monkeypatch.setitem(Worker.__init__.__kwdefaults__, "python", program)
    choose(module.ui.inputSelector, add_thick_volume())
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert "could not be started" in module.ui.statusLabel.text


@pytest.mark.skipif(os.name == "nt", reason="a worker as a shell script")
@pytest.mark.parametrize(
    "words", ['{"event": "finished"}', '{"event": "progress", "stage": "synthesize"}', '{"event": "started"}', "[[[["]
)
def test_a_worker_that_says_nonsense_ends_the_run_with_a_sentence(
    module: Any, scene: Any, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any, words: str
):
    from ThinSliceSRLib.desktop.worker import Worker

    program = tmp_path_factory.mktemp("worker") / "python"
    program.write_text(f"#!/bin/sh\necho '{words}'\n")
    program.chmod(0o755)
    monkeypatch.setitem(Worker.__init__.__kwdefaults__, "python", str(program))
    choose(module.ui.inputSelector, add_thick_volume())
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert "unexpected" in module.ui.statusLabel.text
    assert synthetic_volumes(scene) == []


def test_a_second_run_starts_where_the_user_looks_at_the_first_result(module: Any, scene: Any):
    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetLayoutName("Red")
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    composite.SetLayoutName("Red")
    thick = add_thick_volume()
    composite.SetBackgroundVolumeID(thick.GetID())
    view.SetSliceOffset(-280.0)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    first = apply_and_wait(module)
    assert composite.GetBackgroundVolumeID() == first.dls.GetID()
    module.ui.applyButton.click()
    run = module.panel._run
    assert run.request.first_at_mm == pytest.approx(20.0)
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert composite.GetBackgroundVolumeID() == run.results.dls.GetID()


def test_loading_a_scene_during_a_run_leaves_the_panel_able_to_cancel(module: Any, scene: Any):
    start_long_run(module)
    scene.InvokeEvent(scene.StartImportEvent)
    scene.InvokeEvent(scene.EndImportEvent)
    assert module.ui.applyButton.text == "Cancel"
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 3)
    assert "cancelled" in module.ui.statusLabel.text


def test_nothing_keeps_the_volumes_of_a_run_once_they_are_deleted(module: Any, scene: Any):
    import gc

    import slicer

    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    image = apply_and_wait(module).dls.GetImageData()
    deleted: list[bool] = []
    image.AddObserver("DeleteEvent", lambda *_arguments: deleted.append(True))
    del image
    scene.Clear(False)
    slicer.app.processEvents()
    gc.collect()
    assert deleted


def test_apply_makes_both_volumes_and_says_what_was_used(module: Any, scene: Any):
    thick = add_thick_volume("Chest")
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    apply_and_wait(module)
    names = {volume.GetName() for volume in synthetic_volumes(scene)}
    assert names == {"Chest DLS 1 mm (synthetic)", "Chest BIS 1 mm"}
    assert "cthnet-small on cpu" in module.ui.statusLabel.text
    assert "synthetic" in module.ui.statusLabel.text
    assert module.ui.compareButton.enabled
    assert not module.ui.progressBar.visible


def test_applying_twice_makes_new_volumes_and_keeps_the_first(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    apply_and_wait(module)
    assert len(synthetic_volumes(scene)) == 4


def test_without_bis_only_dls_is_made(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    module.ui.makeBisCheckBox.click()
    assert not module.ui.bisSelector.enabled
    apply_and_wait(module)
    assert [volume.GetAttribute("ThinSliceSR.Kind") for volume in synthetic_volumes(scene)] == ["DLS"]


def test_the_input_cannot_be_the_output(module: Any, scene: Any):
    thick = add_thick_volume()
    before = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    choose(module.ui.inputSelector, thick)
    choose(module.ui.dlsSelector, thick)
    module.ui.applyButton.click()
    assert "cannot replace its own input" in module.ui.statusLabel.text
    assert module.ui.applyButton.text == "Apply"
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == before


def test_cancel_ends_the_run_and_says_so(module: Any, scene: Any):
    start_long_run(module)
    assert not module.ui.inputSelector.enabled
    assert "Making thin slices" in module.ui.statusLabel.text
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 2)
    assert "cancelled" in module.ui.statusLabel.text
    assert synthetic_volumes(scene) == []
    assert module.ui.inputSelector.enabled


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_crash_of_the_worker_is_told_and_its_log_can_be_seen(module: Any, scene: Any):
    seen: list[tuple[str, str]] = []
    module.panel._dialogs = type(module.panel._dialogs)(show_log=lambda sentence, log: seen.append((sentence, log)))
    start_long_run(module)
    os.kill(module.panel._run.process_id, signal.SIGKILL)
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert "ended unexpectedly" in module.ui.statusLabel.text
    assert module.ui.logButton.visible
    module.ui.logButton.click()
    assert seen[0][0] == module.ui.statusLabel.text


def test_views_of_the_input_show_the_result_at_the_same_place_and_the_input_again_after_a_cancel(
    module: Any, scene: Any
):
    import slicer

    view = scene.AddNewNodeByClass("vtkMRMLSliceNode")
    view.SetLayoutName("Red")
    composite = scene.AddNewNodeByClass("vtkMRMLSliceCompositeNode")
    composite.SetLayoutName("Red")
    thick = add_thick_volume("Long", slices=40, matrix=256)
    composite.SetBackgroundVolumeID(thick.GetID())
    view.SetSliceOffset(-200.0)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    module.ui.applyButton.click()
    wait_for(lambda: module.panel._run._visible)
    assert composite.GetBackgroundVolumeID() == module.panel._run.results.dls.GetID()
    assert view.GetSliceOffset() == -200.0
    assert module.panel._run.request.first_at_mm == pytest.approx(100.0)
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 3)
    assert composite.GetBackgroundVolumeID() == thick.GetID()
    assert slicer.util.arrayFromVolume(thick).shape == (40, 256, 256)


def test_closing_the_scene_during_a_run_ends_it_and_the_panel_is_ready_again(module: Any, scene: Any):
    start_long_run(module)
    scene.Clear(False)
    assert module.ui.applyButton.text == "Apply"
    assert not module.ui.applyButton.enabled
    assert not module.ui.progressBar.visible
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    assert len(synthetic_volumes(scene)) == 2


def test_deleting_the_input_during_a_run_ends_it_with_a_sentence(module: Any, scene: Any):
    scene.RemoveNode(start_long_run(module))
    wait_for(lambda: module.ui.applyButton.text == "Apply", 3)
    assert "input was removed" in module.ui.statusLabel.text
    assert synthetic_volumes(scene) == []


def test_leaving_the_module_or_slicer_during_a_run_leaves_nothing(module: Any, scene: Any, temporary_folder: Path):
    import psutil

    start_long_run(module)
    process = psutil.Process(module.panel._run.process_id)
    module.cleanup()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert list(temporary_folder.iterdir()) == []
    assert synthetic_volumes(scene) == []


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


def test_opening_advanced_lists_devices_and_models(module: Any):
    module.ui.advancedSection.collapsed = False
    wait_for(lambda: module.ui.modelsList.count > 0 and module.panel._devices)
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
    assert "Taken in" not in module.ui.modelsStatusLabel.text


def test_the_diagnostics_name_no_volume(module: Any):
    import qt

    choose(module.ui.inputSelector, add_thick_volume("DOE JANE"))
    module.ui.diagnosticsButton.click()
    text = qt.QGuiApplication.clipboard().text()
    assert "ThinSliceSR" in text
    assert "DOE" not in text


def test_window_buttons_set_all_compared_volumes(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    module.ui.lungButton.click()
    volumes = [*synthetic_volumes(scene), module.ui.inputSelector.currentNode()]
    assert {(v.GetDisplayNode().GetWindow(), v.GetDisplayNode().GetLevel()) for v in volumes} == {(1500, -600)}


def test_every_control_has_a_tooltip(module: Any):
    import qt

    kinds = (qt.QPushButton, qt.QComboBox, qt.QCheckBox, qt.QSlider, qt.QListWidget, qt.QProgressBar)
    controls = [child for kind in kinds for child in module.parent.findChildren(kind)]
    assert len(controls) > 20
    assert [control.objectName for control in controls if not control.toolTip] == []


def test_deleting_the_results_takes_the_comparison_away(scene: Any, module: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    results = apply_and_wait(module)
    assert module.ui.compareButton.enabled
    scene.RemoveNode(results.dls)
    assert not module.ui.compareButton.enabled
    assert not module.ui.lungButton.enabled


def test_one_click_compares_and_one_click_returns_to_the_users_own_layout(scene: Any, temporary_folder: Path):
    views = SliceViews(scene)
    views.layout_node.SetViewArrangement(6)
    module = open_module()
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    results = apply_and_wait(module)
    module.ui.compareButton.click()
    assert len(views.shown_names()) == 9
    backgrounds = [views.composite(name).GetBackgroundVolumeID() for name in views.shown_names()]
    assert backgrounds[2::3] == [results.dls.GetID()] * 3
    module.ui.compareButton.click()
    assert views.layout_node.GetViewArrangement() == 6
    module.cleanup()
    views.close()


def test_results_that_come_while_comparing_take_their_columns(scene: Any, temporary_folder: Path):
    views = SliceViews(scene)
    module = open_module()
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    module.ui.compareButton.click()
    results = apply_and_wait(module)
    shown = {views.composite(name).GetBackgroundVolumeID() for name in views.shown_names()}
    assert shown == {module.ui.inputSelector.currentNode().GetID(), results.bis.GetID(), results.dls.GetID()}
    module.cleanup()
    views.close()


def test_reload_brings_a_fresh_library_and_ends_what_went_on(
    module: Any, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    import sys

    import slicer

    before = {name: sys.modules[name] for name in sys.modules if name.startswith("ThinSliceSRLib")}
    instance = slicer.modules.ThinSliceSRInstance
    start_long_run(module)
    # What Slicer's reload does with the widget, but for the new one that it makes.
    monkeypatch.setattr(slicer.util, "reloadScriptedModule", lambda name: (module.cleanup(), instance.startLabels()))
    module.onReload()
    try:
        assert list(temporary_folder.iterdir()) == []
        assert type(instance.labels) is not before["ThinSliceSRLib.desktop.synthetic_label"].SyntheticLabels
    finally:
        for name in [name for name in sys.modules if name.startswith("ThinSliceSRLib")]:
            del sys.modules[name]
        sys.modules.update(before)


def test_at_start_up_samples_are_offered_and_synthetic_volumes_labelled(module: Any):
    import slicer

    slicer.modules.ThinSliceSRInstance.stopLabels()
    slicer.app.startup_completed[-1]()
    assert slicer.modules.ThinSliceSRInstance.labels is not None
    assert len(slicer.modules.sampleDataSources["ThinSliceSR"]) == 2


def test_the_self_test_of_the_module_passes(scene: Any, temporary_folder: Path, capsys: pytest.CaptureFixture[str]):
    from ThinSliceSR import ThinSliceSRTest

    ThinSliceSRTest().runTest()
    assert "ThinSliceSR self-test passed" in capsys.readouterr().out
    assert list(temporary_folder.iterdir()) == []
