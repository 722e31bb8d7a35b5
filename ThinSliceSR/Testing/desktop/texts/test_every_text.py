"""Every text of these files is made to appear as a user meets it: in the panel, or in what it is told to show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import slicer
from driving import add_thick_volume, choose, wait_for
from result_making import finished
from running import done_outcome
from ThinSliceSRLib.desktop.dicom.export_dialog import ExportDialog
from ThinSliceSRLib.desktop.panel import input_section, status_texts
from ThinSliceSRLib.desktop.run.doubt_places import Place
from ThinSliceSRLib.desktop.run.doubt_search import SearchRequest
from ThinSliceSRLib.desktop.scene.volume_nodes import cannot_write, require_room
from ThinSliceSRLib.desktop.setup.weights_list import ListedModel, WeightsList, doubt_obstacle, models_to_choose
from ThinSliceSRLib.desktop.worker.outcome import Outcome, Progress, unexpected_sentence
from ThinSliceSRLib.desktop.worker.private_folder import PrivateFolder
from ThinSliceSRLib.desktop.worker.speed import Speed
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.events.told import ExportFinished
from volume_making import PLAIN, oblique, volume_node

from translation.update_translations import python_texts

pytestmark = pytest.mark.usefixtures("application")

SAGITTAL = np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


def shown(module: Any) -> Iterator[str]:
    """All that the panel shows or would show in a tooltip."""
    for widget in vars(module.ui).values():
        for name in ("text", "toolTip"):
            yield str(widget.property(name) or "")
        if widget.inherits("QComboBox"):
            yield from (widget.itemText(index) for index in range(widget.count))
            yield from (str(widget.itemData(index, 3) or "") for index in range(widget.count))  # its tooltip


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


def of_inputs(module: Any, folder: Path) -> Iterator[str]:
    """Of all that may be chosen as an input, and of all that is said of where the files for a run lie."""
    scene = slicer.mrmlScene
    chest = slicer.util.arrayFromVolume(add_thick_volume()).astype(np.float32)
    unit, offset, other = (chest + 1024) / 3072, chest + 1024, chest + 5000
    for hu in (unit, offset, other):
        slicer.util.updateVolumeFromArray(node := add_thick_volume(), hu)
        yield from chosen(module, node)
    label_map = scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode", "Labels")
    slicer.util.updateVolumeFromArray(label_map, np.zeros((4, 4, 4), np.int16))
    colour = scene.AddNewNodeByClass("vtkMRMLVectorVolumeNode", "Colour")
    slicer.util.updateVolumeFromArray(colour, np.zeros((4, 4, 4, 3), np.uint8))
    leaning = PLAIN.copy()
    leaning[:, 2] = (0.0, np.sin(np.radians(12.0)), np.cos(np.radians(12.0)))
    doubtful, thick, warped = volume_node(), volume_node(), volume_node()
    doubtful.SetAttribute("ThinSliceSR.GivenSliceThicknessMm", "30")
    thick.SetAttribute("ThinSliceSR.GivenSliceThicknessMm", "5")
    warp = scene.AddNewNodeByClass("vtkMRMLGridTransformNode", "Acquisition")
    warped.SetAndObserveTransformNodeID(warp.GetID())
    made = [volume_node(directions=directions) for directions in (PLAIN, SAGITTAL, CORONAL, oblique(45), leaning)]
    results = finished(thick)
    nodes = [label_map, colour, doubtful, thick, warped, results.dls, volume_node(spacing=(0.7, 0.7, 1.0)), *made]
    nodes += [scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty"), volume_node(size=(20, 16, 1)), None]
    for node in nodes:
        yield from chosen(module, node)
    beside = folder / "chest.nii"  # what dcm2niix writes beside a file, damaged
    beside.with_suffix(".json").write_text("{")
    beside.write_bytes(b"")
    stored = scene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    stored.SetFileName(str(beside))
    thick.SetAndObserveStorageNodeID(stored.GetID())
    thick.RemoveAttribute("ThinSliceSR.GivenSliceThicknessMm")
    yield from chosen(module, thick)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(input_section, "AT_ONCE_VOXELS", 0)
        yield from chosen(module, add_thick_volume("Large"))
    for where, size in ((folder, 10**18), (folder / "gone", 1)):
        with pytest.raises(ThinSliceError) as refused:
            require_room(where, size)
        yield str(refused.value)
    yield str(cannot_write())
    with pytest.raises(ThinSliceError) as refused:
        module.logic.synthesize(None)
    yield str(refused.value)


def chosen(module: Any, node: Any) -> Iterator[str]:
    choose(module.ui.inputSelector, node)
    if node is not None and module._parameters.inputVolume is not node:  # as what the selector does not offer
        module.panel._input.show(node)
    yield from shown(module)


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
    for places in ([], [Place((0, 0, 0), (1, 2, 3), 5.0, -800, -500, 90, "stands")]):
        module.panel._doubt.show_places(request, places)
        yield from shown(module)
    slicer.mrmlScene.RemoveNode(results.bis)
    for node in slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode"):
        slicer.mrmlScene.RemoveNode(node)
    wait_for(lambda: "needs BIS" in module.ui.placesLabel.text)
    yield from shown(module)


def of_choices(module: Any, _folder: Path) -> Iterator[str]:
    told = [{"device": "cuda:0", "name": "NVIDIA H100", "memory_bytes": 80_000_000_000}]
    yield from shown(module)
    module.panel._advanced.offer_devices(None, looking=True)
    yield from shown(module)
    module.panel._advanced.offer_devices({"devices": told})
    module._parameters.spacing, module._parameters.model = "0.7", "theirs"
    yield from shown(module)
    Speed(slicer.app.userSettings(), "theirs", "auto", "auto", "auto").learn("standard", 1000, 9.0)
    choose(module.ui.inputSelector, add_thick_volume())
    yield from shown(module)


def of_export_dialog(_module: Any, _folder: Path) -> Iterator[str]:
    dialog = ExportDialog(has_bis=True)
    yield str(dialog.widget.property("windowTitle"))
    for widget in dialog.widget.findChildren(qt.QWidget):
        for name in ("text", "toolTip"):
            yield str(widget.property(name) or "")


def of_failures(_module: Any, folder: Path) -> Iterator[str]:
    yield from map(unexpected_sentence, (MemoryError(), OverflowError()))
    file = folder / "file"
    file.write_text("")
    private = PrivateFolder(folder)
    private.remove()
    with pytest.raises(ThinSliceError) as refused:
        private.new_folder()
    yield str(refused.value)


SHOWN_BY: dict[str, Callable[[Any, Path], Iterator[str]]] = {
    "panel.status_texts": of_status,
    "setup.weights_list": of_models,
    "panel.input_section": of_inputs,
    "scene.input_facts": of_inputs,
    "scene.volume_nodes": of_inputs,
    "panel.doubt_section": of_doubt,
    "panel.advanced_section": of_choices,
    "dicom.export_dialog": of_export_dialog,
    "worker.outcome": of_failures,
    "worker.private_folder": of_failures,
}
ELSEWHERE = {("dicom.export_dialog", "Folder for the DICOM series")}  # the title of Qt's own dialog


@pytest.mark.parametrize("shows", dict.fromkeys(SHOWN_BY.values()), ids=lambda shows: shows.__name__)
def test_every_text_appears(shows: Callable[[Any, Path], Iterator[str]], module: Any, tmp_path: Path):
    contexts = {context for context, by in SHOWN_BY.items() if by is shows}
    texts = [text for text in set(python_texts()) if text[0] in contexts and text not in ELSEWHERE]
    assert len(texts) > 1 or contexts == {"worker.private_folder"}
    seen = "\n".join(set(shows(module, tmp_path))).replace("&gt;", ">").replace("&#x27;", "'").replace("&quot;", '"')
    assert [text for text in texts if not re.search(as_shown(text[1]), seen)] == []


def as_shown(text: str) -> str:
    """What finds the text where anything may stand for what is in braces."""
    return r".+?".join(map(re.escape, re.split(r"\{[^{}]*\}", text)))
