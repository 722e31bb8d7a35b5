"""Stored DICOM values, bit by bit: read as they are meant, or one sentence on what makes them unknown."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from dicom_making import compress, files_of, rewrite, write_multi_frame, write_series
from pydicom.encaps import encapsulate
from refusals import refusal
from ThinSliceSRLib.engine.files.reading import read_volume

HU = np.random.default_rng(7).integers(-1000, 1500, (4, 9, 11))
PRIVATE_KIND = "1.3.12.2.1107.5.9.1"


def write_words(folder, words: np.ndarray, **tags) -> None:
    """A series of pixels (slices, rows, columns) with all of their bits."""
    write_series(folder, HU, **tags)
    for path, of_slice in zip(files_of(folder), words, strict=True):
        rewrite(path, PixelData=of_slice.tobytes())


@pytest.mark.parametrize(
    ("added", "tags"),
    [
        (-2, {}),
        (-22, {}),
        (18, {}),
        (0, {"Columns": 12}),
        (0, {"Rows": 8}),
        (0, {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}),
    ],
)
def test_pixels_that_are_fewer_or_more_than_told_are_refused(added, tags, tmp_path):
    write_series(tmp_path, HU, **tags)
    path = files_of(tmp_path)[2]
    stored = pydicom.dcmread(path).PixelData
    rewrite(path, PixelData=stored[:added] if added < 0 else stored + bytes(added))
    error = refusal(tmp_path)
    assert error.code == "truncated"
    assert f"holds {198 + added} bytes" in str(error)


@pytest.mark.parametrize("compressor", ["RLE", "JPEG-LS", "JPEG", "JPEG2000"])
@pytest.mark.parametrize("tags", [{"Rows": 8}, {"Rows": 10}, {"Columns": 10}, {"Columns": 12}])
def test_compressed_pixels_that_are_fewer_or_more_than_told_are_refused(compressor, tags, tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        compress(path, compressor)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)
    for path in files_of(tmp_path):
        rewrite(path, **tags)
    assert refusal(tmp_path).code == "truncated"


def test_run_lengths_for_a_little_more_than_the_picture_are_passed_over(tmp_path):
    """Some writers let the last run go on to an even number of values, or to a whole block."""
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        dataset = pydicom.dcmread(path)
        words = np.frombuffer(dataset.PixelData, "<u2")
        dataset.Rows, dataset.Columns = 1, words.size + 8
        dataset.PixelData = np.append(words, np.zeros(8, "<u2")).tobytes()
        dataset.compress(pydicom.uid.RLELossless)
        dataset.Rows, dataset.Columns = HU.shape[1:]
        dataset.save_as(path)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_a_multi_frame_file_with_fewer_frames_of_pixels_than_told_is_refused(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU)
    rewrite(tmp_path / "1.dcm", PixelData=pydicom.dcmread(tmp_path / "1.dcm").PixelData[: -2 * 9 * 11])
    assert refusal(tmp_path).code == "truncated"


def test_what_a_writer_adds_at_the_end_is_passed_over(tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        rewrite(path, PixelData=pydicom.dcmread(path).PixelData + bytes(16))
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


@pytest.mark.parametrize(
    "tags", [{"BitsStored": 12, "HighBit": 11}, {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1}]
)
def test_values_with_more_bits_than_told_are_refused(tags, tmp_path):
    hu = HU.copy()
    hu[2, 4, 5] = 3100 if tags.get("PixelRepresentation") else 5000
    write_series(tmp_path, hu, **tags, intercept=0.0 if tags.get("PixelRepresentation") else -1024.0)
    error = refusal(tmp_path)
    assert error.code == "wrong_bits"
    assert str(error).startswith("Slice 3 ")


@pytest.mark.parametrize("high", [15, 16, 3])
def test_a_high_bit_that_the_values_belie_is_refused(high, tmp_path):
    write_series(tmp_path, HU, BitsStored=12, HighBit=high)
    assert refusal(tmp_path).code == "wrong_bits"


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ((HU + 1024 << 4).astype("<u2"), {"BitsStored": 12, "HighBit": 15}),
        ((HU + 1024).astype("<u2"), {"HighBit": 11}),
        ((HU + 1024).astype("<u4"), {"BitsAllocated": 32}),
        ((HU + 1024 << 3).astype("<u4"), {"BitsAllocated": 32, "BitsStored": 12, "HighBit": 14}),
        (
            (HU & 0xFFF).astype("<u2"),
            {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1, "RescaleIntercept": 0},
        ),
        (HU.astype("<i4"), {"BitsAllocated": 32, "PixelRepresentation": 1, "RescaleIntercept": 0}),
    ],
)
def test_values_are_read_wherever_in_the_pixel_they_lie(words, tags, tmp_path):
    write_words(tmp_path, words, **tags)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_overlays_in_the_bits_beside_the_values_are_passed_over(tmp_path):
    drawn = np.arange(HU.size).reshape(HU.shape) % 2 << 13
    write_words(tmp_path, (HU + 1024 | drawn).astype("<u2"), BitsStored=12, HighBit=11)
    assert refusal(tmp_path).code == "wrong_bits"
    for path in files_of(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.add_new((0x6002, 0x0102), "US", 13)
        dataset.save_as(path)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_rescale_that_some_slices_lack_is_refused(keyword, tmp_path):
    write_series(tmp_path, HU * 2, slope=2.0)
    rewrite(files_of(tmp_path)[1], **{keyword: None})
    error = refusal(tmp_path)
    assert error.code == "wrong_rescale"
    assert "1 of the 4 slices" in str(error)
    assert "slice 2" in str(error)


def test_a_rescale_that_changes_nothing_may_be_left_out(tmp_path):
    write_series(tmp_path, HU, intercept=0.0, PixelRepresentation=1)
    rewrite(files_of(tmp_path)[1], RescaleSlope=None, RescaleIntercept=None)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_a_kind_of_object_that_is_private_is_read_or_named(tmp_path):
    write_series(tmp_path, HU, SOPClassUID=PRIVATE_KIND)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)
    compress(files_of(tmp_path)[2], "JPEG2000")
    rewrite(files_of(tmp_path)[2], SOPClassUID=PRIVATE_KIND)
    error = refusal(tmp_path)
    assert error.code == "unknown_kind"
    assert "private" in str(error)


def test_floating_point_pixels_are_named(tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path):
        rewrite(path, PixelData=None, BitsAllocated=32, FloatPixelData=HU[0].astype("<f4").tobytes())
    assert refusal(tmp_path).code == "float_pixels"


@pytest.mark.parametrize("compressor", ["RLE", "JPEG2000"])
@pytest.mark.parametrize("content", [b"not even an image", bytes(400)])
def test_a_damaged_compressed_slice_is_told_as_damaged(compressor, content, tmp_path):
    write_series(tmp_path, HU)
    compress(files_of(tmp_path)[2], compressor)
    dataset = pydicom.dcmread(files_of(tmp_path)[2])
    dataset.PixelData = encapsulate([content])
    dataset.save_as(files_of(tmp_path)[2])
    error = refusal(tmp_path)
    assert error.code == "truncated"
    assert "Slice 3" in str(error)


@pytest.mark.parametrize("element", [0x0002, 0x0008, 0x0100, 0x0103])  # of group 0028; their VR is US or IS
def test_a_header_whose_elements_are_of_no_kind_is_told_as_damaged(element, tmp_path):
    write_series(tmp_path, HU, **({"NumberOfFrames": 1} if element == 0x0008 else {}))
    path = files_of(tmp_path)[1]
    content = path.read_bytes()
    at = content.index(b"\x28\x00" + element.to_bytes(2, "little")) + 4
    path.write_bytes(content[:at] + b"U\x9b" + content[at + 2 :])
    assert refusal(tmp_path).code == "truncated"
