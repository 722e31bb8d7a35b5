"""Series that hold more than one stack of slices: copies, scouts, several passes; and inputs that are one file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_making import compress, files_of, rewrite, slice_positions, write_multi_frame, write_series, write_slice
from pydicom.fileset import FileSet
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
    assert [message.split(" are ")[0] for message in told] == ["8 of the slices"]


def test_a_slice_that_is_there_compressed_too_is_dropped(tmp_path):
    write_series(tmp_path / "a", HU)
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in files_of(tmp_path / "b"):
        identifier = pydicom.dcmread(path).SOPInstanceUID
        compress(path, "RLE")
        rewrite(path, SOPInstanceUID=identifier)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_one_identifier_for_slices_of_two_series_loses_none(tmp_path):
    write_series(tmp_path / "a", HU, ImageType=["DERIVED", "SECONDARY", "MIP"])
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for path in files_of(tmp_path / "b"):
        rewrite(path, SeriesInstanceUID="1.2.3", ImageType=["ORIGINAL", "PRIMARY", "AXIAL"])
    assert [len(series.slices) for series in find_series(tmp_path)] == [8, 8]
    assert read_volume(tmp_path).acquisition.series_uid == "1.2.3"


@pytest.mark.parametrize("later", [slice_positions(8)[4:], slice_positions(8)[:4]])
def test_frames_of_another_file_with_the_same_identifier_are_no_copies(later, tmp_path):
    for name, hu, positions in (("a", HU[:4], slice_positions(8)[:4]), ("b", HU[4:], later)):
        write_multi_frame(tmp_path / f"{name}.dcm", hu, positions, SOPInstanceUID="1.2.3")
    assert sum(len(series.slices) for series in find_series(tmp_path)) == 8
    shutil.copy(tmp_path / "a.dcm", tmp_path / "c.dcm")
    assert sum(len(series.slices) for series in find_series(tmp_path)) == 8


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
    assert "volume 1" in str(error)
    assert [series.name for series in find_series(tmp_path)] == [f"{uid}-1", f"{uid}-2"]
    first, second = (LATER, HU) if numbers == (7, 3) else (HU, LATER)
    np.testing.assert_array_equal(read_volume(tmp_path, f"{uid}-1").hu, first)
    np.testing.assert_array_equal(read_volume(tmp_path, f"{uid}-2").hu, second)
    assert refusal(tmp_path, uid).code == "several_series"


@pytest.mark.parametrize("keyword", ["AcquisitionNumber", "ConvolutionKernel", "SliceThickness"])
@pytest.mark.parametrize("apart_mm", [0.02, 2.5])
def test_stacks_between_each_other_are_two_volumes(keyword, apart_mm, tmp_path):
    values = {"AcquisitionNumber": (1, 2), "ConvolutionKernel": ("B30f", "B70f"), "SliceThickness": (5.0, 8.0)}[keyword]
    write_series(tmp_path / "a", HU, **{keyword: values[0]})
    write_series(tmp_path / "b", LATER, slice_positions(8, first=(-100, -80, -300 + apart_mm)), **{keyword: values[1]})
    found = find_series(tmp_path)
    assert [series.name[-2:] for series in found] == ["-1", "-2"]
    np.testing.assert_array_equal(read_volume(tmp_path, found[0].name).hu, HU)
    np.testing.assert_array_equal(read_volume(tmp_path, found[1].name).hu, LATER)


@pytest.mark.parametrize(
    "numbers", [range(8), [k // 2 for k in range(8)], [k // 4 for k in range(8)], [k % 2 for k in range(8)]]
)
def test_a_scan_step_by_step_is_one_volume(numbers, tmp_path):
    write_series(tmp_path, HU)
    for number, path in zip(numbers, files_of(tmp_path), strict=True):
        rewrite(path, AcquisitionNumber=number, ContentTime=f"1010{number:02d}")
    assert not {"series_mixed", "slices_differ"}.intersection(codes(tmp_path))
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


@pytest.mark.parametrize("tags", [{"SliceThickness": 2.5}, {"ConvolutionKernel": "B70f"}])
def test_slices_that_were_made_otherwise_are_told(tags, tmp_path):
    write_series(tmp_path, HU, ConvolutionKernel="B30f")
    rewrite(files_of(tmp_path)[3], **tags)
    assert "slices_differ" in codes(tmp_path)


OTHERS = {
    "patient": {"PatientID": "4712"},
    "study": {"StudyInstanceUID": "1.2"},
    "frame of reference": {"FrameOfReferenceUID": "1.3"},
    "modality": {"Modality": "PT"},
    "image type": {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
}


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("which", [slice(4, 8), slice(0, 8, 2), slice(7, 8)])
def test_what_is_of_another_scan_is_no_part_of_the_volume(what, which, tmp_path):
    write_series(tmp_path, HU, FrameOfReferenceUID="1.1")
    others = files_of(tmp_path)[which]
    for path in others:
        rewrite(path, **OTHERS[what])
    found = find_series(tmp_path)
    assert sorted(len(series.slices) for series in found) == sorted([len(others), 8 - len(others)])
    chosen = next(series for series in found if others[0] not in [item.path for item in series.slices])
    mixed = [finding for finding in check_input(tmp_path, chosen.name).findings if finding.code == "series_mixed"]
    assert [what in finding.message for finding in mixed] == [True]


def test_a_frame_of_reference_for_each_slice_parts_nothing_but_is_told(tmp_path):
    write_series(tmp_path, HU)
    for number, path in enumerate(files_of(tmp_path)):
        rewrite(path, FrameOfReferenceUID=f"1.2.{number}")
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)
    assert "series_mixed" in codes(tmp_path)


def test_cosines_that_differ_by_rounding_are_of_one_stack(tmp_path):
    write_series(tmp_path, HU, slice_positions(8), ImageOrientationPatient=[1, 0, 0, 0, 0.998749, 0.05])
    rewrite(files_of(tmp_path)[7], ImageOrientationPatient=[1, 0, 0, 0, 0.998749, 0.0499999])
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


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


def packed(folder: Path, name: str) -> Path:
    """Its folder "medium" as a ZIP file."""
    return Path(shutil.make_archive(str(folder / name), "zip", folder, "medium"))


def test_files_that_a_dicomdir_lists_but_that_are_not_there_are_told(tmp_path):
    write_series(tmp_path / "scan", HU)
    for number, path in enumerate(files_of(tmp_path / "scan")):
        rewrite(
            path, FrameOfReferenceUID="1.1", StudyDate="20240101", StudyTime="1010", StudyID="1", InstanceNumber=number
        )
    medium = FileSet()
    for path in files_of(tmp_path / "scan"):
        medium.add(path)
    medium.write(tmp_path / "medium")
    assert "files_not_there" not in codes(tmp_path / "medium")
    assert "files_not_there" not in codes(packed(tmp_path, "whole"))
    for path in sorted(tmp_path.glob("medium/**/IM*"))[-2:]:
        path.unlink()
    archive = packed(tmp_path, "part")
    assert any(warning.code == "files_not_there" for warning in read_volume(archive).acquisition.warnings)
    for place in (tmp_path / "medium", tmp_path / "medium" / "DICOMDIR", archive):
        told = [item.message for item in check_input(place).findings if item.code == "files_not_there"]
        assert [message.split(" of ")[0] for message in told] == ["2"]


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
