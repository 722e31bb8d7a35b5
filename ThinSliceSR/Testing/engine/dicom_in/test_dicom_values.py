"""HU from stored DICOM values: compressed, of any number of bits, by any rescale, or a sentence on what is wrong."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pydicom
import pytest
from dicom_making import compress, files_of, put_bytes, rewrite, slice_positions, write_series, write_slice
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from refusals import refusal
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import check_volume

HU = np.random.default_rng(5).integers(-1000, 1500, (6, 9, 11))


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    assert findings[0].message.endswith(".")
    return findings[0]


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


@pytest.mark.parametrize("compressor", ["RLE", "Deflated", "JPEG", "JPEG2000"])
def test_compressed_slices_are_read(compressor, tmp_path):
    write_series(tmp_path, HU)
    for path in files_of(tmp_path)[1:]:  # the first one stays as it is
        compress(path, compressor)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_a_compression_that_nothing_here_can_undo_is_named(tmp_path):
    write_series(tmp_path, HU)
    dataset = pydicom.dcmread(files_of(tmp_path)[2])
    dataset.PixelData = encapsulate([b"not even an image"])
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.201"
    dataset.save_as(files_of(tmp_path)[2])
    error = refusal(tmp_path)
    assert error.code == "unknown_compression"
    assert "High-Throughput JPEG 2000" in str(error)


@pytest.mark.parametrize(
    "stored",
    [
        {"PixelRepresentation": 1, "intercept": 0.0},
        {"PixelRepresentation": 1, "intercept": -1024.0},
        {"BitsStored": 12, "HighBit": 11},
        {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1, "intercept": 0.0},
    ],
)
def test_signed_and_unsigned_values_of_12_and_16_bits_are_read(stored, tmp_path):
    write_series(tmp_path, HU, **stored)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_what_stands_in_the_bits_above_those_of_all_values_is_passed_over(tmp_path):
    write_series(tmp_path, HU, BitsStored=12, HighBit=11)
    for path in files_of(tmp_path):
        dataset = pydicom.dcmread(path)
        dataset.PixelData = (np.frombuffer(dataset.PixelData, "<u2") | 0xA000).tobytes()
        dataset.save_as(path)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


def test_values_stored_with_black_and_white_exchanged_are_refused(tmp_path):
    write_series(tmp_path, HU, PhotometricInterpretation="MONOCHROME1")
    error = refusal(tmp_path)
    assert error.code == "inverted"
    assert "MONOCHROME1" in str(error)


@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": "0"},
        {"RescaleSlope": "-1"},
        {"RescaleSlope": "nan"},
        {"RescaleSlope": "inf"},
        {"RescaleIntercept": "nan"},
        {"RescaleSlope": ["1", "2"]},
    ],
)
def test_a_rescale_that_gives_no_hu_is_refused(tags, tmp_path, capfd, recwarn):
    write_series(tmp_path, HU)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        rewrite(files_of(tmp_path)[4], **tags)
    error = refusal(tmp_path)
    assert error.code == "wrong_rescale"
    assert "1 of the 6 slices" in str(error)
    assert "slice 5" in str(error)
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list


@pytest.mark.parametrize("slices", [slice(None), slice(3, 4)])
def test_a_table_in_place_of_slope_and_intercept_is_refused(slices, tmp_path):
    write_series(tmp_path, HU, slope=1.0, intercept=0.0, PixelRepresentation=1)
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.ModalityLUTType = "US"
    table.LUTData = np.arange(4096, dtype="<u2").tobytes()
    for path in files_of(tmp_path)[slices]:
        rewrite(path, RescaleSlope=None, RescaleIntercept=None, ModalityLUTSequence=[table])
    error = refusal(tmp_path)
    assert error.code == "wrong_rescale"
    assert f"{len(range(6)[slices])} of the 6 slices" in str(error)
    assert "Modality LUT" in str(error)


@pytest.mark.parametrize("keyword", ["RescaleSlope", "RescaleIntercept"])
def test_a_decimal_comma_in_a_rescale_is_refused(keyword, tmp_path):
    write_series(tmp_path, HU)
    put_bytes(files_of(tmp_path)[2], keyword, b"1,5")
    assert refusal(tmp_path).code == "wrong_rescale"


@pytest.mark.parametrize("quantity", ["Z_EFF", "EDW", "MGML", "PCT"])
def test_maps_of_other_quantities_are_refused_and_never_taken_for_the_ct(quantity, tmp_path):
    write_series(tmp_path / "map", HU, SeriesInstanceUID="1.2.3", SeriesNumber=3, RescaleType=quantity)
    error = refusal(tmp_path)
    assert error.code == "not_hu"
    write_series(tmp_path / "ct", HU, RescaleType="HU")
    assert read_volume(tmp_path).acquisition.series_uid != "1.2.3"


@pytest.mark.parametrize("told", ["HU", "US", "HU_MOD", "HU1000", ""])
def test_any_other_rescale_type_is_taken_for_hu(told, tmp_path):
    write_series(tmp_path, HU, RescaleType=told)
    np.testing.assert_array_equal(read_volume(tmp_path).hu, HU)


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


@pytest.mark.parametrize("slope", [0.1, 0.5, 1.5, 2, 4, 10, -1])
def test_a_wrong_slope_of_all_slices_is_a_warning(slope, thick_volume):
    finding = only(check_volume(replace(thick_volume, hu=(thick_volume.hu + 1024.0) * slope - 1024)))
    refused = slope == 10  # what no scanner gives
    assert (finding.level, finding.code) == (("error", "not_hu") if refused else ("warning", "values_unlike_hu"))


@pytest.mark.parametrize("place", [0, 1, 5, 11])
@pytest.mark.parametrize(("slope", "intercept"), [(1, 0), (2, -1024), (1, -2048), (0.25, -1024)])
@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1)])
def test_a_slice_with_another_rescale_than_its_values_is_a_warning(place, slope, intercept, axes, thick_volume):
    hu = thick_volume.hu.copy()
    hu[place] = (hu[place] + 1024) * slope + intercept
    findings = check_volume(replace(thick_volume, hu=hu).permuted(axes))
    finding = only([finding for finding in findings if finding.code == "slice_unlike_others"])
    assert finding.level == "warning"
    assert f"1 of the slices (number {place + 1} " in finding.message


def test_a_wrong_slope_in_the_header_of_one_slice_is_a_warning(thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu)
    rewrite(sorted(tmp_path.iterdir())[4], RescaleSlope=2)
    assert only(check_input(tmp_path).findings).code == "slice_unlike_others"
