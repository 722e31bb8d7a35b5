"""Derived series of sources of all kinds: names in any script, what is missing, what does not agree."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import derive, height, write_hospital_series
from dicom_making import write_series
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.dicom_out.derived_series import series_description


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^Jürgen"),
        ("ISO_IR 192", "Σωκράτης^Ὁ=王^小東"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        (None, "Muller^Jurgen"),
    ],
)
def test_names_in_any_script_stay_as_they_are(character_set, name: str, tmp_path: Path):
    comment = name.split("=")[-1]
    tags = {"SpecificCharacterSet": character_set, "PatientName": name, "StudyDescription": comment}
    write_hospital_series(tmp_path / "source", **tags, SeriesDescription=comment)
    derived = derive(tmp_path / "source", tmp_path / "dicom")
    source = next((tmp_path / "source").iterdir())
    encoded = pydicom.dcmread(source).get_item("PatientName").value
    for path in (*derived.files("DLS"), *derived.files("BIS")):
        dataset = pydicom.dcmread(path)
        assert dataset.get_item("PatientName").value == encoded
        assert dataset.PatientName == name
        assert dataset.StudyDescription == comment
        assert dataset.SeriesDescription.startswith(comment)


@given(st.text(max_size=80), st.sampled_from(["DLS", "BIS"]), st.floats(0.5, 8))
def test_a_description_of_any_length_is_cut_to_what_dicom_holds(source: str, name: str, spacing: float):
    description = series_description(source.encode(), name, spacing, ["ISO_IR 192"]).decode()
    assert len(description.encode()) <= 64
    assert description.endswith(f"{name} {spacing:.3g} mm (synthetic)")
    if len(source.encode()) < 30 and source.isprintable() and "\\" not in source:
        assert description.startswith(" ".join(source.split()))


def test_a_description_is_cut_by_its_length_in_the_file(tmp_path: Path):
    tags = {"SpecificCharacterSet": ["", "ISO 2022 IR 87"], "SeriesDescription": "胸部" * 25}
    write_hospital_series(tmp_path / "source", **tags)
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert 60 <= len(dataset.get_item("SeriesDescription").value.rstrip()) <= 64
    assert dataset.SeriesDescription.startswith("胸部" * 5)
    assert dataset.SeriesDescription.endswith(" DLS 1 mm (synthetic)")


def test_what_the_slices_do_not_agree_on_is_left_out(tmp_path: Path):
    write_hospital_series(tmp_path / "source")
    path = next((tmp_path / "source").iterdir())
    dataset = pydicom.dcmread(path)
    dataset.StudyDescription, dataset.KVP = "Another", 80
    dataset.save_as(path)
    for dataset in derive(tmp_path / "source", tmp_path / "dicom").slices():
        assert "StudyDescription" not in dataset
        assert dataset["KVP"].is_empty


def test_each_slice_has_the_window_of_its_nearest_source_slice(tmp_path: Path):
    write_hospital_series(tmp_path / "source")
    for path in (tmp_path / "source").iterdir():
        dataset = pydicom.dcmread(path)
        dataset.WindowCenter, dataset.WindowWidth = [height(dataset), 0], [100, 200]
        dataset.save_as(path)
    for dataset in derive(tmp_path / "source", tmp_path / "dicom").slices():
        assert abs(dataset.WindowCenter[0] - height(dataset)) <= 2


def test_without_a_frame_of_reference_the_new_series_share_a_new_one(tmp_path: Path):
    write_hospital_series(tmp_path / "source", FrameOfReferenceUID=None)
    derived = derive(tmp_path / "source", tmp_path / "dicom")
    frames = {item.FrameOfReferenceUID for name in ("DLS", "BIS") for item in derived.slices(name)}
    assert len(frames) == 1
    assert frames.pop().startswith("2.25.")


def test_a_source_without_all_that_is_optional_will_do(tmp_path: Path):
    write_series(tmp_path / "source", np.zeros((3, 5, 6)), SeriesNumber=None, SeriesDescription=None)
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert dataset.SeriesDescription == "DLS 1 mm (synthetic)"
    assert dataset.SeriesNumber == 1
    assert dataset["PatientBirthDate"].is_empty
    assert len(dataset.ContributingEquipmentSequence) == 1


def test_what_was_compressed_with_loss_once_says_so_for_ever(tmp_path: Path):
    lossy = {"LossyImageCompression": "01", "LossyImageCompressionRatio": 12.5}
    write_hospital_series(tmp_path / "source", **lossy, LossyImageCompressionMethod="ISO_10918_1")
    for dataset in derive(tmp_path / "source", tmp_path / "dicom").slices():
        assert (dataset.LossyImageCompression, dataset.LossyImageCompressionRatio) == ("01", 12.5)
        assert dataset.LossyImageCompressionMethod == "ISO_10918_1"


def test_odd_values_of_the_source_stay_silent(tmp_path: Path, capfd, recwarn):
    odd = {"PatientAge": "68", "StudyTime": "8 o'clock", "AccessionNumber": "A" * 30, "PatientSex": "woman"}
    pydicom.config.settings.writing_validation_mode = pydicom.config.IGNORE
    try:
        write_hospital_series(tmp_path / "source", **odd)
    finally:
        pydicom.config.settings.writing_validation_mode = None
    recwarn.clear()
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert dataset.AccessionNumber == "A" * 30
    assert capfd.readouterr() == ("", "")
    assert not [warning for warning in recwarn if "ThinSliceSRLib" in warning.filename or "A" * 30 in str(warning)]


def test_an_element_that_must_not_be_empty_is_left_out_when_the_source_leaves_it_empty(tmp_path: Path):
    conditional = ("SpecificCharacterSet", "WindowCenter", "WindowWidth", "OtherPatientIDsSequence", "BodyPartExamined")
    may_be_empty = ("PatientSex", "ContrastBolusAgent", "KVP", "PatientPosition")
    write_hospital_series(tmp_path / "source", **dict.fromkeys((*conditional, *may_be_empty), ""))
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert [keyword for keyword in conditional if keyword in dataset] == []
    assert [dataset[keyword].is_empty for keyword in may_be_empty] == [True] * 4


def test_a_description_of_several_lines_or_values_becomes_one(tmp_path: Path):
    write_hospital_series(tmp_path / "source", SeriesDescription="Thorax\\5.0\nB31f ")
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    assert dataset.SeriesDescription == "Thorax 5.0 B31f DLS 1 mm (synthetic)"


@pytest.mark.parametrize("offset", ["+9999", "+0A00", "somewhere", ""])
def test_times_are_told_in_spite_of_a_timezone_that_is_none(offset: str, tmp_path: Path):
    write_hospital_series(tmp_path / "source", TimezoneOffsetFromUTC=offset)
    dataset = derive(tmp_path / "source", tmp_path / "dicom").slices()[0]
    told = datetime.strptime(dataset.ContributingEquipmentSequence[-1].ContributionDateTime, "%Y%m%d%H%M%S%z")
    assert 0 <= (datetime.now(timezone.utc) - told).total_seconds() < 600
