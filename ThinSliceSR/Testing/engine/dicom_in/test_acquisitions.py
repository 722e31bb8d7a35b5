"""Series that hold more than one stack of slices: copies, scouts, several passes; and inputs that are one file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_making import files_of, rewrite, slice_positions, write_multi_frame, write_series, write_slice
from pydicom.uid import generate_uid
from refusals import refusal
from ThinSliceSRLib.engine.dicom_in.series_index import find_series
from ThinSliceSRLib.engine.dicom_out.source_series import read_source_series
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input

HU = np.random.default_rng(5).integers(-1000, 1500, (8, 9, 11))
LATER = HU[::-1] + 1


def codes(path: Path, series: str | None = None) -> list[str]:
    return [finding.code for finding in check_input(path, series).findings]


def test_slices_that_are_there_twice_are_dropped_with_a_warning(tmp_path):
    write_series(tmp_path / "a", HU)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in files_of(tmp_path / "b")[2:5]:
        rewrite(path, SOPInstanceUID=generate_uid())
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)
    assert "copies_left_out" in codes(tmp_path)
    told = [item.message for item in check_input(tmp_path).findings if item.code == "copies_left_out"]
    assert [message.split(" are ")[0] for message in told] == ["5 of the files", "3 of the slices"]


def test_a_single_other_slice_at_a_place_is_no_copy_and_no_pass(tmp_path):
    write_series(tmp_path, HU)
    write_slice(tmp_path / "other.dcm", HU[3] + 5, slice_positions(8)[3], InstanceNumber=9)
    assert codes(tmp_path)[0] == "uneven_slices"


@pytest.mark.parametrize("numbers", [(1, 2), (7, 3), (None, 4), (1, 1), (None, None)])
def test_two_passes_are_two_series_that_can_be_named(numbers, tmp_path):
    write_series(tmp_path / "a", HU, AcquisitionNumber=numbers[0])
    write_series(tmp_path / "b", LATER, AcquisitionNumber=numbers[1])
    for number, path in enumerate(files_of(tmp_path / "b"), start=9):
        rewrite(path, InstanceNumber=number)
    uid = str(pydicom.dcmread(files_of(tmp_path / "a")[0]).SeriesInstanceUID)
    error = refusal(tmp_path)
    assert error.code == "several_series"
    assert "acquisition 1" in str(error)
    assert [series.name for series in find_series(tmp_path)] == [f"{uid}-1", f"{uid}-2"]
    first, second = (LATER, HU) if numbers == (7, 3) else (HU, LATER)
    np.testing.assert_array_equal(read_volume(tmp_path, f"{uid}-1").hu, first)
    np.testing.assert_array_equal(read_volume(tmp_path, f"{uid}-2").hu, second)
    assert refusal(tmp_path, uid).code == "several_series"


def test_scouts_within_a_series_are_left_out_with_a_warning(tmp_path):
    write_series(tmp_path, HU)
    for number in (1, 2):
        write_slice(
            tmp_path / f"scout{number}.dcm",
            np.zeros((40, 50)),
            (0, 0, 0),
            ImageOrientationPatient=[1, 0, 0, 0, 0, -1],
            InstanceNumber=20 + number,
        )
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)
    assert "scouts_left_out" in codes(tmp_path)


def test_one_enhanced_file_is_an_input(tmp_path):
    write_multi_frame(tmp_path / "scan.dcm", HU)
    (tmp_path / "scan.dcm").rename(tmp_path / "scan")
    write_series(tmp_path / "other", HU[:4], SeriesInstanceUID="1.2.3")
    volume = read_volume(tmp_path / "scan")
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.acquisition.slice_files == (tmp_path / "scan",) * 8
    assert check_input(tmp_path / "scan").chosen is not None
    assert read_source_series(volume.acquisition).number == 2


def test_a_dicomdir_stands_for_its_folder(tmp_path):
    write_series(tmp_path / "IMAGES", HU)
    media = pydicom.dcmread(files_of(tmp_path)[0])
    media.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    del media.SeriesInstanceUID
    media.save_as(tmp_path / "DICOMDIR")
    volume = read_volume(tmp_path / "DICOMDIR")
    np.testing.assert_array_equal(volume.hu, HU)
    assert len(volume.acquisition.slice_files) == 8
    assert check_input(tmp_path / "DICOMDIR").chosen is not None


def test_a_series_without_an_identifier_is_told_as_such(tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path)[:3]:
        rewrite(path, SeriesInstanceUID=None)
    error = refusal(tmp_path)
    assert error.code == "no_series_uid"
    assert "3 of the 8" in str(error)


def test_series_that_nothing_else_tells_apart_are_listed_with_their_uids(tmp_path):
    for number in (1, 2, 3):
        write_series(tmp_path / str(number), HU, SeriesInstanceUID=f"1.2.{number}")
    error = refusal(tmp_path)
    assert error.code == "several_series"
    for number in (1, 2, 3):
        assert f"UID 1.2.{number}" in str(error)
