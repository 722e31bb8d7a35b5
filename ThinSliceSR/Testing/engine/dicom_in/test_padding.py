"""Padding of DICOM slices is air, which is told where its value is another; nothing within the picture is changed."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_making import compress, files_of, write_multi_frame, write_series
from ThinSliceSRLib.engine.files.reading import read_volume

HU = np.random.default_rng(6).integers(-900, 1500, (4, 16, 18))
PADDED = np.add.outer(np.abs(np.arange(16) - 7.5), np.abs(np.arange(18) - 8.5)) > 12  # the corners
SIGNED = {"PixelRepresentation": 1, "intercept": 0.0}
OF_12_BITS = {"BitsStored": 12, "HighBit": 11}


def padded_with(hu: float) -> np.ndarray:
    return np.where(PADDED, hu, HU)


@pytest.mark.parametrize(
    ("stored", "tags"),
    [
        (4095, {"PixelPaddingValue": 4095}),
        (4095, {"PixelPaddingValue": 4095, **OF_12_BITS}),
        (63536, {"PixelPaddingValue": 63536}),
        (0xF830, {"PixelPaddingValue": 63536, **OF_12_BITS}),
        (4050, {"PixelPaddingValue": 4095, "PixelPaddingRangeLimit": 4000}),
        (4095, {"PixelPaddingValue": 4095, "compressor": "JPEG2000"}),
        (4095, {"PixelPaddingValue": 4095, "compressor": "RLE"}),
    ],
)
def test_padding_around_the_picture_is_air_and_told(stored, tags, tmp_path):
    compressor = tags.get("compressor")
    write_series(tmp_path, padded_with(stored - 1024), **{key: tags[key] for key in tags if key != "compressor"})
    for path in files_of(tmp_path) if compressor else ():
        compress(path, compressor)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, padded_with(-1024))
    assert volume.hu.dtype == np.int16
    (warning,) = volume.acquisition.warnings
    assert warning.code == "padding_around"
    assert warning.message.startswith(f"{4 * PADDED.sum()} of the voxels")


@pytest.mark.parametrize(
    ("hu", "tags"),
    [
        (-1024, {"PixelPaddingValue": 0}),
        (-2000, {"PixelPaddingValue": -2000, **SIGNED}),
        (-2000, {"PixelPaddingValue": -2000, **SIGNED, **OF_12_BITS}),
        (-3024, {"PixelPaddingValue": -2000, **SIGNED, "intercept": -1024.0}),
    ],
)
def test_padding_that_is_air_by_its_value_is_left_as_it_is(hu, tags, tmp_path):
    write_series(tmp_path, padded_with(hu), **tags)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, padded_with(hu))
    assert not volume.acquisition.warnings


def test_what_has_the_value_of_padding_within_the_picture_is_left_and_told(tmp_path):
    hu = np.where(PADDED | (HU == 0), 1, HU)
    hu[:, 8, 5:8] = 0
    write_series(tmp_path, hu, PixelPaddingValue=0, **SIGNED)
    volume = read_volume(tmp_path)
    np.testing.assert_array_equal(volume.hu, hu)
    (warning,) = volume.acquisition.warnings
    assert warning.code == "padding_within"
    assert warning.message.startswith("12 of the voxels")


def test_frames_have_the_padding_of_their_file(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", padded_with(3071), PixelPaddingValue=4095)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, padded_with(-1024))
