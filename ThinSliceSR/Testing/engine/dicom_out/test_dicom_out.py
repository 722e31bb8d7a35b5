"""Derived series: where their voxels lie, what they say of themselves, and what of their source they repeat."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from derived_series_making import (
    ACQUISITION,
    HOSPITAL,
    SHA256,
    Derived,
    derive,
    everything,
    height,
    write_hospital_series,
)
from dicom_making import slice_positions, write_series
from models import linear_model
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless
from ThinSliceSRLib.engine import ENGINE_VERSION
from ThinSliceSRLib.engine.dicom_in.series_index import find_series
from ThinSliceSRLib.engine.dicom_out.derivation import derivation_of
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.provenance import bis_header, dls_header, thick_slices_entries
from ThinSliceSRLib.engine.synthesis.slab import SlabError
from ThinSliceSRLib.engine.synthesis.synthesize import Synthesis
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume

SYNTHETIC_DATA = 0x0008001C
REPEATED = (
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize"),
    *("PatientWeight", "PatientComments", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber"),
    *("StudyDescription", "ReferringPhysicianName", "FrameOfReferenceUID", "PositionReferenceIndicator", "KVP"),
    *("BodyPartExamined", "PatientPosition", "ContrastBolusAgent", "WindowCenter", "WindowWidth"),
    *("WindowCenterWidthExplanation", "SpecificCharacterSet", "TimezoneOffsetFromUTC"),
)
FIVE = SlabProfile(5.0, 5.0)
BOTH = pytest.mark.parametrize("name", ["DLS", "BIS"])


@pytest.fixture(scope="module")
def derived(tmp_path_factory: pytest.TempPathFactory) -> Derived:
    folder = tmp_path_factory.mktemp("scan")
    write_hospital_series(folder / "source")
    return derive(folder / "source", folder / "dicom")


@BOTH
def test_a_series_reads_back_with_its_hu_at_their_places(derived: Derived, name: str):
    written, wanted = read_volume(derived.folder / name), derived.volumes[name]
    np.testing.assert_array_equal(written.hu, wanted.hu)
    np.testing.assert_allclose(written.origin_mm, wanted.origin_mm, atol=1e-9)
    np.testing.assert_allclose(written.spacing_mm, wanted.spacing_mm, atol=1e-9)
    np.testing.assert_allclose(written.direction, wanted.direction, atol=1e-12)
    assert written.acquisition.slice_thickness_mm == 1.0


@BOTH
def test_itk_reads_the_same(derived: Derived, name: str):
    image = sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(derived.folder / name)))
    wanted = derived.volumes[name].to_image()
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(wanted))
    for fact in ("GetOrigin", "GetSpacing", "GetDirection"):
        np.testing.assert_allclose(getattr(image, fact)(), getattr(wanted, fact)(), atol=1e-6)


@pytest.mark.parametrize(
    ("compression", "syntax"),
    [("none", ExplicitVRLittleEndian), ("rle", RLELossless), ("jpeg2000", JPEG2000Lossless)],
)
def test_every_compression_keeps_all_of_int16_exactly(compression: str, syntax: UID, tmp_path: Path):
    write_hospital_series(tmp_path / "source", LossyImageCompression="00")
    derived = derive(tmp_path / "source", tmp_path / "dicom", compression)
    written = read_volume(derived.folder / "DLS").hu
    np.testing.assert_array_equal(written, derived.volumes["DLS"].hu)
    assert (written.min(), written.max()) == (-32768, 32767)
    for dataset in derived.slices():
        assert dataset.file_meta.TransferSyntaxUID == syntax
        assert dataset.file_meta.MediaStorageSOPInstanceUID == dataset.SOPInstanceUID
        assert dataset.LossyImageCompression == "00"


def test_oblique_slices_lie_where_they_should(tmp_path: Path):
    axes = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
    orientation = [round(value, 9) for value in (*axes[:, 0], *axes[:, 1])]
    positions = np.round(slice_positions(4, 5.0, orientation, (-123.456, 78.9, 1011.12)), 6)
    write_hospital_series(tmp_path / "source", positions=positions, ImageOrientationPatient=orientation)
    derived = derive(tmp_path / "source", tmp_path / "dicom")
    written = sorted([list(map(float, item.ImagePositionPatient)) for item in derived.slices()])
    expected = positions[0] + np.arange(16)[:, None] / 15 * (positions[-1] - positions[0])
    np.testing.assert_allclose(written, sorted(expected.tolist()), atol=1e-6)


def test_slices_are_numbered_in_the_direction_of_the_source(derived: Derived, tmp_path: Path):
    assert [item.InstanceNumber for item in derived.slices()] == list(range(1, 17))
    places = [height(item) for item in derived.slices()]
    assert places == sorted(places, reverse=True)
    write_series(tmp_path / "source", derived.thick.hu, **HOSPITAL)
    places = [height(item) for item in derive(tmp_path / "source", tmp_path / "dicom").slices()]
    assert places == sorted(places)


@BOTH
def test_a_series_says_what_it_is(derived: Derived, name: str):
    for dataset in derived.slices(name):
        assert dataset.SOPClassUID == CTImageStorage
        assert list(dataset.ImageType) == ["DERIVED", "SECONDARY", "AXIAL"]
        assert dataset.Modality == "CT"
        assert dataset.SeriesDescription == f"Chest 5.0 {name} 1 mm (synthetic)"
        assert dataset.SeriesNumber == {"DLS": 2001, "BIS": 2002}[name]
        assert dataset[SYNTHETIC_DATA].value == "YES"
        assert dataset.ContentQualification == "RESEARCH"
        assert "BurnedInAnnotation" not in dataset  # as the source says nothing of it
        assert dataset.DerivationCodeSequence[0].CodeValue == "113085"
        assert "for research only" in dataset.DerivationDescription
        assert (dataset.Manufacturer, dataset.ManufacturerModelName) == ("ThinSliceSR", "ThinSliceSR")
        assert (dataset.SliceThickness, dataset.SpacingBetweenSlices) == (1, 1)
        assert (dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType) == (1, 0, "HU")
        assert (dataset.AcquisitionNumber, dataset["AcquisitionNumber"].VR) == (None, "IS")


def test_the_equipment_is_the_scanner_and_the_program_with_its_model(derived: Derived):
    for name, code in (("DLS", "109100"), ("BIS", "109102")):
        dataset = derived.slices(name)[0]
        scanner, program = dataset.ContributingEquipmentSequence
        assert scanner.PurposeOfReferenceCodeSequence[0].CodeValue == "109101"
        assert (scanner.Manufacturer, scanner.StationName) == ("Acme Imaging", "CT-KELLER-2")
        assert program.PurposeOfReferenceCodeSequence[0].CodeValue == code
        assert program.ContributionDescription == dataset.DerivationDescription
    software = [f"ThinSliceSR {ENGINE_VERSION}", SHA256, "model cthnet-test"]
    assert list(derived.slices("DLS")[0].SoftwareVersions) == software
    assert derived.slices("BIS")[0].SoftwareVersions == software[0]
    assert SHA256 in derived.slices("DLS")[0].DerivationDescription
    assert len(derived.slices("DLS")[0].DerivationDescription) < 1024


@pytest.mark.parametrize("slab_mm", [None, 6.0])
def test_the_derivation_tells_of_thick_and_thin_slices_what_is_known(slab_mm: float | None):
    told = Acquisition(slice_thickness_mm=slab_mm)
    thick = Volume(np.zeros((4, 8, 8), np.int16), (0.7, 0.7, 4.8), acquisition=told)
    synthesis = Synthesis(thick, FIVE, SlabError(0.25, 1.5), "CPU", "bf16", "computed")
    made_of = thick_slices_entries(thick, "0.7", 0.7)
    thickness = "6 mm thick" if slab_mm else "4.8 mm thick (assumed)"
    sentence = f"The thick slices are {thickness} and 4.8 mm apart, these 0.7 mm apart."
    for header in (dls_header(linear_model(), synthesis, True), bis_header()):
        assert derivation_of(header | made_of).description.endswith(f" {sentence}")
        assert "thick and" not in derivation_of(header).description  # as of a result of an earlier version


def test_a_model_of_any_name_fits_into_the_attributes():
    model = replace(linear_model(), name="größe\\2\n" * 20, sha256=SHA256, trained=True)
    synthesis = Synthesis(Volume(np.zeros((1, 1, 1))), FIVE, SlabError(0.25, 1.5), "GPU™ " * 300, "bf16", "computed")
    derivation = derivation_of(dls_header(model, synthesis, slab_consistent=False))
    assert derivation.software[2].startswith("model gr??e?2?gr??e?2?")
    assert [len(version) <= 64 for version in derivation.software] == [True] * 3
    assert len(derivation.description) == 1024
    assert SHA256 in derivation.description
    assert derivation.description.isascii()


@BOTH
def test_patient_study_and_place_are_those_of_the_source(derived: Derived, name: str):
    source = pydicom.dcmread(next(derived.source.iterdir()))
    for dataset in derived.slices(name):
        assert {keyword: dataset.get(keyword) for keyword in REPEATED} == {
            keyword: source.get(keyword) for keyword in REPEATED
        }


@BOTH
def test_nothing_is_claimed_that_only_an_acquisition_can_claim(derived: Derived, name: str):
    for dataset in derived.slices(name):
        for keyword, value in ACQUISITION.items():
            assert dataset.get(keyword) != value, keyword
        assert not any(element.tag.is_private for element in everything(dataset))


def test_all_identifiers_of_the_new_series_are_new(derived: Derived, tmp_path: Path):
    again = derive(derived.source, tmp_path / "again")
    groups = [derived.slices("DLS"), derived.slices("BIS"), again.slices("DLS"), again.slices("BIS")]
    instances = [item.SOPInstanceUID for group in groups for item in group]
    series = [{item.SeriesInstanceUID for item in group} for group in groups]
    assert len(set(instances)) == len(instances) == 4 * 16
    assert [len(group) for group in series] == [1] * 4
    assert len(set.union(*series)) == 4
    for uid in (*instances, *set.union(*series)):
        assert uid.startswith("2.25.")
        assert uid.is_valid


def test_each_slice_names_the_source_slices_between_which_it_lies(derived: Derived):
    source = {}
    for path in derived.source.iterdir():
        item = pydicom.dcmread(path)
        source[item.SOPInstanceUID] = height(item)
    for dataset in derived.slices():
        place = height(dataset)
        references = dataset.SourceImageSequence
        assert {item.PurposeOfReferenceCodeSequence[0].CodeValue for item in references} == {"121322"}
        named = {source[item.ReferencedSOPInstanceUID] for item in references}
        assert named == {other for other in source.values() if abs(other - place) < 5 - 1e-6}
        assert len(named) == (1 if round(place) % 5 == 0 else 2)


def test_the_folder_holds_two_series_of_one_study(derived: Derived):
    found = find_series(derived.folder)
    assert [str(item) for item in found] == [
        'number 2001 "Chest 5.0 DLS 1 mm (synthetic)" (16 slices, 1 mm apart, 1 mm thick, synthetic)',
        'number 2002 "Chest 5.0 BIS 1 mm (synthetic)" (16 slices, 1 mm apart, 1 mm thick, synthetic)',
    ]


def test_the_times_of_the_making_are_told_in_the_timezone_of_the_source(derived: Derived):
    dataset = derived.slices()[0]
    told = datetime.strptime(dataset.SeriesDate + dataset.SeriesTime + "+0930", "%Y%m%d%H%M%S%z")
    assert 0 <= (datetime.now(timezone.utc) - told).total_seconds() < 600
    assert (
        dataset.ContributingEquipmentSequence[-1].ContributionDateTime
        == f"{dataset.SeriesDate}{dataset.SeriesTime}+0930"
    )
