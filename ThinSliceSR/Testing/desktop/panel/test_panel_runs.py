"""Runs that are started, watched and cancelled in the panel."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from driving import add_thick_volume, apply_and_wait, choose, on_cpu, start_long_run, synthetic_volumes, wait_for

pytestmark = pytest.mark.usefixtures("application")


def test_a_run_that_a_script_has_started_can_be_cancelled_in_the_panel(module: Any):
    from ThinSliceSRLib.desktop.worker.request import Request

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
    monkeypatch.setattr(sys, "executable", program)  # Slicer sets it after this module was loaded
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
    program = tmp_path_factory.mktemp("worker") / "python"
    program.write_text(f"#!/bin/sh\necho '{words}'\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    choose(module.ui.inputSelector, add_thick_volume())
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert "unexpected" in module.ui.statusLabel.text
    assert synthetic_volumes() == []


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


def test_apply_makes_both_volumes_and_says_what_was_used(scene: Any, views: Any, module: Any):
    thick = add_thick_volume("Chest")
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    apply_and_wait(module)
    names = {volume.GetName() for volume in synthetic_volumes()}
    assert names == {"synthetic DLS 1 mm of Chest", "BIS 1 mm of Chest"}
    told = module.ui.statusLabel.text
    assert "“synthetic DLS 1 mm of Chest”" in told
    assert "“BIS 1 mm of Chest”" in told
    assert "synthetic, for research only." in told
    assert "cthnet-small on cpu" in told
    assert module.ui.compareButton.enabled
    assert not module.ui.progressBar.visible


def test_applying_twice_makes_new_volumes_and_keeps_the_first(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    apply_and_wait(module)
    apply_and_wait(module)
    assert len(synthetic_volumes()) == 4


def test_without_bis_only_dls_is_made(module: Any, scene: Any):
    choose(module.ui.inputSelector, add_thick_volume())
    on_cpu(module)
    module.ui.makeBisCheckBox.click()
    assert not module.ui.bisSelector.enabled
    apply_and_wait(module)
    assert [volume.GetAttribute("ThinSliceSR.Kind") for volume in synthetic_volumes()] == ["DLS"]
    assert "BIS" not in module.ui.statusLabel.text


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
    assert synthetic_volumes() == []
    assert module.ui.inputSelector.enabled


def test_what_was_told_of_one_input_does_not_stay_when_another_is_chosen(module: Any, scene: Any):
    other = add_thick_volume("Other")
    choose(module.ui.inputSelector, add_thick_volume())
    module._parameters.model = "no-such-model"
    module.ui.applyButton.click()
    choose(module.ui.inputSelector, other)  # as a script may
    assert module.ui.statusLabel.text, "what goes on is told on"
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert "chosen model is not here" in module.ui.statusLabel.text
    assert module.ui.logButton.visible
    module._parameters.makeBis = False
    assert module.ui.statusLabel.visible, "another parameter is no other input"
    choose(module.ui.inputSelector, add_thick_volume("Third"))
    assert not module.ui.statusLabel.visible
    assert not module.ui.logButton.visible


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_crash_of_the_worker_is_told_and_its_log_can_be_seen(module: Any, scene: Any):
    seen: list[tuple[str, str]] = []
    dialogs = type(module.panel._dialogs)(show_log=lambda sentence, log: seen.append((sentence, log)))
    module.panel._messages._dialogs = dialogs
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
    wait_for(lambda: module.panel._run.visible)
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
    assert len(synthetic_volumes()) == 2


def test_deleting_the_input_during_a_run_ends_it_with_a_sentence(module: Any, scene: Any):
    scene.RemoveNode(start_long_run(module))
    wait_for(lambda: module.ui.applyButton.text == "Apply", 3)
    assert "input was removed" in module.ui.statusLabel.text
    assert synthetic_volumes() == []


def test_leaving_the_module_or_slicer_during_a_run_leaves_nothing(module: Any, scene: Any, temporary_folder: Path):
    import psutil

    start_long_run(module)
    process = psutil.Process(module.panel._run.process_id)
    module.cleanup()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert list(temporary_folder.iterdir()) == []
    assert synthetic_volumes() == []
