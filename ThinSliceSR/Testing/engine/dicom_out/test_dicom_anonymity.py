"""Anonymous series: nothing of the patient is in them, judged by the table of the standard and byte by byte."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from derived_series_making import ACQUISITION, IDENTITY, Derived, derive, everything, write_hospital_series
from dicom_making import files_of, put_stored
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2024b
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume

# Table E.1-1 names these, but their values are made by the program, none of them from the source's.
MADE_ANEW = {
    "ContributionDescription",
    "DerivationDescription",
    "FrameOfReferenceUID",
    "PatientID",
    "PatientName",
    "PixelData",
    "SOPInstanceUID",
    "SeriesDescription",
    "SeriesInstanceUID",
    "StudyInstanceUID",
}


@pytest.fixture(scope="module")
def anonymous(tmp_path_factory: pytest.TempPathFactory) -> Derived:
    folder = tmp_path_factory.mktemp("scan")
    write_hospital_series(folder / "source")
    return derive(folder / "source", folder / "dicom", anonymous=True)


def all_slices(derived: Derived) -> list[Dataset]:
    return derived.slices("DLS") + derived.slices("BIS")


def test_no_byte_of_the_identity_is_left(anonymous: Derived):
    secrets = [str(value) for value in {**IDENTITY, **ACQUISITION}.values()] + [
        "Musterfrau",
        "Erika",
        "Hausarzt",
        "syngo",
    ]
    source = [pydicom.dcmread(path) for path in anonymous.source.iterdir()]
    secrets += [str(item.SOPInstanceUID) for item in source]
    secrets = [secret for secret in secrets if len(secret) > 3]  # shorter ones turn up by chance
    for path in (*anonymous.files("DLS"), *anonymous.files("BIS")):
        dataset = pydicom.dcmread(path)
        del dataset.PixelData
        dataset.save_as(path.with_suffix(".header"))
        header = path.with_suffix(".header").read_bytes()
        path.with_suffix(".header").unlink()
        assert [secret for secret in secrets if secret.encode("latin-1") in header] == []


def test_of_what_the_profile_names_only_new_and_empty_values_are_left(anonymous: Derived):
    named = {Tag(*tag) for tag in dicomfields_2024b.ALL_TAGS if len(tag) == 2}
    for dataset in all_slices(anonymous):
        left = {element.keyword for element in everything(dataset) if element.tag in named and not element.is_empty}
        assert left <= MADE_ANEW, left - MADE_ANEW


def test_the_removal_is_declared(anonymous: Derived):
    for dataset in all_slices(anonymous):
        assert dataset.PatientIdentityRemoved == "YES"
        assert dataset.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
        assert "PS3.15" in dataset.DeidentificationMethod
        assert dataset.LongitudinalTemporalInformationModified == "REMOVED"


def test_both_series_of_a_run_belong_to_one_new_patient_and_study(anonymous: Derived, tmp_path: Path):
    keywords = ("PatientName", "PatientID", "StudyInstanceUID", "FrameOfReferenceUID")
    groups = {tuple(str(item[keyword].value) for keyword in keywords) for item in all_slices(anonymous)}
    again = derive(anonymous.source, tmp_path / "again", anonymous=True)
    groups |= {tuple(str(item[keyword].value) for keyword in keywords) for item in all_slices(again)}
    assert len(groups) == 2
    one, other = groups
    assert one[0] == other[0]
    assert all(a != b for a, b in zip(one[1:], other[1:], strict=True))


def test_the_source_is_not_named_and_the_synthesis_still_is(anonymous: Derived):
    for dataset in anonymous.slices("DLS"):
        assert "SourceImageSequence" not in dataset
        assert dataset.SeriesDescription == "DLS 1 mm (synthetic)"
        assert dataset.ContentQualification == "RESEARCH"
        assert "neural network" in dataset.DerivationDescription
        assert (dataset.KVP, dataset.BodyPartExamined) == (120, "CHEST")
    assert (read_volume(anonymous.folder / "DLS").hu == anonymous.volumes["DLS"].hu).all()


def test_of_what_is_kept_nothing_is_free_text(tmp_path: Path):
    write_hospital_series(
        tmp_path / "source", RescaleType="HU", VOILUTFunction="LINEAR", LossyImageCompressionMethod="M"
    )
    for path in files_of(tmp_path / "source"):
        put_stored(path, "SpecificCharacterSet", b"GB18030")
        for keyword in ("BodyPartExamined", "PatientPosition", "VOILUTFunction", "LossyImageCompressionMethod"):
            put_stored(path, keyword, "DOE^JANE 王小东".encode("gb18030"))
        for keyword in ("RescaleType", "KVP"):
            put_stored(path, keyword, b"120 DOE^JANE")
    for path in derive(tmp_path / "source", tmp_path / "dicom", anonymous=True).files():
        assert b"DOE^JANE" not in path.read_bytes()


@pytest.mark.parametrize("told", ["YES", "Yes", "Y"])
def test_a_series_with_text_in_its_pixels_cannot_be_made_anonymous(tmp_path: Path, told: str):
    write_hospital_series(tmp_path / "source", BurnedInAnnotation=told)
    with pytest.raises(UnusableInput) as caught:
        derive(tmp_path / "source", tmp_path / "dicom", anonymous=True)
    assert caught.value.code == "burned_in"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]
    assert derive(tmp_path / "source", tmp_path / "dicom").slices()[0].BurnedInAnnotation == "YES"
