"""What a derived series takes over of how its source is shown, and what becomes of it on the way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import write_hospital_series
from dicom_making import files_of, item, put_stored, write_multi_frame
from pydicom.encaps import encapsulate
from ThinSliceSRLib.engine.dicom_out.source_series import SourceSeries, read_source_series
from ThinSliceSRLib.engine.files.reading import read_volume

WINDOW = ("WindowCenter", "WindowWidth", "WindowCenterWidthExplanation", "VOILUTFunction")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_hospital_series(tmp_path, np.zeros((2, 8, 9)), VOILUTFunction="LINEAR")
    return tmp_path


def read(folder: Path, values: str | None = None) -> SourceSeries:
    return read_source_series(replace(read_volume(folder).acquisition, values=values))


@pytest.mark.parametrize(
    ("stored", "values", "shown"),
    [
        ({}, None, [40, -600, 400, 1500]),
        ({"WindowCenter": b"1064\\424"}, "offset", [40, -600, 400, 1500]),
        ({"WindowCenter": b"0.5", "WindowWidth": b"0.25"}, "unit", [512, 768]),
        ({"WindowCenter": b"40.00000000000000001", "WindowWidth": b"400,0"}, None, [40, 400]),
        ({"WindowCenter": b"40", "WindowWidth": b".5", "VOILUTFunction": b"SIGMOID"}, None, [40, 0.5]),
        ({"WindowCenter": b"40", "WindowWidth": b".5"}, None, None),
        ({"WindowCenter": b"40", "WindowWidth": b"0", "VOILUTFunction": b"SIGMOID"}, None, None),
        ({"WindowCenter": b"40"}, None, None),
        ({"WindowWidth": None}, None, None),
        ({"WindowCenter": None}, None, None),
        ({"WindowCenter": b"nan\\40"}, None, None),
        ({"WindowWidth": b"abc\\400"}, None, None),
    ],
)
def test_a_window_is_one_of_hu_or_is_left_out_as_a_whole(folder, stored, values, shown):
    for path in files_of(folder):
        for keyword, value in stored.items():
            put_stored(path, keyword, value)
    for instance in read(folder, values).instances:
        window = instance.window
        if shown is None:
            assert not [keyword for keyword in WINDOW if keyword in window]
        else:
            told = [window[keyword].value for keyword in WINDOW[:2]]
            np.testing.assert_allclose(np.ravel(told).astype(float), shown, rtol=1e-12)


@pytest.mark.parametrize(("told", "kept"), [("US", None), ("HU", None), ("DOE^JANE", None), ("HU_MOD", "HU_MOD")])
def test_that_values_are_hu_is_not_told_in_words_of_the_source(tmp_path, told, kept):
    write_hospital_series(tmp_path, np.zeros((2, 8, 9)), RescaleType=told)
    assert read(tmp_path).common.get("RescaleType") == kept


JPEG, JPEG_2000 = "1.2.840.10008.1.2.4.51", "1.2.840.10008.1.2.4.91"
RATIO = {"LossyImageCompressionRatio": 12.5, "LossyImageCompressionMethod": "ISO_10918_1"}


@pytest.mark.parametrize(
    ("told", "syntax", "known"),
    [
        ({"LossyImageCompression": "00"}, None, ["00", None]),
        ({"LossyImageCompression": "00"}, JPEG, ["01", None]),
        ({"LossyImageCompression": "00"}, JPEG_2000, [None, None]),
        ({"LossyImageCompression": "01"}, None, ["01", None]),
        ({"LossyImageCompression": "00", **RATIO}, None, ["01", 12.5]),
        (RATIO, None, ["01", 12.5]),
        ({}, None, [None, None]),
        ({}, JPEG, ["01", None]),
        ({}, JPEG_2000, [None, None]),
    ],
)
def test_lossy_compression_is_told_where_it_is_known(tmp_path, told, syntax, known):
    write_hospital_series(tmp_path, np.zeros((2, 8, 9)), **told)
    acquisition = read_volume(tmp_path).acquisition
    if syntax:  # its pixels are read no more
        for path in files_of(tmp_path):
            dataset = pydicom.dcmread(path)
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.PixelData = encapsulate([dataset.PixelData])
            dataset.save_as(path)
    lossy = read_source_series(acquisition).lossy_compression
    assert [lossy.get(keyword) for keyword in ("LossyImageCompression", "LossyImageCompressionRatio")] == known


def test_frames_tell_in_their_functional_groups_what_single_images_tell_in_their_headers(tmp_path):
    write_multi_frame(tmp_path / "enhanced.dcm", np.zeros((2, 8, 9)))
    dataset = pydicom.dcmread(tmp_path / "enhanced.dcm")
    region = item(CodeMeaning="Chest")
    (shared,) = dataset.SharedFunctionalGroupsSequence
    shared.CTXRayDetailsSequence = [item(KVP=120)]
    shared.FrameAnatomySequence = [item(AnatomicRegionSequence=[region])]
    shared.FrameVOILUTSequence = [item(WindowCenter=40, WindowWidth=400)]
    dataset.PerFrameFunctionalGroupsSequence[1].FrameVOILUTSequence = [item(WindowCenter=-600, WindowWidth=1500)]
    dataset.save_as(tmp_path / "enhanced.dcm")
    source = read(tmp_path)
    assert source.common.KVP == 120
    assert source.common.AnatomicRegionSequence[0].CodeMeaning == "Chest"
    assert [instance.window.WindowCenter for instance in source.instances] == [40, -600]
