"""What the DICOM module's own export and loading make of results and of series of ours."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydicom
import pytest
import slicer
from driving import add_thick_volume
from hospital import SERIES, results_of_run
from slicer.dicom import Database, ScalarVolumePlugin, qSlicerDICOMExportable
from ThinSliceSRLib.desktop.scene.result_nodes import results_of
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic

pytestmark = pytest.mark.usefixtures("application")


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The plugin as the DICOM module gets it, after Slicer has loaded its file as a module."""
    import DICOMThinSliceSRPlugin

    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(slicer.app, "temporaryPath", str(tmp_path / "temporary"))
    monkeypatch.setattr(slicer, "qSlicerDICOMExportable", qSlicerDICOMExportable, raising=False)
    monkeypatch.setattr(slicer.modules, "dicomPlugins", {}, raising=False)
    monkeypatch.delattr(slicer.modules, "dicomPlugins")
    DICOMThinSliceSRPlugin.DICOMThinSliceSRPlugin(SimpleNamespace())
    slicer.modules.dicomPlugins["DICOMScalarVolumePlugin"] = ScalarVolumePlugin
    yield slicer.modules.dicomPlugins["DICOMThinSliceSRPlugin"]()
    left = [path.name for path in (tmp_path / "temporary").iterdir() if path.name.startswith("ThinSliceSR")]
    assert left == []


def item_of(node: Any) -> int:
    return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene).GetItemByDataNode(node)


def export(plugin: Any, directory: Path, *nodes: Any) -> str:
    """As the export dialog does: one exportable for each node, with the folder that the user has chosen."""
    exportables = [plugin.examineForExport(item_of(node))[0] for node in nodes]
    for exportable in exportables:
        exportable.directory = str(directory)
    return plugin.export(exportables)


def test_a_result_is_offered_before_slicers_own_way_and_nothing_else_is(thick_from_dicom: Any, plugin: Any):
    results = results_of_run(thick_from_dicom)
    for node in (results.dls, results.bis):
        [exportable] = plugin.examineForExport(item_of(node))
        assert exportable.confidence > 0.5
        assert slicer.modules.dicomPlugins[exportable.pluginClass] is type(plugin)
        assert exportable.subjectHierarchyItemID == item_of(node)
        assert exportable.name
        assert exportable.tooltip
    assert plugin.examineForExport(item_of(thick_from_dicom)) == []


def test_a_chosen_folder_gets_folders_with_the_series(thick_from_dicom: Any, plugin: Any, tmp_path: Path):
    results = results_of_run(thick_from_dicom)
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    assert export(plugin, chosen, results.dls, results.bis) == ""
    files = sorted(path.relative_to(chosen).as_posix() for path in chosen.rglob("*.dcm"))
    assert files[0] == "ThinSliceSR 2/BIS/0001.dcm"
    assert files[-1] == "ThinSliceSR/DLS/0036.dcm"
    assert len(files) == 72
    assert pydicom.dcmread(chosen / files[-1]).SeriesDescription == "Chest 5.0 DLS 1 mm (synthetic)"


def test_slicers_temporary_folder_gets_files_only_which_slicer_removes(
    thick_from_dicom: Any, plugin: Any, tmp_path: Path
):
    results = results_of_run(thick_from_dicom)
    folder = tmp_path / "temporary" / "DICOMExportTemp_1"
    folder.mkdir()
    assert export(plugin, folder, results.dls, results.bis) == ""
    held = list(folder.iterdir())
    assert len(held) == 72
    assert all(path.is_file() for path in held)


def test_a_result_without_a_study_is_refused_in_a_sentence(scene: Any, database: Database, plugin: Any, tmp_path: Path):
    thick = add_thick_volume()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    hierarchy.CreateItem(hierarchy.GetSceneItemID(), thick)
    results = results_of_run(thick)
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    assert "not loaded from DICOM" in export(plugin, chosen, results.dls)
    assert list(chosen.iterdir()) == []


def test_a_series_of_ours_comes_back_as_synthetic_beside_its_input(
    thick_from_dicom: Any, database: Database, plugin: Any, tmp_path: Path
):
    results = results_of_run(thick_from_dicom)
    (tmp_path / "chosen").mkdir()
    export(plugin, tmp_path / "chosen", results.dls)
    for path in (tmp_path / "chosen").rglob("*.dcm"):
        database.insert(path)
    slicer.mrmlScene.RemoveNode(results.dls)
    slicer.mrmlScene.RemoveNode(results.bis)
    [uid] = [uid for uid in database.seriesForStudy("1.2.826.0.1.4711.1") if uid != SERIES]
    file_lists = [list(database.filesForSeries(SERIES)), list(database.filesForSeries(uid))]
    [loadable] = plugin.examineForImport(file_lists)
    assert loadable.files == file_lists[1]
    assert loadable.confidence > 0.5
    loaded = plugin.load(loadable)
    assert is_synthetic(loaded)
    assert results_of(thick_from_dicom) == (loaded, None)


def test_series_of_scanners_are_left_to_others(thick_from_dicom: Any, database: Database, plugin: Any):
    assert plugin.examineForImport([list(database.filesForSeries(SERIES))]) == []


def test_a_slicer_without_dicom_loads_the_file_and_has_no_plugin(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "DICOMLib", None)  # an import of it fails
    monkeypatch.delitem(sys.modules, "DICOMThinSliceSRPlugin", raising=False)
    monkeypatch.setattr(slicer.modules, "dicomPlugins", {}, raising=False)
    monkeypatch.delattr(slicer.modules, "dicomPlugins")
    module = importlib.import_module("DICOMThinSliceSRPlugin")
    parent = SimpleNamespace()
    module.DICOMThinSliceSRPlugin(parent)
    assert parent.hidden
    assert not hasattr(slicer.modules, "dicomPlugins")
    monkeypatch.delitem(sys.modules, "DICOMThinSliceSRPlugin")
