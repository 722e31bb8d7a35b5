"""Which series of an input is taken: the only thick chest CT, or the one that is named; else all are listed."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import derive, write_hospital_series
from dicom_making import slice_positions, write_multi_frame, write_series
from pydicom.uid import SecondaryCaptureImageStorage
from refusals import refusal
from ThinSliceSRLib.engine.command_line import make_parser
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input

HU = np.random.default_rng(5).integers(-1000, 400, (6, 9, 11))
CORONAL = [1.0, 0.0, 0.0, 0.0, 0.0, -1.0]


def add_series(folder: Path, number: int, slices: int = 6, spacing: float = 5.0, **tags) -> None:
    """One more series, "Series `number`", of UID 1.2.`number`."""
    positions = slice_positions(slices, spacing, tags.get("ImageOrientationPatient", (1, 0, 0, 0, 1, 0)))
    named = {"SeriesInstanceUID": f"1.2.{number}", "SeriesNumber": number, "SeriesDescription": f"Series {number}"}
    hu = np.resize(HU, (slices, 9, 11)) + number
    write_series(folder, hu, positions, **{**named, "SliceThickness": spacing, **tags})


@pytest.fixture
def two_series(tmp_path: Path) -> Path:
    """A folder with series 2, "Chest 5.0" (6 slices, 5 mm), and, of another study, series 3, "Lung 3.0 B60f" (4 slices,
    3 mm)."""
    write_series(tmp_path, HU)
    write_series(
        tmp_path,
        HU[:4] + 1,
        slice_positions(4, 3.0),
        SeriesInstanceUID="1.2.3.4",
        SeriesNumber=3,
        SeriesDescription="Lung 3.0 B60f",
        SliceThickness=3.0,
        StudyInstanceUID="1.2.3",
    )
    return tmp_path


def test_several_series_are_listed_in_one_sentence(two_series):
    error = refusal(two_series)
    assert error.code == "several_series"
    assert 'number 2 "Chest 5.0" (6 slices, 5 mm apart, 5 mm thick)' in str(error)
    assert 'number 3 "Lung 3.0 B60f" (4 slices, 3 mm apart, 3 mm thick)' in str(error)


@pytest.mark.parametrize("named", ["3", "1.2.3.4", "Lung 3.0 B60f", "b60", " LUNG "])
def test_a_series_is_named_by_number_uid_or_part_of_its_description(named, two_series):
    np.testing.assert_array_equal(read_volume(two_series, named).hu, HU[:4] + 1)


def test_a_whole_description_goes_before_a_part_of_one(two_series):
    add_series(two_series, 4, slices=3, SeriesDescription="Chest 5.0 again")
    assert read_volume(two_series, "chest 5.0").size[2] == 6
    assert refusal(two_series, "chest").code == "several_series"


def test_a_name_that_no_series_has_is_refused_with_the_list(two_series):
    error = refusal(two_series, "abdomen")
    assert error.code == "no_series"
    assert "Chest 5.0" in str(error)


@pytest.mark.parametrize(
    "other",
    [
        {"spacing": 1.0},
        {"slices": 1},
        {"Modality": "MR"},
        {"BodyPartExamined": "HEAD"},
        {"ImageOrientationPatient": CORONAL},
        {"Manufacturer": "ThinSliceSR"},
        {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]},
    ],
)
def test_the_only_thick_chest_ct_is_taken(other, tmp_path):
    for number in (1, 9):
        add_series(tmp_path, number, **other)
    add_series(tmp_path, 5, BodyPartExamined="CHEST")
    assert read_volume(tmp_path).acquisition.series_uid == "1.2.5"
    if "ImageType" not in other:
        assert [item.uid for item in check_input(tmp_path, "9").series] == ["1.2.1", "1.2.5", "1.2.9"]


@pytest.mark.parametrize(
    "tags",
    [
        *({"SeriesDescription": text} for text in ("Min-IP 10", "MIN IP", "Lung MIPs 8/2", "Maximum Intensity 5 mm")),
        *({"ImageType": ["DERIVED", "PRIMARY", "VOLUME", word]} for word in ("MAX_IP", "MINIMUM", "VOLUME_RENDER")),
        {"VolumeBasedCalculationTechnique": "MAX_IP"},
    ],
)
def test_projections_are_known_by_all_their_names(tags, tmp_path):
    add_series(tmp_path, 1, **tags)
    assert "derived" in [finding.code for finding in check_input(tmp_path).findings]


@pytest.mark.parametrize("description", ["Maximum inspiration 5.0", "Lung minimum dose", "Recon 2: 5 mm MPR"])
def test_other_descriptions_are_of_no_projection(description, tmp_path):
    add_series(tmp_path, 1, SeriesDescription=description)
    assert "derived" not in [finding.code for finding in check_input(tmp_path).findings]


def test_a_frame_that_is_a_projection_makes_its_series_one(tmp_path):
    write_multi_frame(tmp_path / "1.dcm", HU, ImageType=["MIXED", "PRIMARY", "VOLUME", "MIXED"])
    dataset = pydicom.dcmread(tmp_path / "1.dcm")
    frame = pydicom.Dataset()
    frame.FrameType = ["DERIVED", "PRIMARY", "VOLUME", "MAXIMUM"]
    dataset.PerFrameFunctionalGroupsSequence[3].CTImageFrameTypeSequence = [frame]
    dataset.save_as(tmp_path / "1.dcm")
    assert "derived" in [finding.code for finding in check_input(tmp_path).findings]


def test_images_with_a_series_identifier_each_are_told_as_such(tmp_path):
    for number in range(5):
        write_series(tmp_path / str(number), HU[:1], SeriesInstanceUID=f"1.2.{number}")
    assert str(refusal(tmp_path)).startswith("Each of the 5 images is a series of its own")


def test_what_says_no_modality_is_ct_if_it_is_stored_as_ct(tmp_path):
    write_series(tmp_path / "ct", HU, Modality=None)
    assert check_input(tmp_path / "ct").series[0].modality == "CT"
    write_series(tmp_path / "other", HU, Modality=None, SOPClassUID=SecondaryCaptureImageStorage)
    assert "does not say whether it is CT" in check_input(tmp_path / "other").findings[0].message


def test_series_of_which_none_fits_are_listed(tmp_path):
    add_series(tmp_path, 1, spacing=1.0)
    add_series(tmp_path, 2, spacing=1.25)
    error = refusal(tmp_path)
    assert error.code == "several_series"
    assert "No series is known as a chest CT in thick axial slices" in str(error)
    assert "1.25 mm apart" in str(error)


def test_a_long_list_is_cut_short(tmp_path):
    for number in range(1, 13):
        add_series(tmp_path, number, slices=2)
    message = str(refusal(tmp_path))
    assert message.count(" slices, ") == 8
    assert "and 4 more" in message


@pytest.mark.parametrize(
    ("only", "code"),
    [
        ({"spacing": 1.0}, "already_thin"),
        ({"slices": 1}, "too_few_slices"),
        ({"Modality": "MR"}, "not_ct"),
        ({"ImageOrientationPatient": CORONAL}, "not_axial"),
        ({"Manufacturer": "ThinSliceSR"}, "synthetic"),
    ],
)
def test_a_lone_series_is_taken_and_what_is_wrong_with_it_is_a_finding(only, code, tmp_path):
    add_series(tmp_path, 1, **only)
    assert code in [finding.code for finding in check_input(tmp_path).findings]


def test_what_this_program_made_is_never_taken_by_itself_and_a_finding_when_named(tmp_path):
    write_hospital_series(tmp_path / "study" / "source")
    made = derive(tmp_path / "study" / "source", tmp_path / "dicom")
    made.folder.rename(tmp_path / "study" / "dicom")
    assert read_volume(tmp_path / "study").acquisition.series_description == "Chest 5.0"
    checked = check_input(tmp_path / "study", "DLS")
    finding = next(finding for finding in checked.findings if finding.code == "synthetic")
    assert finding.level == "error"
    assert [item.synthetic for item in checked.series] == [False, True, True]
    assert "synthetic" in str(refusal(tmp_path / "study" / "dicom"))


def test_the_mark_of_synthetic_data_is_enough(tmp_path):
    write_series(tmp_path, HU)
    for path in tmp_path.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.add_new(0x0008001C, "CS", "YES")
        dataset.save_as(path)
    assert "synthetic" in [finding.code for finding in check_input(tmp_path).findings]


def check(*arguments: object) -> int:
    """What `check` is told; returns its exit code."""
    given = make_parser().parse_args(["check", *map(str, arguments)])
    with ExitStack() as undo:
        try:
            given.run(given, SilentReporter(), undo)
        except UnusableInput as error:
            return error.exit_code
    return 0


def test_check_lists_the_series_and_says_which_one_it_means(two_series, capsys):
    assert check(two_series, "--series", "3") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith('Series: number 2 "Chest 5.0" (6 slices, 5 mm apart, 5 mm thick), UID ')
    assert not lines[0].endswith("checked")
    assert lines[1] == 'Series: number 3 "Lung 3.0 B60f" (4 slices, 3 mm apart, 3 mm thick), UID 1.2.3.4, checked'
    assert lines[-1] == "The volume is fit for synthesis."


def test_check_lists_the_series_as_json_too(two_series, capsys):
    assert check(two_series, "--json") == 2
    told = json.loads(capsys.readouterr().out)
    assert [finding["code"] for finding in told["findings"]] == ["several_series"]
    assert told["series"][1] == {
        "uid": "1.2.3.4",
        "name": "1.2.3.4",
        "number": 3,
        "description": "Lung 3.0 B60f",
        "modality": "CT",
        "slices": 4,
        "spacing_mm": pytest.approx(3.0),
        "thickness_mm": 3.0,
        "synthetic": False,
        "checked": False,
    }
    assert "4711" not in json.dumps(told)
    check(two_series, "--json", "--series", "2")
    assert [series["checked"] for series in json.loads(capsys.readouterr().out)["series"]] == [True, False]
