"""Synthetic volumes that come from files and from DICOM are known, whatever has loaded them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slicer
from driving import wait_for
from hospital import results_of_run
from result_making import finished
from saving import loaded_by_slicer, saved_by_slicer
from slicer.dicom import ScalarVolumePlugin
from ThinSliceSRLib.desktop.dicom.dicom_database import INSTANCE_UIDS
from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
from ThinSliceSRLib.desktop.dicom.synthetic_arrivals import SyntheticArrivals
from ThinSliceSRLib.desktop.run.session import Session
from ThinSliceSRLib.desktop.scene.result_nodes import results_of
from ThinSliceSRLib.desktop.scene.synthetic_files import kind_in_file
from ThinSliceSRLib.desktop.scene.synthetic_mark import is_synthetic, kind_of
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.provenance import BIS_CONTENT, DLS_CONTENT, bis_header, phantom_header
from ThinSliceSRLib.engine.volumes.volume import Volume

pytestmark = pytest.mark.usefixtures("application")


def test_a_result_that_slicer_saves_and_loads_elsewhere_is_known(
    thick_from_dicom: Any, arrivals: SyntheticArrivals, tmp_path: Path
):
    results = results_of_run(thick_from_dicom)
    doubt = finished(thick_from_dicom, wants_doubt=True).doubt
    for kind, result in (("DLS", results.dls), ("BIS", results.bis), ("DOUBT", doubt)):
        file = tmp_path / f"{kind}.nrrd"
        saved_by_slicer(result, file)
        values = slicer.util.arrayFromVolume(result).copy()
        slicer.mrmlScene.RemoveNode(result)
        loaded = loaded_by_slicer(file)
        wait_for(lambda: is_synthetic(loaded), 2)  # noqa: B023 - it is called now
        assert kind_of(loaded) == kind
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(loaded), values)


@pytest.mark.parametrize("suffix", [".nrrd", ".nii", ".nii.gz", ".mha"])
def test_what_the_command_line_writes_is_known(arrivals: SyntheticArrivals, tmp_path: Path, suffix: str):
    file = tmp_path / f"bis{suffix}"
    with PendingOutputs(overwrite=False, compressed=True) as outputs:
        outputs.write(Volume(np.zeros((4, 4, 4), np.int16)), file, bis_header())
    loaded = loaded_by_slicer(file)
    wait_for(lambda: is_synthetic(loaded), 2)
    assert kind_of(loaded) == "BIS"


def test_the_phantom_and_other_files_are_no_results(tmp_path: Path):
    volume = Volume(np.zeros((4, 4, 4), np.int16))
    with PendingOutputs(overwrite=False, compressed=True) as outputs:
        outputs.write(volume, tmp_path / "phantom.nrrd", phantom_header(0))
        outputs.write(volume, tmp_path / "plain.nii.gz", {})
    (tmp_path / "cut.nii.gz").write_bytes((tmp_path / "plain.nii.gz").read_bytes()[:30])
    (tmp_path / "any.nrrd").write_bytes(b"\0" * 1000)
    for file in [*tmp_path.iterdir(), tmp_path / "not there.nrrd"]:
        assert kind_in_file(file) is None
    assert DLS_CONTENT.startswith("DLS: ")
    assert BIS_CONTENT.startswith("BIS: ")


@pytest.mark.parametrize("anonymous", [False, True])
def test_a_series_that_slicers_own_plugin_loads_is_known(
    thick_from_dicom: Any, database: Any, arrivals: SyntheticArrivals, session: Session, tmp_path: Path, anonymous: bool
):
    results = results_of_run(thick_from_dicom)
    folder = session.export(ExportRequest((results.dls,), tmp_path, anonymous=anonymous))
    for result in (results.dls, results.bis):
        slicer.mrmlScene.RemoveNode(result)
    files = sorted(folder.rglob("*.dcm"))
    for file in files:
        database.insert(file)
    series = database._headers[next(reversed(database._headers))].SeriesInstanceUID
    loaded = ScalarVolumePlugin().load(ScalarVolumePlugin().examineForImport([database.filesForSeries(series)])[0])
    assert not is_synthetic(loaded), "the plugin does not say so"
    wait_for(lambda: is_synthetic(loaded), 2)
    assert kind_of(loaded) == "DLS"
    assert (results_of(thick_from_dicom)[0] is loaded) != anonymous, "an anonymous series names no input"


def test_a_series_of_others_that_says_that_it_is_synthetic_is_known(
    thick_from_dicom: Any, database: Any, arrivals: SyntheticArrivals
):
    for header in database._headers.values():
        header.add_new(0x0008001C, "CS", "YES")
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Other")
    other.SetAttribute(INSTANCE_UIDS, thick_from_dicom.GetAttribute(INSTANCE_UIDS))
    wait_for(lambda: is_synthetic(other), 2)
    assert kind_of(other) is None


def test_volumes_that_were_there_before_are_looked_at_and_none_after_the_end(thick_from_dicom: Any, tmp_path: Path):
    results = results_of_run(thick_from_dicom)
    saved_by_slicer(results.dls, tmp_path / "dls.nrrd")
    loaded = loaded_by_slicer(tmp_path / "dls.nrrd")
    arrivals = SyntheticArrivals()
    arrivals.start()
    assert is_synthetic(loaded)
    later = loaded_by_slicer(tmp_path / "dls.nrrd")
    arrivals.stop()
    for _ in range(5):
        slicer.app.processEvents()
    assert not is_synthetic(later)
