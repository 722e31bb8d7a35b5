"""How thick slices are: read from headers and from files beside them, told by the user, or by nobody."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import thinslicesr
from dicom_making import write_series
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.file_acquisition import THICKNESS_ENTRY
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.text_headers import nrrd_header_of
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.volumes.slab_profile import slab_profile_of
from ThinSliceSRLib.engine.volumes.slice_thickness import (
    known_thickness_mm,
    require_millimetres,
    thickness_told_by,
    with_thickness,
)
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume


def of_thickness(volume: Volume, thickness_mm: float | None) -> Volume:
    return replace(volume, acquisition=Acquisition(slice_thickness_mm=thickness_mm))


def written(volume: Volume, path: Path) -> Path:
    with PendingOutputs(overwrite=True) as outputs:
        outputs.write(volume, path, {"ThinSliceSR_content": "a test"})
    return path


def plain_file(volume: Volume, path: Path) -> Path:
    """As any other program writes it."""
    sitk.WriteImage(volume.to_image(), str(path))
    return path


def with_field(path: Path, line: str) -> Path:
    """The NRRD with a further line in its header."""
    head, values = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(head + b"\n" + line.encode() + b"\n\n" + values)
    return path


@given(
    thickness=st.floats(0.1, 40),
    spacing=st.floats(1.6, 10),
    axes=st.permutations(range(3)),
    degrees=st.floats(-40, 40),
    suffix=st.sampled_from([".nrrd", ".mha"]),
)
def test_the_thickness_comes_back_whatever_the_axis_of_the_slices(
    tmp_path_factory, thickness, spacing, axes, degrees, suffix
):
    angle = np.radians(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    volume = Volume(np.zeros((4, 5, 6), np.int16), (0.8, 0.8, spacing), (1.5, -2, 3), turn).permuted(axes)
    path = written(of_thickness(volume, thickness), tmp_path_factory.mktemp("v") / f"v{suffix}")
    read = read_volume(path)
    assert read.acquisition.slice_thickness_mm == thickness
    assert thickness_told_by(read) == "header"
    assert read.through_plane_axis == volume.through_plane_axis == list(axes).index(2)
    np.testing.assert_allclose(read.spacing_mm, volume.spacing_mm)


def test_the_field_is_the_one_of_the_format_so_that_other_programs_read_it(thick_volume, tmp_path):
    path = written(of_thickness(thick_volume.permuted((2, 0, 1)), 4.0), tmp_path / "v.nrrd")
    assert nrrd_header_of(path).fields["thicknesses"] == "4.0 NaN NaN"
    again = tmp_path / "again.nrrd"
    sitk.WriteImage(sitk.ReadImage(str(path)), str(again))
    assert nrrd_header_of(again).fields["thicknesses"] == "4 nan nan"


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii"])
def test_nothing_is_told_where_nothing_is_known(suffix, thick_volume, tmp_path):
    path = written(of_thickness(thick_volume, None), tmp_path / f"v{suffix}")
    assert b"thickness" not in path.read_bytes()
    read = read_volume(path)
    assert (read.acquisition.slice_thickness_mm, thickness_told_by(read)) == (None, "nobody")
    assert slab_profile_of(read).thickness_mm == slab_profile_of(read).spacing_mm


@pytest.mark.parametrize(
    ("field", "thickness"),
    [("NaN NaN 3.5", 3.5), ("nan nan nan", None), ("3.5 NaN NaN", None), ("NaN NaN 0", None)],
)
def test_the_field_of_other_programs_is_read_along_the_axis_of_the_slices(field, thickness, thick_volume, tmp_path):
    path = with_field(plain_file(thick_volume, tmp_path / "v.nrrd"), f"thicknesses: {field}")
    assert read_volume(path).acquisition.slice_thickness_mm == thickness


def test_an_entry_that_slicer_kept_is_read_where_it_dropped_the_field(thick_volume, tmp_path):
    path = with_field(plain_file(thick_volume, tmp_path / "v.nrrd"), f"{THICKNESS_ENTRY}:=2.5")
    assert read_volume(path).acquisition.slice_thickness_mm == 2.5


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
def test_a_sidecar_tells_thickness_and_modality(suffix, thick_volume, tmp_path):
    plain_file(thick_volume, tmp_path / "scan.nii.gz").rename(
        tmp_path / f"scan{suffix}"
    ) if "gz" in suffix.lower() else (plain_file(thick_volume, tmp_path / f"scan{suffix}"))
    (tmp_path / "scan.json").write_text(json.dumps({"Modality": "CT", "SliceThickness": 6, "Manufacturer": "Acme"}))
    read = read_volume(tmp_path / f"scan{suffix}")
    assert (read.acquisition.modality, read.acquisition.slice_thickness_mm) == ("CT", 6)
    assert read.acquisition.warnings == ()


def test_the_modality_of_a_sidecar_may_be_in_small_letters(thick_volume, tmp_path):
    sitk.WriteImage(thick_volume.to_image(), str(tmp_path / "v.nii"))
    (tmp_path / "v.json").write_text('{"Modality": "ct"}')
    assert read_volume(tmp_path / "v.nii").acquisition == Acquisition(modality="CT")


def test_the_modality_of_a_sidecar_is_checked(thick_volume, tmp_path):
    path = plain_file(thick_volume, tmp_path / "scan.nii.gz")
    (tmp_path / "scan.json").write_text('{"Modality": "MR", "SliceThickness": 5}')
    assert [finding.code for finding in check_volume(read_volume(path))] == ["not_ct"]


@pytest.mark.parametrize("content", [b"{}", b'{"EchoTime": 3}', b'{"SliceThickness": null}'])
def test_a_sidecar_that_says_nothing_of_it_is_nobody(content, thick_volume, tmp_path):
    path = plain_file(thick_volume, tmp_path / "scan.nii.gz")
    (tmp_path / "scan.json").write_bytes(content)
    assert [finding.code for finding in check_volume(read_volume(path))] == ["thickness_unknown"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"[1, 2]",
        b"7",
        b"\xff\xfe{",
        b"[" * 100_000,
        b'{"SliceThickness": "five"}',
        b'{"SliceThickness": true}',
        b'{"SliceThickness": -5}',
        b'{"SliceThickness": 1e999}',
        b'{"Modality": ["CT"]}',
        b'{"Modality": "Musterfrau, Erika"}',
    ],
)
def test_a_sidecar_that_cannot_be_understood_is_one_warning_and_no_failure(content, thick_volume, tmp_path):
    path = plain_file(thick_volume, tmp_path / "Musterfrau.nii.gz")
    (tmp_path / "Musterfrau.json").write_bytes(content)
    findings = check_volume(read_volume(path))
    assert [(finding.level, finding.code) for finding in findings] == [
        ("warning", "sidecar_unreadable"),
        ("note", "thickness_unknown"),
    ]
    assert findings[0].message.endswith(".")
    assert findings[0].message.count(". ") == 0
    assert "Musterfrau" not in findings[0].message


def test_what_a_broken_sidecar_says_plainly_is_used(thick_volume, tmp_path):
    path = plain_file(thick_volume, tmp_path / "scan.nii.gz")
    (tmp_path / "scan.json").write_text('{"Modality": 7, "SliceThickness": 4.5}')
    read = read_volume(path)
    assert read.acquisition.slice_thickness_mm == 4.5
    assert [finding.code for finding in read.acquisition.warnings] == ["sidecar_unreadable"]


def test_a_folder_of_that_name_is_no_sidecar(thick_volume, tmp_path):
    path = plain_file(thick_volume, tmp_path / "scan.nii")
    (tmp_path / "scan.json").mkdir()
    assert read_volume(path).acquisition == Acquisition()


@pytest.mark.parametrize(("told", "thickness"), [("4.5", 4.5), ("0", None), ("-5", None), (None, None)])
def test_the_thickness_of_dicom_slices_is_read_where_it_is_one(told, thickness, thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu, SliceThickness=told)
    assert read_volume(tmp_path).acquisition.slice_thickness_mm == thickness


@pytest.mark.parametrize("value", [None, "", "five", "nan", float("inf"), 0, -3, "\\", [5], 10**400])
def test_what_is_no_thickness_is_none(value):
    assert known_thickness_mm(value) is None


@given(st.floats(0.01, 40), st.sampled_from([None, 3.0]))
def test_the_user_has_the_last_word(thickness, before):
    volume = of_thickness(Volume(np.zeros((4, 5, 6), np.int16), (0.8, 0.8, 5.0)), before)
    told = with_thickness(volume, thickness)
    assert (told.acquisition.slice_thickness_mm, thickness_told_by(told)) == (thickness, "option")
    assert with_thickness(volume, None) is volume


@pytest.mark.parametrize("mm", [0, -1, float("nan"), float("inf"), 40.1])
def test_what_no_slice_can_be_is_refused(mm):
    with pytest.raises(UnusableInput, match="--slab-mm must be a number"):
        require_millimetres("--slab-mm", mm)


def test_a_result_does_not_claim_the_thickness_of_its_input(thick_volume, tiny_weights, tmp_path):
    thick = written(of_thickness(thick_volume, 5.0), tmp_path / "thick.nrrd")
    results = tmp_path / "dls.nrrd", tmp_path / "bis.mha", tmp_path / "preview.nhdr"
    done = thinslicesr(
        "synthesize", thick, results[0], "--bicubic", results[1], "--preview", results[2], "--weights", tiny_weights
    )
    assert done.returncode == 0, done.stderr
    for path in results:
        assert read_volume(path).acquisition == Acquisition()
