"""DICOM folders: where the voxels of a series lie, its HU, and every series that must be refused."""

from __future__ import annotations

import shutil
import warnings

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_making import AXIAL, files_of, put_bytes, rewrite, slice_positions, write_series, write_slice
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import generate_uid
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume

HU = np.random.default_rng(5).integers(-1000, 1500, (6, 9, 11))


def test_a_series_is_read_with_its_values_geometry_and_acquisition(tmp_path, capfd):
    positions = write_series(tmp_path, HU)
    volume = read_volume(tmp_path)
    assert volume.hu.dtype == np.int16
    np.testing.assert_array_equal(volume.hu, HU)
    assert volume.spacing_mm == pytest.approx((0.7, 0.8, 5.0), abs=1e-12)
    assert volume.origin_mm == pytest.approx(positions[0], abs=1e-12)
    np.testing.assert_allclose(volume.direction, np.eye(3), atol=1e-12)
    acquisition = volume.acquisition
    assert (acquisition.modality, acquisition.slice_thickness_mm) == ("CT", 5.0)
    assert acquisition.series_description == "Chest 5.0"
    assert acquisition.series_uid == str(pydicom.dcmread(files_of(tmp_path)[0]).SeriesInstanceUID)
    assert acquisition.slice_positions_mm == pytest.approx(positions[:, 2], abs=1e-12)
    assert capfd.readouterr() == ("", "")


@settings(max_examples=15)
@given(
    seed=st.integers(0, 10**6),
    spacing=st.floats(0.5, 8),
    down=st.booleans(),
    first=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_voxels_lie_where_the_positions_say_for_any_orientation(tmp_path_factory, seed, spacing, down, first):
    folder = tmp_path_factory.mktemp("series")
    axes = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    orientation = [round(value, 9) for value in (*axes[:, 0], *axes[:, 1])]
    first = np.round(first, 4)
    positions = np.round(slice_positions(3, spacing, orientation, first), 9)
    hu = HU[:3]
    write_series(
        folder, hu[::-1] if down else hu, positions[::-1] if down else positions, ImageOrientationPatient=orientation
    )
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.hu, hu)
    for k in range(3):
        for j, i in ((0, 0), (8, 10)):
            index = np.array([i, j, k])
            expected = positions[k] + 0.7 * i * np.array(orientation[:3]) + 0.8 * j * np.array(orientation[3:])
            place = np.asarray(volume.origin_mm) + volume.direction @ (index * volume.spacing_mm)
            np.testing.assert_allclose(place, expected, atol=1e-6)
    assert np.all(np.diff(volume.acquisition.slice_positions_mm) > 0)


def test_itk_places_the_voxels_of_an_upright_series_equally(tmp_path):
    write_series(
        tmp_path, HU, slice_positions(6, 4.8, (0, 1, 0, 0, 0, -1)), ImageOrientationPatient=[0, 1, 0, 0, 0, -1]
    )
    volume = read_volume(tmp_path)
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(tmp_path))
    image = sitk.ReadImage(names)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.hu)
    for index in ((0, 0, 0), (10, 8, 5)):
        place = np.asarray(volume.origin_mm) + volume.direction @ (np.array(index) * volume.spacing_mm)
        np.testing.assert_allclose(image.TransformIndexToPhysicalPoint(index), place, atol=1e-9)


