"""Multi-frame (enhanced) CT: the same volume as from single slices, or one sentence."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from derived_series_making import HOSPITAL, derive
from dicom_making import compress, slice_positions, write_multi_frame, write_series, write_slice
from pydicom.uid import (
    EnhancedCTImageStorage,
    LegacyConvertedEnhancedCTImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
)
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input

HU = np.random.default_rng(8).integers(-500, 750, (6, 16, 18)) * 2
SHUFFLED = [3, 0, 5, 1, 4, 2]


@pytest.mark.parametrize("storage", [{}, {"SOPClassUID": LegacyConvertedEnhancedCTImageStorage}])
@pytest.mark.parametrize("compressor", [None, "RLE", "Deflated", "JPEG", "JPEG2000"])
def test_it_is_read_as_single_slices_are(storage, compressor, tmp_path, capfd):
    positions = write_series(tmp_path / "single", HU)
    write_multi_frame(tmp_path / "multi" / "1.dcm", HU[SHUFFLED], positions[SHUFFLED], **storage)
    if compressor:
        compress(tmp_path / "multi" / "1.dcm", compressor)
    single, multi = read_volume(tmp_path / "single"), read_volume(tmp_path / "multi")
    np.testing.assert_array_equal(multi.hu, HU)
    assert multi.spacing_mm == single.spacing_mm
    assert multi.origin_mm == single.origin_mm
    np.testing.assert_array_equal(multi.direction, single.direction)
    assert multi.acquisition.slice_positions_mm == single.acquisition.slice_positions_mm
    assert multi.acquisition.slice_thickness_mm == 5.0
    assert [SHUFFLED[frame - 1] for frame in multi.acquisition.slice_frames] == list(range(6))
    assert capfd.readouterr() == ("", "")


def test_a_series_of_several_multi_frame_files_is_one_volume(tmp_path):
    positions = slice_positions(6)
    write_multi_frame(tmp_path / "1.dcm", HU[::2], positions[::2])
    write_multi_frame(tmp_path / "2.dcm", HU[1::2], positions[1::2])
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_frames_that_each_tell_the_same_rescale_are_read(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU, rescales=[(2.0, -1024.0)] * 6)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


@pytest.mark.parametrize("compressor", [None, "RLE", "JPEG", "JPEG2000"])
@pytest.mark.parametrize("first", [(1.0, -1024.0), (2.0, -2000.0), (0.5, -1024.5)])
def test_each_frame_has_its_own_rescale(first, compressor, thick_volume, tmp_path):
    hu = np.maximum(thick_volume.hu, -1024)
    others = [(1.0, -1024.0), (0.25, -4096.0), (0.5, -3000.5), (1.0, -8192.0)]
    rescales = [first, *(others[k % 4] for k in range(1, len(hu)))]
    hu = hu // 2 * 2  # which a slope of 2 can hold
    write_multi_frame(tmp_path / "1.dcm", hu, slice_positions(len(hu))[::-1], rescales=rescales)
    if compressor:
        compress(tmp_path / "1.dcm", compressor)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, hu[::-1])


@pytest.mark.parametrize("compressor", [None, "RLE", "JPEG2000"])
@pytest.mark.parametrize("second", [(1.0, -1000.0), (0.5, -1024.0)])
def test_a_second_pass_has_its_own_rescale_and_not_that_of_the_first_frame(second, compressor, tmp_path):
    positions = slice_positions(3)
    rescales = [(2.0, -1024.0)] * 3 + [second] * 3
    write_multi_frame(tmp_path / "1.dcm", HU, np.concatenate([positions, positions]), rescales=rescales)
    uid = pydicom.dcmread(tmp_path / "1.dcm").SeriesInstanceUID
    if compressor:
        compress(tmp_path / "1.dcm", compressor)
    np.testing.assert_array_equal(read_volume(tmp_path, f"{uid}-2").hu, HU[3:])


@pytest.mark.parametrize("compressor", [None, "RLE", "JPEG2000"])
@pytest.mark.parametrize("in_groups", [True, False])
@pytest.mark.parametrize("storage", [MultiFrameGrayscaleWordSecondaryCaptureImageStorage, EnhancedCTImageStorage])
def test_a_rescale_is_read_within_functional_groups_and_outside_of_them(storage, in_groups, compressor, tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU, SOPClassUID=storage)
    if not in_groups:
        dataset = pydicom.dcmread(tmp_path / "1.dcm")
        del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024
        dataset.save_as(tmp_path / "1.dcm")
    if compressor:
        compress(tmp_path / "1.dcm", compressor)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_frames_whose_own_rescales_are_whole_numbers_give_int16(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU, rescales=[(1.0, -1024.0), (2.0, -2048.0)] * 3)
    volume = read_volume(tmp_path)
    assert volume.hu.dtype == np.int16
    np.testing.assert_array_equal(volume.hu, HU)


def test_a_frame_without_a_usable_rescale_is_refused(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU, rescales=[(1.0, -1024.0)] * 6)
    dataset = pydicom.dcmread(tmp_path / "1.dcm")
    dataset.PerFrameFunctionalGroupsSequence[5].PixelValueTransformationSequence[0].RescaleSlope = 0
    dataset.save_as(tmp_path / "1.dcm")
    error = refusal(tmp_path)
    assert error.code == "wrong_rescale"
    assert "slice 6" in str(error)


def test_a_missing_frame_is_a_finding(tmp_path):
    positions = slice_positions(7)
    write_multi_frame(tmp_path / "1.dcm", HU, np.delete(positions, 3, axis=0))
    assert "missing_slices" in [finding.code for finding in check_input(tmp_path).findings]


def test_frames_without_a_place_are_refused(tmp_path):
    write_slice(tmp_path / "1.dcm", np.zeros((12, 4)), (0, 0, 0), Rows=4, NumberOfFrames=3)
    error = refusal(tmp_path)
    assert error.code == "multi_frame"
    assert "multi-frame" in str(error)


def test_a_file_that_was_cut_short_anywhere_is_refused_in_silence(tmp_path, capfd, recwarn):
    write_multi_frame(tmp_path / "1.dcm", HU)
    content = (tmp_path / "1.dcm").read_bytes()
    for kept in [*range(0, len(content), 61), len(content) - 1]:
        (tmp_path / "1.dcm").write_bytes(content[:kept])
        assert refusal(tmp_path).code in ("truncated", "mixed_slices"), kept
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


def test_a_derived_series_refers_to_the_frames_that_it_was_made_of(tmp_path):
    hu = np.random.default_rng(9).integers(-1000, 1500, (4, 36, 40))
    positions = slice_positions(4)
    write_multi_frame(tmp_path / "source" / "1.dcm", hu[::-1], positions[::-1], **HOSPITAL)
    made = derive(tmp_path / "source", tmp_path / "dicom")
    first, second = made.slices()[:2]
    # Frames are numbered from the head down, so the derived slices are too.
    assert first.ImagePositionPatient[2] > second.ImagePositionPatient[2]
    assert [item.ReferencedFrameNumber for item in first.SourceImageSequence] == [1]
    assert sorted(item.ReferencedFrameNumber for item in second.SourceImageSequence) == [1, 2]
