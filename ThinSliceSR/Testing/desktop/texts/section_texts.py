"""What the sections of the panel say and offer, the module itself, and the dialogs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import qt
import slicer
from driving import add_thick_volume, choose
from result_making import finished
from running import done_outcome
from shown_texts import shown
from slice_views import SliceViews
from ThinSliceSRLib.desktop.dicom import export_dialog
from ThinSliceSRLib.desktop.panel import models_section, status_texts
from ThinSliceSRLib.desktop.panel.dialogs import Dialogs
from ThinSliceSRLib.desktop.run.doubt_places import Place
from ThinSliceSRLib.desktop.run.doubt_search import SearchRequest
from ThinSliceSRLib.desktop.setup.weights_list import ListedModel, WeightsList, doubt_obstacle, models_to_choose
from ThinSliceSRLib.desktop.worker.later import later
from ThinSliceSRLib.desktop.worker.outcome import Outcome, Progress
from ThinSliceSRLib.desktop.worker.speed import Speed
from ThinSliceSRLib.desktop.worker.worker_process import Ending
from ThinSliceSRLib.engine.events.told import ExportFinished, Progressed


def of_module(_module: Any, _folder: Path) -> Iterator[str]:
    """In Slicer's list of modules, and above the panel."""
    told = slicer.modules.ThinSliceSRInstance.parent
    yield from (told.title, told.helpText, told.acknowledgementText, *told.categories)


def of_status(_module: Any, _folder: Path) -> Iterator[str]:
    for stage in (*status_texts.RUN_STAGES, "places", "export", "import"):
        for share, seconds in ((None, None), (0.5, None), (0.5, 40.0), (0.5, 600.0), (0.5, 9000.0)):
            yield status_texts.stage_text(Progress(stage, share, seconds))
    yield status_texts.done_text(done_outcome(), "DLS", "BIS", with_doubt=True)
    yield status_texts.done_text(done_outcome(), "DLS", None)
    exported = Outcome(True, False, "", "", "", (ExportFinished(5.0, {"dicom": "folder"}, {"DLS": "1"}),))
    yield from (status_texts.exported_text(exported, to_database) for to_database in (True, False))
    tells = (status_texts.failure_text, status_texts.export_failure_text, status_texts.places_failure_text)
    codes = ("not_enough_memory", "device", "weights_missing", "no_doubt", "cannot_write", "no_room", "no_folder")
    for tell, code, cancelled in product(tells, (*codes, "unexpected"), (True, False)):
        yield tell(Outcome(False, cancelled, code, "", "log"))


def of_models(_module: Any, _folder: Path) -> Iterator[str]:
    states = ("registered", "differs", "local", "damaged", "missing")
    for state, place, used, other in product(states, ("own", "installed"), (True, False), (True, False)):
        model = ListedModel("m", 1, state, place, None, used, other, other, other)
        yield model.line
        for automatic in ((None, None), ("m", "m"), ("m", "n")):
            weights = WeightsList((model, ListedModel("n", 1, "local", used=True)), None, automatic)
            yield from (label for label, _value in models_to_choose(weights))
            yield from (doubt_obstacle(weights, name, "auto") for name in ("auto", "n"))


def of_doubt(module: Any, _folder: Path) -> Iterator[str]:
    choose(module.ui.inputSelector, None)
    yield from shown(module)
    without = add_thick_volume("Without doubt")
    choose(module.ui.inputSelector, without)
    yield from shown(module)
    finished(without)
    choose(module.ui.inputSelector, None)
    choose(module.ui.inputSelector, without)
    yield from shown(module)
    model = ListedModel("test", 1, "local", used=True)
    module.panel._doubt_choice.show_weights(WeightsList((model,), None, ("test", "test")))
    results_of_model = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")
    for node in results_of_model:
        node.SetAttribute("ThinSliceSR.Model", "test")
    choose(module.ui.inputSelector, None)
    choose(module.ui.inputSelector, without)
    yield from shown(module)
    source = add_thick_volume("With doubt")
    results = finished(source, wants_doubt=True)
    choose(module.ui.inputSelector, source)
    yield from shown(module)
    request = SearchRequest(results.dls, results.bis, results.doubt)
    place = Place((0, 0, 0), (1, 2, 3), 5.0, -800, -500, 90, "stands")
    for places in ([], [place], [place, place]):
        module.panel._doubt.show_places(request, places)
        yield from shown(module)
    slicer.mrmlScene.RemoveNode(results.bis)
    for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode"):
        slicer.mrmlScene.RemoveNode(node)
    slicer.app.processEvents()
    yield from shown(module)


