"""DICOM folders: which series is read, where its voxels lie, its HU, and every series that must be refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from dicom_making import AXIAL, compress, rewrite, slice_positions, write_series, write_slice
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import RLELossless, generate_uid
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.volumes.reading import read_volume

HU = np.random.default_rng(5).integers(-1000, 1500, (6, 9, 11))


def refusal(folder: Path, series: str | None = None) -> UnusableInput:
    with pytest.raises(UnusableInput) as caught:
        read_volume(folder, series)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "Nobody" not in message
    assert "4711" not in message
    return caught.value


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.dcm"), key=lambda path: pydicom.dcmread(path).InstanceNumber)


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


def test_each_slice_has_its_own_rescale(tmp_path):
    for index, (values, position) in enumerate(zip(HU, slice_positions(6), strict=True)):
        write_slice(
            tmp_path / f"{index}.dcm", values, position, slope=1 + index % 2 * -0.5, intercept=-1024 - 100 * index
        )
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_a_slope_that_is_no_whole_number_gives_float32(tmp_path):
    hu = HU[:2] * 0.25
    write_series(tmp_path, hu, slope=0.25)
    volume = read_volume(tmp_path)
    assert volume.hu.dtype == np.float32
    np.testing.assert_array_equal(volume.hu, hu)


@pytest.mark.parametrize("compressor", ["RLE", "JPEG", "JPEG2000"])
def test_compressed_slices_are_read(compressor, tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        if compressor == "RLE":
            dataset = pydicom.dcmread(path)
            dataset.compress(RLELossless)
            dataset.save_as(path)
        else:
            compress(path, compressor)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


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


@pytest.fixture
def two_series(tmp_path: Path) -> Path:
    """A folder with series 2, "Chest 5.0" (6 slices, 5 mm), and series 3, "Lung 3.0 B60f" (4 slices, 3 mm)."""
    write_series(tmp_path, HU)
    write_series(
        tmp_path,
        HU[:4] + 1,
        slice_positions(4, 3.0),
        SeriesInstanceUID="1.2.3.4",
        SeriesNumber=3,
        SeriesDescription="Lung 3.0 B60f",
    )
    return tmp_path


def test_several_series_are_listed_in_one_sentence(two_series):
    error = refusal(two_series)
    assert error.code == "several_series"
    assert 'number 2 "Chest 5.0" (6 slices, 5 mm apart)' in str(error)
    assert 'number 3 "Lung 3.0 B60f" (4 slices, 3 mm apart)' in str(error)


@pytest.mark.parametrize("named", ["3", "1.2.3.4", "Lung 3.0 B60f", "b60", " LUNG "])
def test_a_series_is_named_by_number_uid_or_part_of_its_description(named, two_series):
    np.testing.assert_array_equal(read_volume(two_series, named).hu, HU[:4] + 1)


def test_a_whole_description_goes_before_a_part_of_one(two_series):
    write_series(two_series, HU[:3], SeriesInstanceUID="1.2.3.5", SeriesNumber=4, SeriesDescription="Chest 5.0 again")
    assert read_volume(two_series, "chest 5.0").size[2] == 6
    assert refusal(two_series, "chest").code == "several_series"


def test_a_name_that_no_series_has_is_refused_with_the_list(two_series):
    error = refusal(two_series, "abdomen")
    assert error.code == "no_series"
    assert "Chest 5.0" in str(error)


def test_ct_goes_before_other_kinds_and_single_slices(tmp_path):
    write_series(tmp_path, HU)
    write_series(tmp_path, HU, Modality="MR", SeriesInstanceUID="1.2.3", SeriesNumber=7)
    write_series(tmp_path, HU[:1], SeriesInstanceUID="1.2.4", SeriesNumber=8)
    assert read_volume(tmp_path).acquisition.series_description == "Chest 5.0"
    assert read_volume(tmp_path, "7").acquisition.modality == "MR"
    assert refusal(tmp_path, "8").code == "too_few_slices"


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
    ],
)
def test_slices_that_are_not_one_stack_are_refused(tags, word, tmp_path):
    write_series(tmp_path, HU)
    rewrite(files_of(tmp_path)[3], **tags)
    error = refusal(tmp_path)
    assert error.code == "mixed_slices"
    assert word in str(error)


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


def test_a_multi_frame_object_is_refused_by_its_name(tmp_path):
    write_slice(tmp_path / "1.dcm", np.zeros((12, 4)), (0, 0, 0), Rows=4, NumberOfFrames=3, ImagePositionPatient=None)
    error = refusal(tmp_path)
    assert error.code == "multi_frame"
    assert "multi-frame" in str(error)


def test_colour_pictures_are_refused(tmp_path):
    write_series(
        tmp_path,
        np.zeros((3, 4, 12)) - 1024,
        Columns=4,
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
        BitsAllocated=16,
        RescaleSlope=None,
        RescaleIntercept=None,
    )
    assert refusal(tmp_path).code == "components"


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
