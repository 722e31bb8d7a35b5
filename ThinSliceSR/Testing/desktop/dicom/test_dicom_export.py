"""Export to DICOM: results of the scene become series of their study, and come back in the same place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import slicer
from driving import wait_for
from hospital import (
    FRAME,
    PATIENT,
    SERIES,
    STUDY,
    THICK_SLICES,
    export,
    load_into_scene,
    new_series,
    results_of_run,
    write_thick_series,
)
from slicer.dicom import Database, ScalarVolumePlugin
from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
from ThinSliceSRLib.desktop.run.session import Session
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.events.told import ExportFinished
from volume_making import under_transform

pytestmark = pytest.mark.usefixtures("application")

TILTED_HEAD = (0.96, 0.28, 0.0, -0.28, 0.96, 0.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
# What Slicer takes for a regular volume: steps that differ by less, and corners that lie off by less (mm).
SLICER_SPACING_TOLERANCE, SLICER_CORNER_TOLERANCE = 1e-2, 1e-3


def refusal(session: Session, request: ExportRequest) -> str:
    """The sentence of an export that cannot begin."""
    with pytest.raises(ThinSliceError) as caught:
        session.start_export(request, on_progress=print, on_ended=print)
    assert not session.running
    return str(caught.value)


def headers(files: Any) -> list[pydicom.Dataset]:
    return sorted((pydicom.dcmread(file) for file in files), key=lambda header: header.InstanceNumber)


def to_ras(node: Any) -> np.ndarray:
    import vtk

    matrix = vtk.vtkMatrix4x4()
    node.GetIJKToRASMatrix(matrix)
    return slicer.util.arrayFromVTKMatrix(matrix)


def voxels(node: Any) -> np.ndarray:
    return slicer.util.arrayFromVolume(node)


def require_regular(node: Any, found: list[pydicom.Dataset]) -> None:
    """Nothing for which Slicer would add an acquisition transform: its plugin compares steps and corners so."""
    found = sorted(
        found, key=lambda header: node.GetAttribute("DICOM.instanceUIDs").split().index(header.SOPInstanceUID)
    )
    positions = np.array([header.ImagePositionPatient for header in found], float)
    row_and_column = np.array(found[0].ImageOrientationPatient, float).reshape(2, 3)
    steps = np.diff(positions @ np.cross(*row_and_column))
    assert np.ptp(steps) < SLICER_SPACING_TOLERANCE
    i, j, k = node.GetImageData().GetDimensions()
    for column, row in ((0, 0), (i, 0), (0, j), (i, j)):
        across = column * float(found[0].PixelSpacing[1]) * row_and_column[0]
        along = row * float(found[0].PixelSpacing[0]) * row_and_column[1]
        told = (positions + across + along) * (-1, -1, 1)
        has = (to_ras(node) @ [[column] * k, [row] * k, range(k), [1] * k])[:3].T
        assert np.abs(told - has).max() < SLICER_CORNER_TOLERANCE


PLACES = {
    "plain": {},
    "turned head": {"orientation": TILTED_HEAD},
    "sagittal": {"orientation": SAGITTAL, "first": (20.0, -80.0, 100.0)},
    "odd spacing": {"spacing_mm": 4.8, "first": (-100.37, -80.11, -312.7)},
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_result_comes_back_from_the_database_in_its_place(
    scene: Any, database: Database, session: Session, tmp_path: Path, place: dict[str, Any]
):
    from DICOMThinSliceSRPlugin import DICOMThinSliceSRPluginClass

    write_thick_series(tmp_path / "files", **place)
    thick = load_into_scene(database, tmp_path / "files")
    transform = under_transform(thick)
    results = results_of_run(thick)
    outcome, told = export(session, ExportRequest((results.dls, results.bis)))
    assert outcome.done, outcome.sentence
    shares = [progress.share for progress in told.progress if progress.stage == "export"]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 1)
    assert told.progress[-1].stage == "import"
    uids = new_series(database)
    assert sorted(uids) == sorted(outcome.told(ExportFinished).series.values())
    assert database.changes >= 1
    slicer.modules.dicomPlugins = {"DICOMScalarVolumePlugin": ScalarVolumePlugin}
    plugin = DICOMThinSliceSRPluginClass()
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    for kind, result in (("DLS", results.dls), ("BIS", results.bis)):
        files = database.filesForSeries(outcome.told(ExportFinished).series[kind])
        [loadable] = plugin.examineForImport([list(files)])
        loaded = plugin.load(loadable)
        np.testing.assert_array_equal(voxels(loaded), voxels(result))
        np.testing.assert_allclose(to_ras(loaded), to_ras(result), rtol=0, atol=1e-4)
        require_regular(loaded, headers(files))
        # In place in the world too, once it is under the transform of its input.
        assert result.GetParentTransformNode() is transform
        items = [hierarchy.GetItemByDataNode(node) for node in (loaded, thick)]
        assert len({hierarchy.GetItemParent(item) for item in items}) == 1


def test_a_series_says_what_it_is_and_where_it_belongs(thick_from_dicom: Any, database: Database, session: Session):
    results = results_of_run(thick_from_dicom)
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert list(outcome.told(ExportFinished).series) == ["DLS"]
    [uid] = new_series(database)
    found = headers(database.filesForSeries(uid))
    assert len(found) == 5 * (THICK_SLICES - 1) + 1
    slices = "The thick slices are 5.5 mm thick and 5 mm apart, these 1 mm apart."
    for header in found:
        assert header.DerivationDescription.endswith(slices)
        assert (header.StudyInstanceUID, header.FrameOfReferenceUID) == (STUDY, FRAME)
        assert header.SeriesDescription == "Chest 5.0 DLS 1 mm (synthetic)"
        assert header.PatientName == PATIENT
        assert "cthnet-test 1" in header.DerivationDescription
        assert "slab consistency on; means of slabs differ from the source by 0.25 HU" in header.DerivationDescription


def test_a_folder_gets_a_new_folder_and_nothing_in_it_is_touched(
    thick_from_dicom: Any, database: Database, session: Session, tmp_path: Path
):
    chosen = tmp_path / "chosen"
    (chosen / "ThinSliceSR").mkdir(parents=True)
    results = results_of_run(thick_from_dicom)
    request = ExportRequest((results.dls, results.bis), chosen, compressed=True, anonymous=True)
    outcome, _told = export(session, request)
    assert outcome.done, outcome.sentence
    assert outcome.told(ExportFinished).outputs["dicom"] == str(chosen / "ThinSliceSR 2")
    assert list((chosen / "ThinSliceSR").iterdir()) == []
    assert sorted(path.name for path in (chosen / "ThinSliceSR 2").iterdir()) == ["BIS", "DLS"]
    found = headers((chosen / "ThinSliceSR 2" / "DLS").iterdir())
    assert PATIENT not in str(found[0])
    assert STUDY not in str(found[0])
    assert {header.file_meta.TransferSyntaxUID.name for header in found} == {"RLE Lossless"}
    assert new_series(database) == []


def test_the_input_may_be_gone_from_the_scene(thick_from_dicom: Any, database: Database, session: Session):
    results = results_of_run(thick_from_dicom)
    slicer.mrmlScene.RemoveNode(thick_from_dicom)
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert outcome.done, outcome.sentence
    assert len(new_series(database)) == 1


def test_no_file_of_the_session_names_the_patient(
    thick_from_dicom: Any, session: Session, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    thick_from_dicom.SetName(PATIENT)
    results = results_of_run(thick_from_dicom)
    seen = []

    def look(*_arguments: object) -> None:
        files = [path for path in temporary_folder.rglob("*") if not path.is_dir()]
        volumes = [path.read_bytes() for path in files if path.suffix == ".nrrd"]
        seen.append((["/".join(path.parts) for path in files], volumes))

    session.start_export(ExportRequest((results.dls,)), on_progress=look, on_ended=lambda outcome: None)
    wait_for(lambda: not session.running, 60)
    names, volumes = seen[0]
    assert len(names) > THICK_SLICES
    assert not any("Muster" in name or STUDY in name for name in names)
    assert volumes
    assert not any(b"Muster" in volume or b"4711" in volume for volume in volumes)


def shift(node: Any) -> None:
    node.SetOrigin(*(place + 2 for place in node.GetOrigin()))


def harden(node: Any) -> None:
    under_transform(node)
    node.HardenTransform()


@pytest.mark.parametrize("move", [shift, harden])
def test_a_result_that_was_moved_is_refused(thick_from_dicom: Any, database: Database, session: Session, move: Any):
    results = results_of_run(thick_from_dicom)
    move(results.dls)
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert not outcome.done
    assert "moved, cropped or resampled" in outcome.sentence
    assert new_series(database) == []


def test_a_transform_above_a_result_does_not_matter(thick_from_dicom: Any, database: Database, session: Session):
    results = results_of_run(thick_from_dicom)
    under_transform(results.dls)
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert outcome.done, outcome.sentence


def test_what_has_no_study_is_refused_in_a_sentence(
    thick_from_dicom: Any, database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
):
    results = results_of_run(thick_from_dicom)
    request = ExportRequest((results.dls,))
    Path(database.filesForSeries(SERIES)[3]).unlink()
    assert "not there any more" in refusal(session, request)
    thick_from_dicom.SetAttribute("DICOM.instanceUIDs", "9.9.9")
    assert "not there any more" in refusal(session, request)
    thick_from_dicom.RemoveAttribute("DICOM.instanceUIDs")
    assert "not loaded from DICOM" in refusal(session, request)
    database.isOpen = False
    assert "not open" in refusal(session, request)
    monkeypatch.delattr(slicer, "dicomDatabase")
    assert "not open" in refusal(session, request)


def test_what_is_unfinished_or_a_series_already_is_refused(thick_from_dicom: Any, database: Database, session: Session):
    results = results_of_run(thick_from_dicom)
    results.dls.SetAttribute("ThinSliceSR.Unfinished", "yes")
    assert "unfinished" in refusal(session, ExportRequest((results.dls,)))
    results.bis.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert "a DICOM series already" in refusal(session, ExportRequest((results.bis,)))


def test_a_result_that_does_not_say_how_it_was_made_is_refused(
    thick_from_dicom: Any, database: Database, session: Session
):
    results = results_of_run(thick_from_dicom)
    results.dls.RemoveAttribute("ThinSliceSR.ModelSha256")
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert "does not say how it was made" in outcome.sentence
