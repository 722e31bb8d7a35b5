"""Of the thick chest CT of one study the thickest is taken, if it clearly is the one, with a word about the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dicom_making import slice_positions, write_series
from refusals import refusal
from ThinSliceSRLib.engine.dicom_in.series_choice import why_left_out
from ThinSliceSRLib.engine.dicom_in.series_index import find_series
from ThinSliceSRLib.engine.dicom_in.thickest import Stack, thicker_one
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input


def add_series(folder: Path, number: int, thickness_mm: float, slices: int = 6, **tags) -> None:
    """One more series, "Series `number`", of UID 1.2.`number`."""
    hu = np.random.default_rng(number).integers(-1000, 400, (slices, 9, 11))
    named = {"SeriesInstanceUID": f"1.2.{number}", "SeriesNumber": number, "SeriesDescription": f"Series {number}"}
    write_series(folder, hu, slice_positions(slices, thickness_mm), **{**named, "SliceThickness": thickness_mm, **tags})


def warnings_of(folder: Path) -> list[str]:
    return [finding.message for finding in check_input(folder).findings if finding.code == "thickest_taken"]


@pytest.mark.parametrize("first", [5.0, 2.0])
def test_the_thickest_of_a_study_is_taken_with_a_word_about_the_others(first, tmp_path):
    add_series(tmp_path, 1, first)
    add_series(tmp_path, 2, 7.0 - first)
    add_series(tmp_path, 3, 3.0)
    add_series(tmp_path, 4, 1.0)
    thick = "1.2.1" if first == 5 else "1.2.2"
    assert read_volume(tmp_path).acquisition.series_uid == thick
    [warning] = warnings_of(tmp_path)
    assert f'number {3 - int(thick[-1])} "Series' in warning
    assert 'number 3 "Series 3" (6 slices, 3 mm apart, 3 mm thick)' in warning
    assert "number 4" not in warning  # it is thin, so there is no choice
    assert not [finding for finding in check_input(tmp_path, "3").findings if finding.code == "thickest_taken"]


def test_one_thick_series_needs_no_word(tmp_path):
    add_series(tmp_path, 1, 5.0)
    add_series(tmp_path, 2, 1.0)
    assert warnings_of(tmp_path) == []


@pytest.mark.parametrize(
    "others",
    [
        [(2, 5.0, {})],
        [(2, 4.5, {})],
        [(2, 5.0, {}), (3, 2.0, {})],
        [(2, 2.0, {"StudyInstanceUID": "1.3"})],
        [(2, 10.0, {"slices": 2, "StudyInstanceUID": "1.3"})],
    ],
    ids=["as thick", "nearly as thick", "two as thick", "another study", "another study, thicker"],
)
def test_where_none_clearly_is_the_thick_one_it_is_to_be_named(others, tmp_path):
    add_series(tmp_path, 1, 5.0)
    for number, thickness_mm, tags in others:
        add_series(tmp_path, number, thickness_mm, **tags)
    assert refusal(tmp_path).code == "several_series"


def test_series_that_do_not_tell_their_study_are_to_be_named(tmp_path):
    for number, thickness_mm in ((1, 5.0), (2, 2.0)):
        add_series(tmp_path, number, thickness_mm, StudyInstanceUID=None)
    assert refusal(tmp_path).code == "several_series"


def test_a_few_thick_slices_stand_in_for_no_chest():
    chest, needle, whole = Stack("1", 5.0, 300.0), Stack("1", 10.0, 30.0), Stack("1", 10.0, 290.0)
    assert thicker_one(chest, [chest, needle]) is None
    assert thicker_one(chest, [needle, chest, whole]) == 2
    assert thicker_one(whole, [needle, chest, whole]) is None


def test_slices_at_one_place_are_not_said_to_be_thin(tmp_path):
    """As those by which a contrast agent is awaited."""
    hu = np.random.default_rng(0).integers(-1000, 400, (5, 9, 11))
    write_series(tmp_path, hu, np.tile(slice_positions(1), (5, 1)), SliceThickness=10.0)
    assert why_left_out(find_series(tmp_path)[0]) == "All its slices lie at one place."