def of_choices(module: Any, _folder: Path) -> Iterator[str]:
    told = [{"device": "cuda:0", "name": "NVIDIA H100", "memory_bytes": 80_000_000_000}]
    yield from shown(module)
    module.panel._advanced.offer_devices(None, looking=True)
    yield from shown(module)
    module.panel._advanced.offer_devices({"devices": told})
    module._parameters.spacing, module._parameters.model = "0.7", "theirs"
    yield from shown(module)
    Speed(slicer.app.userSettings(), "auto", "auto", "auto").learn("theirs", "standard", 1000, 9.0)
    choose(module.ui.inputSelector, add_thick_volume())
    yield from shown(module)


def of_comparison(module: Any, _folder: Path) -> Iterator[str]:
    """Without views, and with them, whose headings are short."""
    yield from shown(module)
    views = SliceViews(slicer.mrmlScene)
    thick, thin = add_thick_volume("Thick"), add_thick_volume("Thin", slices=36, spacing_mm=1.0)
    finished(thick)
    choose(module.ui.inputSelector, None)
    choose(module.ui.inputSelector, thick)
    choose(module.ui.thinSelector, thin)
    module.ui.compareButton.click()
    yield from (views.node(name).GetLayoutLabel() for name in views.shown_names())
    yield from shown(module)
    module.ui.compareButton.click()
    views.close()


def of_models_section(module: Any, _folder: Path) -> Iterator[str]:
    workers: list[Any] = []

    def worker(_arguments: list[str], **listeners: Any) -> Any:
        """Stands for the process, and tells what the test wants."""
        nothing = lambda: None  # noqa: E731
        workers.append(SimpleNamespace(running=False, start=nothing, abandon=nothing, **listeners))
        return workers[-1]

    section, ui, questions = module.panel._models, module.ui, []
    models = (ListedModel("far", 1, "missing", downloadable=True), ListedModel("mine", 1, "local", "own", Path("mine")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models_section, "Worker", worker)
        patch.setattr(models_section, "missing_requirements", lambda: True)
        module.panel._available.devices = None
        section._section_folded(False)
        yield from shown(module)
        patch.setattr(module.panel._available, "ask", lambda then: then())
        section.ask()
        yield from shown(module)
        section._weights_told(WeightsList(models, Path("own"), (None, None)))
        yield from shown(module)
        section._dialogs = Dialogs(ask=lambda text: not questions.append(text), choose_weights_file=lambda: Path("a"))
        for row, button in ((0, ui.downloadButton), (0, ui.importButton), (1, ui.removeButton)):
            ui.modelsList.currentRow = row
            assert button.enabled
            button.click()
            yield from shown(module)
            if button is ui.downloadButton:
                workers[-1].on_event(Progressed("download", 1, 2, None))
                yield from shown(module)
            workers[-1].on_ended(Ending(0))
            yield from shown(module)
            slicer.app.processEvents()  # it lists the models anew
        yield from questions


def agree() -> None:
    """In the place of the user, when the dialog is open."""
    qt.QApplication.activeModalWidget().accept()


def of_dialogs(module: Any, _folder: Path) -> Iterator[str]:
    """Slicer's and Qt's own dialogs, as they are asked for."""
    told: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slicer.util, "mainWindow", lambda: None)
        patch.setattr(slicer.util, "messageBox", lambda *texts, **more: told.extend([*texts, *more.values()]))
        # Not in Qt's own class, of which PySide has one for each way to see its properties.
        asks = lambda *texts: told.extend(texts) or ""  # noqa: E731
        patch.setattr(qt, "QFileDialog", SimpleNamespace(getOpenFileName=asks, getExistingDirectory=asks))
        module.ui.importButton.click()
        module.panel._messages.show_end(Outcome(False, False, "device", "It has failed.", "log"), "It has failed.")
        module.ui.logButton.click()
        later(agree)
        export_dialog.choose_export(False)
    yield from map(str, told)
    dialog = export_dialog.ExportDialog(has_bis=True)
    yield str(dialog.widget.property("windowTitle"))
    for widget in dialog.widget.findChildren(qt.QWidget):
        for name in ("text", "toolTip"):
            yield str(widget.property(name) or "")
