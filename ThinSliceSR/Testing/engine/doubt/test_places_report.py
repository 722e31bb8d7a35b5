"""The places to look at twice as a structured report in the study of the source, on the slices of the DLS series."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pydicom
import pytest
from chest_making import chest
from command_line_runs import names, thinslicesr, write_thick
from derived_series_making import IDENTITY, derive, everything, write_hospital_series
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.doubt import structure_list
from ThinSliceSRLib.engine.doubt.structure_list import NO_PROOF
from ThinSliceSRLib.engine.doubt.structures import Structure
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile

highdicom = pytest.importorskip("highdicom")

PLACES = (
    Structure("stands", (3.5, -2.25, -292.7), (5, 6, 7), 4.24, -500.4, -820.2, 61.7, 308.0),
    Structure("vanishes", (-8.0, 4.0, -298.1), (9, 8, 2), 6.2, -800.4, -520.2, 81.7, 300.0),
)
NAMES = (
    "Place 1, only in DLS: 4.2 mm, expected error 62 HU (synthetic)",
    "Place 2, only in BIS: 6.2 mm, expected error 82 HU (synthetic)",
)


def report_of(folder: Path, anonymous: bool = False, **tags) -> tuple[Dataset, list[Dataset]]:
    """The report of PLACES as it is stored, and the slices of the DLS series."""
    write_hospital_series(folder / "source", **tags)
    made = derive(folder / "source", folder / "dicom", anonymous=anonymous, doubt=True, found=PLACES)
    [path] = made.files("REPORT")
    return pydicom.dcmread(path), made.slices("DLS")


def test_a_report_tells_each_place_where_it_is_and_what_was_measured(tmp_path: Path):
    dataset, dls = report_of(tmp_path)
    report = highdicom.sr.Comprehensive3DSR.from_dataset(dataset)
    points = {"graphic_type": highdicom.sr.GraphicTypeValues3D.POINT, "reference_type": codes.DCM.ImageRegion}
    groups = report.content.get_planar_roi_measurement_groups(**points)  # as Slicer's QuantitativeReporting does
    assert len(groups) == 2
    by_uid = {header.SOPInstanceUID: header for header in dls}
    for number, (group, place) in enumerate(zip(groups, PLACES, strict=True), start=1):
        assert group.tracking_identifier == NAMES[number - 1]
        assert group.finding_type.value == ("ONLY_IN_DLS" if number == 1 else "ONLY_IN_BIS")
        assert group.finding_sites[0].value.meaning == "Lung"
        assert group.roi.frame_of_reference_uid == IDENTITY["FrameOfReferenceUID"]
        np.testing.assert_allclose(group.roi.value, [place.position_lps_mm], atol=1e-4)
        told = {item.name.value: (item.value, item.unit.value) for item in group.get_measurements()}
        assert told == {
            "81827009": (round(place.size_mm, 1), "mm"),
            "112181": (round(place.hu_dls), "[hnsf'U]"),
            "MEAN_IN_BIS": (round(place.hu_bis), "[hnsf'U]"),
            "EXPECTED_ERROR": (round(place.doubt_hu), "[hnsf'U]"),
            "CONTRAST": (round(place.contrast_hu), "[hnsf'U]"),
            "RELATIVE_ERROR": (round(place.relative_doubt, 3), "1"),
        }
        for item in group.get_measurements():
            [image] = item.referenced_images
            away_mm = abs(by_uid[image.referenced_sop_instance_uid].ImagePositionPatient[2] - place.position_lps_mm[2])
            assert away_mm <= 0.5


def test_a_report_says_that_it_is_synthetic_and_no_proof_and_by_no_person(tmp_path: Path):
    dataset, dls = report_of(tmp_path)
    assert dataset.SeriesDescription == "Chest 5.0 REPORT 1 mm (synthetic)"
    assert dataset[0x0008, 0x001C].value == "YES"
    concepts = {item.ConceptNameCodeSequence[0].CodeMeaning: item for item in dataset.ContentSequence}
    comment = concepts["Comment"].TextValue
    assert comment.startswith("SYNTHETIC, for research only")
    assert NO_PROOF in comment
    assert (dataset.VerificationFlag, dataset.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")
    assert dataset.StudyInstanceUID == IDENTITY["StudyInstanceUID"]
    assert dataset.SeriesInstanceUID not in (dls[0].SeriesInstanceUID, IDENTITY["SeriesInstanceUID"])
    assert dataset.SeriesNumber != dls[0].SeriesNumber
    named = [*dataset.CurrentRequestedProcedureEvidenceSequence, *dataset.get("PertinentOtherEvidenceSequence", ())]
    series = {item.SeriesInstanceUID for study in named for item in study.ReferencedSeriesSequence}
    assert series == {dls[0].SeriesInstanceUID}


def test_names_and_dates_stay_as_they_are_stored(tmp_path: Path):
    tags = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "PatientName": "Yamada^Tarou=山田^太郎=やまだ^たろう"}
    one, other = report_of(tmp_path, **tags)
    for keyword in ("PatientName", "PatientBirthDate", "StudyDescription", "SpecificCharacterSet", "ContentDate"):
        assert one.get_item(keyword).value == other[0].get_item(keyword).value


def test_an_anonymous_report_tells_nothing_of_whose_it_is(tmp_path: Path):
    told, dls = report_of(tmp_path, anonymous=True)
    values = [str(element.value) for element in everything(told) if element.VR != "SQ"]
    for value in {str(value) for value in IDENTITY.values()} - {"F"}:  # a letter that others use, too
        assert not any(value in text for text in values), value
    assert (told.PatientID, told.StudyInstanceUID) == (dls[0].PatientID, dls[0].StudyInstanceUID)
    assert (told.ContentDate, told.ContentTime) == ("19000101", "000000")


def test_of_no_places_there_is_no_report(tmp_path: Path):
    write_hospital_series(tmp_path / "source")
    made = derive(tmp_path / "source", tmp_path / "dicom", doubt=True, found=())
    assert names(made.folder) == {"BIS", "DLS", "DOUBT"}


def test_the_verb_writes_the_report_with_the_series_it_refers_to(
    tmp_path: Path,
    doubting_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
):
    # The smallest network interpolates, so that it leads to no place.
    monkeypatch.setattr("ThinSliceSRLib.engine.doubt.structures.find_structures", lambda *_, **__: list(PLACES))
    caplog.set_level(logging.DEBUG)
    thick = simulate_thick(chest(), SlabProfile(5.0, 5.0))
    write_hospital_series(tmp_path / "source", thick.hu)
    run = ["doubt", tmp_path / "source", "--dicom-out", tmp_path / "dicom", "--weights", doubting_weights]
    run += ["--output", tmp_path / "places.json", "--progress", "json"]
    assert main([str(part) for part in run]) == 0
    told = capfd.readouterr()
    finished = json.loads(told.out.splitlines()[-1])
    assert finished["outputs"] == {"places": str(tmp_path / "places.json"), "dicom": str(tmp_path / "dicom")}
    assert len(finished["places"]) == 2
    assert names(tmp_path / "dicom") == {"BIS", "DLS", "DOUBT", "REPORT"}
    assert len(pydicom.dcmread(tmp_path / "dicom" / "REPORT" / "0001.dcm").ContentSequence) > 0
    assert "Musterfrau" not in told.out + told.err + caplog.text
    again = thinslicesr(*run)
    assert (again.returncode, "allow overwriting" in again.stderr) == (2, True)


def test_the_list_and_the_series_stand_together_or_not_at_all(
    tmp_path: Path, doubting_weights: Path, monkeypatch: pytest.MonkeyPatch
):
    write_hospital_series(tmp_path / "source")
    write_list = structure_list.list_file

    def appears_meanwhile(*arguments) -> str:
        (tmp_path / "places.csv").write_text("of another run")
        return write_list(*arguments)

    monkeypatch.setattr(structure_list, "list_file", appears_meanwhile)
    run = ["doubt", tmp_path / "source", "--dicom-out", tmp_path / "dicom", "--output", tmp_path / "places.csv"]
    assert main([str(part) for part in [*run, "--weights", doubting_weights]]) == 2
    assert names(tmp_path) == {"source", "places.csv"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["thick.nrrd", "--dicom-out", "dicom"], "Only what is made from a DICOM series has a study to be added to"),
        (["--dls", "a.nrrd", "--bicubic", "b.nrrd", "--doubt", "c.nrrd", "--dicom-out", "d"], "study of a DICOM input"),
        (["thick.nrrd", "--anonymous"], "need --dicom-out"),
    ],
)
def test_without_a_dicom_input_it_is_told_in_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    write_thick(tmp_path / "thick.nrrd")
    done = thinslicesr("doubt", *arguments)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert sentence in done.stderr
    assert names(tmp_path) == {"thick.nrrd"}