def test_a_tilted_gantry_gives_a_leaning_third_axis(tmp_path):
    tilt = np.radians(15)
    orientation = [1, 0, 0, 0, float(np.cos(tilt)), float(np.sin(tilt))]
    positions = np.array([-100.0, -80, -300]) + np.arange(6)[:, None] * np.array([0, 0, 5.0])
    write_series(tmp_path, HU, positions, ImageOrientationPatient=orientation)
    volume = read_volume(tmp_path)
    np.testing.assert_allclose(volume.direction[:, 2], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(volume.direction[:, 1], [0, np.cos(tilt), np.sin(tilt)], atol=1e-12)
    assert volume.spacing_mm[2] == pytest.approx(5.0)
    assert np.diff(volume.acquisition.slice_positions_mm) == pytest.approx(5 * np.cos(tilt))


@pytest.mark.parametrize("content", [b"", b"A letter, not an image.\n" * 20, b"<html>404</html>"])
def test_a_file_that_is_dicom_by_its_name_only_is_refused(content, tmp_path, capfd):
    write_series(tmp_path, HU)
    (tmp_path / "7.dcm").write_bytes(content)
    error = refusal(tmp_path)
    assert error.code == "truncated"
    assert "1 of the 7" in str(error)
    assert capfd.readouterr() == ("", "")


def test_a_single_file_is_refused_with_advice(tmp_path):
    write_series(tmp_path, HU)
    error = refusal(files_of(tmp_path)[0])
    assert error.code == "not_readable"
    assert "folder" in str(error)


def test_other_files_localisers_and_copies_are_passed_over(tmp_path):
    write_series(tmp_path / "a" / "b", HU)
    scout = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    write_series(tmp_path / "scout", HU[:2], SeriesInstanceUID="1.2.3", SeriesNumber=1, ImageType=scout)
    write_slice(
        tmp_path / "report.dcm", HU[0], (0, 0, 0), SeriesInstanceUID="1.2.4", ImagePositionPatient=None, Modality="SR"
    )
    (tmp_path / "notes.txt").write_text("not DICOM")
    (tmp_path / "._1.dcm").write_bytes(b"left by a Mac")
    directory = files_of(tmp_path / "a")[0]
    shutil.copy(directory, tmp_path / "a copy.dcm")
    media = pydicom.dcmread(directory)
    media.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    del media.SeriesInstanceUID
    media.save_as(tmp_path / "DICOMDIR")
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_a_folder_without_dicom_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("not DICOM")
    assert refusal(tmp_path).code == "no_series"


def test_a_slice_that_was_cut_short_anywhere_is_refused_in_silence(tmp_path, capfd, recwarn):
    write_series(tmp_path, HU[:3])
    last = files_of(tmp_path)[-1]
    content = last.read_bytes()
    for kept in [*range(0, len(content), 29), len(content) - 1]:
        last.write_bytes(content[:kept])
        assert refusal(tmp_path).code in ("truncated", "mixed_slices"), kept
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


@pytest.mark.parametrize(
    ("tags", "word"),
    [
        ({"ImageOrientationPatient": [0, 1, 0, 1, 0, 0]}, "orientation"),
        ({"PixelSpacing": [0.9, 0.7]}, "pixel spacing"),
        ({"Rows": 11, "Columns": 9}, "matrix"),
        ({"ImagePositionPatient": None}, "do not say where"),
        ({"PixelSpacing": ["", ""]}, "do not say where"),
        ({"ImagePositionPatient": ["0", "0", "nan"]}, "do not say where"),
        ({"ImagePositionPatient": ["inf", "0", "0"]}, "do not say where"),
    ],
)
def test_slices_that_are_not_one_stack_are_refused(tags, word, tmp_path):
    write_series(tmp_path, HU)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rewrite(files_of(tmp_path)[3], **tags)
    error = refusal(tmp_path)
    assert error.code == "mixed_slices"
    assert word in str(error)


@pytest.mark.parametrize(
    ("keyword", "value"), [("SOPInstanceUID", b"1.2\\1.3 "), ("SeriesNumber", b"1e400 "), ("InstanceNumber", b"1e400 ")]
)
def test_what_is_no_value_of_an_element_that_can_be_done_without_is_passed_over(keyword, value, tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        put_bytes(path, keyword, value)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


@pytest.mark.parametrize("keyword", ["PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"])
def test_a_damaged_sequence_is_a_damaged_file(keyword, tmp_path):
    write_series(tmp_path, HU)
    path = files_of(tmp_path)[2]
    rewrite(path, NumberOfFrames=2)
    put_bytes(path, keyword, b"abcd")
    assert refusal(tmp_path).code == "truncated"


def test_what_lies_in_hidden_folders_is_left_alone(tmp_path):
    write_series(tmp_path / ".scans" / "ct", HU)
    write_series(tmp_path / ".scans" / "ct" / ".trash", HU, SeriesInstanceUID="1.2.3")
    (tmp_path / ".scans" / "ct" / ".trash" / "empty.dcm").touch()
    np.testing.assert_array_equal(read_volume(tmp_path / ".scans" / "ct").hu, HU)


def test_slices_shifted_sideways_are_refused(tmp_path):
    positions = slice_positions(6)
    positions[3, 0] += 2
    write_series(tmp_path, HU, positions)
    error = refusal(tmp_path)
    assert error.code == "shifted_slices"
    assert "2.0 mm" in str(error)


def test_slices_that_all_lie_at_one_place_are_refused(tmp_path):
    write_series(tmp_path, HU, np.tile([0.0, 0, 0], (6, 1)))
    assert refusal(tmp_path).code == "uneven_slices"


def test_a_series_with_one_object_number_for_all_slices_keeps_them_all(tmp_path):
    write_series(tmp_path, HU, SOPInstanceUID=generate_uid())
    assert read_volume(tmp_path).size[2] == 6


def test_empty_and_odd_elements_do_not_stop_the_reading(tmp_path, capfd):
    write_series(
        tmp_path, HU, SeriesNumber=None, SeriesDescription="", SliceThickness=None, ImageOrientationPatient=list(AXIAL)
    )
    volume = read_volume(tmp_path)
    assert volume.acquisition.slice_thickness_mm is None
    assert capfd.readouterr() == ("", "")
