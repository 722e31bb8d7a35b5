"""Which series count as chests, by what their texts say in many languages, and which are made from other slices."""

from __future__ import annotations

import numpy as np
import pytest
from dicom_making import write_series
from refusals import refusal
from ThinSliceSRLib.engine.dicom_in.body_region import region_of
from ThinSliceSRLib.engine.dicom_in.series_choice import is_fitting, why_left_out
from ThinSliceSRLib.engine.dicom_in.series_index import find_series
from ThinSliceSRLib.engine.findings.checked_input import check_input

HU = np.random.default_rng(5).integers(-1000, 1500, (6, 9, 11))


@pytest.mark.parametrize(
    "body_part",
    [
        *("CHEST", "THORAX", "Thorax", "TORAX", "TÓRAX", "TORACE", "BRUST", "POITRINE", "PULMON", "PULMÓN", "LUNG"),
        *("LUNGS", "CAP", "TAP", "CHESTABDPELVIS", "CH/ABD", "WHOLEBODY", "TRUNK", "TRONCO", "C.THO", "KLATKA", "HRCT"),
        *("Грудная клетка", "胸部", "CHEST_ABDOMEN", "C/A/P CAP", "BRÖSTKORG", "PŁUCA"),
    ],
)
def test_chests_are_known_in_many_languages(body_part):
    assert region_of(body_part) == "chest"
    assert region_of(body_part, "Axial 5.0", "", "CT Head") == "chest"


@pytest.mark.parametrize(
    "body_part",
    [
        *("HEAD", "BRAIN", "SKULL", "KOPF", "CABEZA", "ABDOMEN", "BAUCH", "PELVIS", "HEART", "KNEE", "CSPINE", "NECK"),
        *("TSPINE", "THORACIC SPINE", "HIP", "EXTREMITY", "CRÂNE CRANIUM", "Голова", "头颅"),
    ],
)
def test_other_parts_are_no_chest_whatever_else_is_told(body_part):
    assert region_of(body_part) == "other"
    assert region_of(body_part, "Chest 5mm", "Thorax", "Chest") == "other"


@pytest.mark.parametrize("body_part", ["", "UNKNOWN", "CT", "BÓLGAR", "1"])
@pytest.mark.parametrize(
    ("texts", "region"),
    [
        (("", "", ""), "untold"),
        (("Axial 5.0", "", ""), "untold"),
        (("Thorax nativ 5.0", "", "Kopf"), "chest"),
        (("Axial 5.0", "Lung routine", ""), "chest"),
        (("Head 5.0", "", ""), "other"),
        (("Axial 5.0", "", "CT Abdomen"), "other"),
        (("Axial 5.0", "Chest", "CT Head"), "chest"),
    ],
)
def test_where_the_body_part_tells_nothing_the_other_texts_do(body_part, texts, region):
    assert region_of(body_part, *texts) == region


def test_a_series_that_reaches_from_one_part_to_the_other_is_a_chest_too():
    assert region_of("ABDOMEN", "Thorax/Abdomen 5.0") == "chest"
    assert region_of("NECK", "Hals Thorax") == "chest"


@pytest.mark.parametrize(
    "tags",
    [
        {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
        {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "MINIP"]},
        {"ImageType": ["DERIVED", "PRIMARY", "AVERAGE"]},
        {"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE"]},
        {"SeriesDescription": "Thorax MIP 5.0"},
        {"SeriesDescription": "MinIP_5mm"},
        {"SeriesDescription": "4D average"},
        {"ImageType": None, "SeriesDescription": "lung mip"},
    ],
    ids=str,
)
def test_derived_series_are_warned_of_and_never_taken_before_a_plain_one(tags, tmp_path):
    write_series(tmp_path / "derived", HU, SeriesInstanceUID="1.2.3", SeriesNumber=1, **tags)
    assert "derived" in [finding.code for finding in check_input(tmp_path).findings]
    assert not is_fitting(find_series(tmp_path)[0])
    write_series(tmp_path / "plain", HU)
    checked = check_input(tmp_path)
    assert checked.chosen is not None
    assert checked.chosen.uid != "1.2.3"
    assert "derived" not in [finding.code for finding in checked.findings]


@pytest.mark.parametrize(
    "tags",
    [
        {"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"]},
        {"ImageType": None},
        {"SeriesDescription": "Aippan 5.0"},
    ],
    ids=str,
)
def test_plain_series_fit(tags, tmp_path):
    write_series(tmp_path, HU, **tags)
    assert why_left_out(find_series(tmp_path)[0]) is None


def test_a_brain_is_warned_of_and_not_taken_before_a_chest(tmp_path):
    write_series(tmp_path / "brain", HU, BodyPartExamined="BRAIN", SeriesDescription="Head 5.0", SeriesNumber=1)
    assert "no_chest" in [finding.code for finding in check_input(tmp_path).findings]
    write_series(tmp_path / "chest", HU, SeriesInstanceUID="1.2.3", SeriesNumber=2)
    checked = check_input(tmp_path)
    assert checked.chosen is not None
    assert checked.chosen.uid == "1.2.3"
    assert "no_chest" not in [finding.code for finding in checked.findings]


def test_two_chests_of_which_none_is_said_to_be_one_are_to_be_named(tmp_path):
    for number in (1, 2):
        write_series(
            tmp_path / str(number),
            HU,
            SeriesInstanceUID=f"1.2.{number}",
            SeriesNumber=number,
            BodyPartExamined="UNKNOWN",
            SeriesDescription=f"Axial {number}",
        )
    assert refusal(tmp_path).code == "several_series"
