"""The panel's button "Export to DICOM…" and its dialog, used as a user does."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import slicer
from driving import add_thick_volume, open_module, wait_for
from hospital import SERIES, STUDY, results_of_run
from slicer.dicom import Database, ScalarVolumePlugin
from ThinSliceSRLib.desktop.dicom.export_dialog import ExportChoice, ExportDialog, choose_export
from ThinSliceSRLib.desktop.worker.later import later

pytestmark = pytest.mark.usefixtures("application")

TO_DATABASE = ExportChoice(None, with_bis=True, compressed=False, anonymous=False)


@pytest.fixture
def module(thick_from_dicom: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module as the user has just opened it, with a volume from DICOM in the scene."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(slicer.app, "temporaryPath", str(tmp_path / "temporary"))
    widget = open_module(__name__)
    widget.ui.inputSelector.setCurrentNode(thick_from_dicom)
    yield widget
    widget.cleanup()
    assert list((tmp_path / "temporary").iterdir()) == []


def with_result(module: Any) -> Any:
    """The results of the chosen input, as after a run."""
    results = results_of_run(module.ui.inputSelector.currentNode())
    module.panel.show_parameters()
    return results


def answer(module: Any, choice: ExportChoice | None) -> list[bool]:
    """Lets the dialog be answered so; returns whether it was told of a BIS volume, each time that it was asked."""
    asked: list[bool] = []
    section = module.panel._export
    section._choose = lambda has_bis: asked.append(has_bis) or choice
    return asked


def export_and_wait(module: Any) -> str:
    """Returns what the panel says at the end."""
    module.ui.exportButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    return module.ui.statusLabel.text


def test_a_run_is_exported_and_loads_back_in_place(module: Any, database: Database, thick_from_dicom: Any):
    module._parameters.device = "cpu"
    assert not module.ui.exportButton.enabled
    assert "press Apply first" in module.ui.exportButton.toolTip
    module.ui.applyButton.click()
    assert not module.ui.exportButton.enabled
    results = module.panel._run.results
    wait_for(lambda: module.ui.applyButton.text == "Apply", 120)
    assert module.ui.exportButton.enabled
    assert "synthetic" in module.ui.exportButton.toolTip
    asked = answer(module, TO_DATABASE)
    module.ui.exportButton.click()
    assert asked == [True]
    assert module.ui.applyButton.text == "Cancel"
    assert not module.ui.exportButton.enabled
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert module.ui.statusLabel.text.startswith("Done. Slicer's DICOM database holds new series (DLS, BIS)")
    files = [database.filesForSeries(uid) for uid in database.seriesForStudy(STUDY) if uid != SERIES]
    by_description = {database.fileValue(of_series[0], "0008,103E"): of_series for of_series in files}
    for kind, result in (("DLS", results.dls), ("BIS", results.bis)):
        loadable = ScalarVolumePlugin().examineForImport([by_description[f"Chest 5.0 {kind} 1 mm (synthetic)"]])[0]
        loaded = ScalarVolumePlugin().load(loadable)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(loaded), slicer.util.arrayFromVolume(result))
        bounds = [np.empty(6), np.empty(6)]
        for node, box in zip((loaded, result), bounds, strict=True):
            node.GetRASBounds(box)
        np.testing.assert_allclose(*bounds, atol=1e-4)


def test_without_dicom_the_button_says_why_it_is_off(module: Any):
    module.ui.inputSelector.setCurrentNode(add_thick_volume())
    with_result(module)
    assert not module.ui.exportButton.enabled
    assert "not loaded from DICOM" in module.ui.exportButton.toolTip
    assert module.ui.exportButton.toolTip.endswith(".")


def test_deleting_the_result_takes_the_export_away(module: Any):
    results = with_result(module)
    assert module.ui.exportButton.enabled
    slicer.mrmlScene.RemoveNode(results.dls)
    assert not module.ui.exportButton.enabled


def test_a_result_can_be_exported_when_its_input_is_no_more(module: Any, database: Database, thick_from_dicom: Any):
    results = with_result(module)
    other = add_thick_volume("Other")
    slicer.mrmlScene.RemoveNode(thick_from_dicom)
    assert module.ui.inputSelector.currentNode() is None
    assert not module.ui.exportButton.enabled
    assert "Choose the volume" in module.ui.exportButton.toolTip
    module.ui.inputSelector.setCurrentNode(other)
    assert "not loaded from DICOM" in module.ui.exportButton.toolTip
    module.ui.inputSelector.setCurrentNode(results.dls)
    assert module.ui.exportButton.enabled
    assert answer(module, TO_DATABASE) == []
    assert "new series (DLS, BIS)" in export_and_wait(module)


def test_the_last_runs_volumes_are_exported_also_where_it_filled_earlier_ones(module: Any, thick_from_dicom: Any):
    first = with_result(module)
    with_result(module)
    results_of_run(thick_from_dicom, first.dls, first.bis)
    assert module.panel._export._results() == (first.dls, first.bis)


def test_only_what_is_chosen_is_exported(module: Any, tmp_path: Path):
    with_result(module)
    (tmp_path / "chosen").mkdir()
    answer(module, dataclasses.replace(TO_DATABASE, folder=tmp_path / "chosen", with_bis=False))
    text = export_and_wait(module)
    folder = tmp_path / "chosen" / "ThinSliceSR"
    assert text == f"Done. The folder {folder} holds new DICOM series (DLS); each says that it is synthetic."
    assert [path.name for path in folder.iterdir()] == ["DLS"]


def test_a_dialog_that_is_left_exports_nothing(module: Any, database: Database):
    with_result(module)
    answer(module, None)
    module.ui.exportButton.click()
    assert module.ui.applyButton.text == "Apply"
    assert database.seriesForStudy(STUDY) == (SERIES,)


def test_cancel_ends_an_export_and_says_so(module: Any, database: Database):
    with_result(module)
    answer(module, TO_DATABASE)
    module.ui.exportButton.click()
    wait_for(lambda: "Writing DICOM series: " in module.ui.statusLabel.text)
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply", 5)
    assert module.ui.statusLabel.text == "The export was cancelled; nothing was kept."
    assert database.seriesForStudy(STUDY) == (SERIES,)
    assert module.ui.exportButton.enabled


def test_why_an_export_cannot_be_is_shown(module: Any, database: Database):
    results = with_result(module)
    answer(module, TO_DATABASE)
    results.dls.SetOrigin(0, 0, 0)
    assert "moved, cropped or resampled" in export_and_wait(module)
    database.isOpen = False
    module.ui.exportButton.click()
    assert "not open" in module.ui.statusLabel.text
    assert module.ui.applyButton.text == "Apply"


@pytest.fixture
def dialog(module: Any, monkeypatch: pytest.MonkeyPatch) -> ExportDialog:
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: None)
    return ExportDialog(has_bis=True)


def test_the_dialog_offers_the_database_first(dialog: ExportDialog):
    assert dialog.to_database.checked
    assert dialog.choice(None) == ExportChoice(None, with_bis=False, compressed=False, anonymous=False)
    for box in (dialog.with_bis, dialog.compressed, dialog.anonymous):
        box.click()
    assert dialog.choice(Path("there")) == ExportChoice(Path("there"), with_bis=True, compressed=True, anonymous=True)


@pytest.mark.parametrize(("name", "agreed"), [("Ok", True), ("Cancel", False)])
def test_the_dialog_is_answered_by_its_buttons(dialog: ExportDialog, name: str, agreed: bool):
    answers: list[bool] = []
    dialog.widget.accepted.connect(lambda: answers.append(True))
    dialog.widget.rejected.connect(lambda: answers.append(False))
    buttons = dialog.widget.findChild(qt.QDialogButtonBox)
    button = buttons.button(getattr(qt.QDialogButtonBox, name))
    assert button is not None
    button.click()
    assert answers == [agreed]


def test_what_cannot_be_chosen_is_off(dialog: ExportDialog, database: Database):
    database.isOpen = False
    without = ExportDialog(has_bis=False)
    assert not without.to_database.enabled
    assert without.to_folder.checked
    assert not without.with_bis.enabled


@pytest.mark.parametrize("agrees", [True, False])
def test_the_main_window_keeps_no_dialog_that_was_answered(module: Any, monkeypatch: pytest.MonkeyPatch, agrees: bool):
    main_window = qt.QWidget()
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: main_window)
    later(lambda: qt.QApplication.activeModalWidget().done(agrees))
    assert bool(choose_export(has_bis=True)) == agrees
    qt.QCoreApplication.sendPostedEvents(None, qt.QEvent.Type.DeferredDelete.value)
    assert main_window.findChildren(qt.QDialog) == []
