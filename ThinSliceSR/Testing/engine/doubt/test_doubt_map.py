"""The doubt as DICOM: a Parametric Map in the study of the source, on the slices of the DLS series."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import IDENTITY, Derived, derive, everything, write_hospital_series
from models import CALIBRATION, linear_model
from pydicom.dataset import Dataset
from ThinSliceSRLib.engine.dicom_out.export import export_results
from ThinSliceSRLib.engine.dicom_out.pending_series import DicomOutput
from ThinSliceSRLib.engine.errors import ThinSliceError, UnusableInput
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.provenance import dls_header, doubt_header
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.synthesis.slab import SlabError
from ThinSliceSRLib.engine.synthesis.synthesize import Synthesis
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

pytest.importorskip("highdicom")


def map_of(derived: Derived) -> Dataset:
    [path] = derived.files("DOUBT")
    return pydicom.dcmread(path)


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Derived:
    folder = tmp_path_factory.mktemp("scan")
    write_hospital_series(folder / "source")
    return derive(folder / "source", folder / "dicom", "rle", doubt=True)


def test_a_map_holds_the_doubt_in_hu_slice_by_slice_upwards(derived: Derived):
    made = map_of(derived)
    assert made.SOPClassUID.name == "Parametric Map Storage"
    np.testing.assert_array_equal(made.pixel_array, derived.volumes["DOUBT"].hu)
    [mapping] = made.SharedFunctionalGroupsSequence[0].RealWorldValueMappingSequence
    assert (mapping.RealWorldValueSlope, mapping.RealWorldValueIntercept) == (1, 0)
    unit = mapping.MeasurementUnitsCodeSequence[0]
    assert (unit.CodeValue, unit.CodingSchemeDesignator) == ("[hnsf'U]", "UCUM")
    frames = made.PerFrameFunctionalGroupsSequence
    heights = [frame.PlanePositionSequence[0].ImagePositionPatient[2] for frame in frames]
    assert heights == sorted(heights)
    assert heights == sorted(float(header.ImagePositionPatient[2]) for header in derived.slices("DLS"))


def test_a_map_says_what_it_is_and_what_it_was_made_of(derived: Derived):
    made, dls = map_of(derived), derived.slices("DLS")
    assert made[0x0008, 0x001C].value == "YES"
    assert "Low doubt is no proof" in made.DerivationDescription
    assert made.SeriesDescription == "Chest 5.0 DOUBT 1 mm (synthetic)"
    assert made.StudyInstanceUID == IDENTITY["StudyInstanceUID"]
    assert made.FrameOfReferenceUID == IDENTITY["FrameOfReferenceUID"]
    assert made.SeriesInstanceUID not in (dls[0].SeriesInstanceUID, IDENTITY["SeriesInstanceUID"])
    assert made.SeriesNumber != dls[0].SeriesNumber
    named = {item.SeriesInstanceUID: item.ReferencedInstanceSequence for item in made.ReferencedSeriesSequence}
    assert named.keys() == {dls[0].SeriesInstanceUID, IDENTITY["SeriesInstanceUID"]}
    sources = {str(pydicom.dcmread(path).SOPInstanceUID) for path in derived.source.iterdir()}
    assert {item.ReferencedSOPInstanceUID for item in named[IDENTITY["SeriesInstanceUID"]]} == sources
    by_place = {float(header.ImagePositionPatient[2]): header for header in dls}
    for frame in made.PerFrameFunctionalGroupsSequence:
        header = by_place[frame.PlanePositionSequence[0].ImagePositionPatient[2]]
        told = [item.ReferencedSOPInstanceUID for item in frame.DerivationImageSequence[0].SourceImageSequence]
        around = [item.ReferencedSOPInstanceUID for item in header.SourceImageSequence]
        assert told == [header.SOPInstanceUID, *around]


def test_names_and_dates_stay_as_they_are_stored(tmp_path: Path):
    tags = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう"}
    write_hospital_series(tmp_path / "source", **tags)
    made = derive(tmp_path / "source", tmp_path / "dicom", doubt=True)
    one, other = pydicom.dcmread(made.files("DOUBT")[0]), pydicom.dcmread(made.files("DLS")[0])
    for keyword in ("PatientName", "PatientBirthDate", "StudyDescription", "SpecificCharacterSet", "ContentDate"):
        assert one.get_item(keyword).value == other.get_item(keyword).value


def test_an_anonymous_map_tells_nothing_of_whose_it_is(tmp_path: Path):
    write_hospital_series(tmp_path / "source")
    made = derive(tmp_path / "source", tmp_path / "dicom", anonymous=True, doubt=True)
    told, other = map_of(made), made.slices("DLS")[0]
    values = [str(element.value) for element in everything(told) if element.VR != "SQ"]
    kept = {"F"}  # a letter that others use, too
    for value in {str(value) for value in IDENTITY.values()} - kept:
        assert not any(value in text for text in values), value
    sources = {str(pydicom.dcmread(path).SOPInstanceUID) for path in made.source.iterdir()}
    assert not sources & set(values)
    assert (told.PatientID, told.StudyInstanceUID) == (other.PatientID, other.StudyInstanceUID)
    assert told.PatientIdentityRemoved == "YES"
    assert (told.ContentDate, told.ContentTime) == ("19000101", "000000")
    assert "InstanceCreationDate" not in told
    assert "SeriesDate" not in told


def test_synthesize_writes_the_map_with_the_series(tmp_path: Path, doubting_weights: Path):
    write_hospital_series(tmp_path / "source")
    job = Job(
        tmp_path / "source", tmp_path / "dls.nrrd", dicom_out=tmp_path / "dicom",
        doubt=tmp_path / "doubt.nrrd", weights=str(doubting_weights),
    )  # fmt: skip
    with ExitStack() as undo:
        outcome = run_job(job, SilentReporter(), undo)
        undo.pop_all()
    assert {path.name for path in (tmp_path / "dicom").iterdir()} == {"DLS", "DOUBT"}
    assert outcome.doubt
    made = pydicom.dcmread(tmp_path / "dicom" / "DOUBT" / "0001.dcm")
    np.testing.assert_array_equal(made.pixel_array, outcome.doubt.hu)
    with ExitStack() as undo:  # what an earlier run has written may be replaced
        run_job(replace(job, overwrite=True), SilentReporter(), undo)
        undo.pop_all()


def test_without_highdicom_it_is_told_before_any_work(
    tmp_path: Path, doubting_weights: Path, monkeypatch: pytest.MonkeyPatch
):
    write_hospital_series(tmp_path / "source")
    monkeypatch.setitem(sys.modules, "highdicom", None)
    job = Job(
        tmp_path / "source", tmp_path / "dls.nrrd", dicom_out=tmp_path / "dicom",
        doubt=tmp_path / "doubt.nrrd", weights=str(doubting_weights),
    )  # fmt: skip
    with ExitStack() as undo, pytest.raises(ThinSliceError, match="pip install highdicom") as refusal:
        run_job(job, SilentReporter(), undo)
    assert refusal.value.code == "no_highdicom"
    assert {path.name for path in tmp_path.iterdir()} == {"source"}


def test_a_doubt_is_exported_with_its_dls_volume_and_not_without(tmp_path: Path, derived: Derived):
    model = replace(linear_model(), name="cthnet-test", sha256="0" * 64, trained=True)
    dls, doubt = derived.volumes["DLS"], derived.volumes["DOUBT"]
    synthesis = Synthesis(dls, SlabProfile(5.0, 5.0), SlabError(0.25, 1.5), "CPU", "float32", "computed")
    files = tmp_path / "doubt.nrrd", tmp_path / "dls.nrrd"
    with PendingOutputs() as outputs:
        outputs.write(doubt, files[0], doubt_header(model, CALIBRATION.slabs[0]))
        outputs.write(dls, files[1], dls_header(model, synthesis, slab_consistent=True))
    with ExitStack() as undo, pytest.raises(UnusableInput, match="write both together") as refusal:
        export_results(files[:1], derived.source, DicomOutput(tmp_path / "alone"), SilentReporter(), undo)
    assert refusal.value.code == "no_dls"
    assert not (tmp_path / "alone").exists()
    with ExitStack() as undo:
        export_results(files, derived.source, DicomOutput(tmp_path / "both"), SilentReporter(), undo)
        undo.pop_all()
    assert {path.name for path in (tmp_path / "both").iterdir()} == {"DLS", "DOUBT"}
