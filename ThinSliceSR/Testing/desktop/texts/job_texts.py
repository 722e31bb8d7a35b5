"""What the panel says of runs, searches and exports: how they go on, and all that can go wrong with them."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import slicer
from dicom_making import AXIAL
from driving import add_thick_volume, choose, on_cpu, wait_for
from fast_worker import install, tell
from hospital import load_into_scene, results_of_run, write_thick_series
from result_making import finished
from shown_texts import shown, when_ended
from slicer.dicom import Database, qSlicerDICOMExportable
from ThinSliceSRLib.desktop.dicom import dicom_export
from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
from ThinSliceSRLib.desktop.dicom.export_dialog import ExportChoice
from ThinSliceSRLib.desktop.worker.later import later
from ThinSliceSRLib.desktop.worker.outcome import unexpected_sentence
from ThinSliceSRLib.desktop.worker.private_folder import PrivateFolder
from ThinSliceSRLib.desktop.worker.request import Request
from ThinSliceSRLib.engine.errors import ThinSliceError


def refusal(action: Callable[..., object], *arguments: Any, **more: Any) -> str:
    """What a script is told."""
    with pytest.raises(ThinSliceError) as refused:
        action(*arguments, **more)
    return str(refused.value)


def of_runs(module: Any, folder: Path) -> Iterator[str]:
    ui, panel, session = module.ui, module.panel, module.logic.session
    worker = str(install(folder))

    def start() -> Any:
        """A run that stands still with slices to see."""
        choose(ui.inputSelector, add_thick_volume())
        on_cpu(module)
        ui.applyButton.click()
        wait_for(lambda: panel._run.visible)
        return panel._run

    def when_running(action: Callable[[], object]) -> None:
        later(action if session.running else lambda: when_running(action), 5)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", worker)
        tell(folder, "hold")
        yield from shown(module)
        run = start()
        yield from shown(module)
        yield refusal(session.start, run.request, on_ended=print)
        ui.applyButton.click()
        yield from shown(module)
        yield from when_ended(module)
        slicer.mrmlScene.RemoveNode(start().request.source)
        yield from when_ended(module)
        slicer.mrmlScene.RemoveNode(start().results.dls)
        yield from when_ended(module)
        run = start()
        patch.setattr(run, "_worker_runs", lambda: False)
        run._filling_failed(OSError(5, "Input/output error"))
        yield from when_ended(module)
        os.kill(start().process_id, signal.SIGKILL)
        yield from when_ended(module)
        for end in (session.cancel, lambda: slicer.mrmlScene.Clear(False)):
            when_running(end)
            yield refusal(session.synthesize, Request(add_thick_volume(), device="cpu"))
        patch.setattr(sys, "executable", str(folder / "nowhere"))
        choose(ui.inputSelector, add_thick_volume())
        ui.applyButton.click()
        yield from when_ended(module)
    panel._installation._running = True
    ui.applyButton.enabled = True
    ui.applyButton.click()
    yield from shown(module)
    panel._installation._running = False


def of_outputs(module: Any, _folder: Path) -> Iterator[str]:
    """Of volumes that are chosen for the results, and cannot be."""
    thick, empty = add_thick_volume(), slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Mine")
    choose(module.ui.inputSelector, thick)
    for dls, bis in ((thick, None), (empty, empty), (add_thick_volume("Other"), None)):
        module._parameters.dlsVolume, module._parameters.bisVolume = dls, bis
        module.ui.applyButton.click()
        yield from shown(module)


def of_searches(module: Any, folder: Path) -> Iterator[str]:
    thick = add_thick_volume()
    results = finished(thick, wants_doubt=True)
    choose(module.ui.inputSelector, None)
    choose(module.ui.inputSelector, thick)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "executable", str(install(folder)))
        tell(folder, "hold")
        module.ui.placesButton.click()
        yield from shown(module)
        slicer.mrmlScene.RemoveNode(results.bis)
        yield from when_ended(module)


def of_exports(module: Any, folder: Path) -> Iterator[str]:
    import DICOMThinSliceSRPlugin

    database, ui, panel = Database(folder / "database"), module.ui, module.panel
    panel._export._choose = lambda _has_bis: ExportChoice(None, with_bis=True, compressed=False, anonymous=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slicer, "dicomDatabase", database, raising=False)
        patch.setattr(slicer, "qSlicerDICOMExportable", qSlicerDICOMExportable, raising=False)
        write_thick_series(folder / "files", AXIAL)
        thick = load_into_scene(database, folder / "files")
        for node in (None, add_thick_volume(), thick):
            choose(ui.inputSelector, node)
            yield from shown(module)
        results = results_of_run(thick)
        panel.show_parameters()
        yield from shown(module)
        plugin = DICOMThinSliceSRPlugin.DICOMThinSliceSRPluginClass()
        hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
        [exportable] = plugin.examineForExport(hierarchy.GetItemByDataNode(results.dls))
        yield from (exportable.name, exportable.tooltip)
        with patch.context() as without:
            without.setattr(dicom_export, "holds_series", lambda _uid, _slices: False)
            ui.exportButton.click()
            yield from shown(module)
            yield from when_ended(module)
        with patch.context() as damaged:
            damaged.setattr(dicom_export, "_let_appear", read_error)
            ui.exportButton.click()
            yield from when_ended(module)
        for name in ("DICOM.instanceUIDs", "ThinSliceSR.Unfinished"):
            results.dls.SetAttribute(name, "1.2.3")
            yield refusal(module.logic.session.export, ExportRequest((results.dls,), folder))
            results.dls.RemoveAttribute(name)
        shutil.rmtree(folder / "database")
        for is_open in (True, False):
            database.isOpen = is_open
            ui.exportButton.click()
            yield from when_ended(module)


def read_error(_file: Path, _target: Path) -> None:
    raise OSError(5, "Input/output error")


def of_failures(_module: Any, folder: Path) -> Iterator[str]:
    yield from map(unexpected_sentence, (MemoryError(), OverflowError()))
    (folder / "file").write_text("")
    private = PrivateFolder(folder)
    private.remove()
    yield refusal(private.new_folder)
