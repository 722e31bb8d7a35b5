"""Geometry that is no place in a patient is refused by `check`, in every format, before any work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_making import files_of, put_bytes, write_series
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import check_volume

WRONG = ("nan", "inf", "-inf", "1e300", "1e30")


def errors(path) -> list[str]:
    return [finding.code for finding in check_input(path).findings if finding.level == "error"]


def with_header(thick_volume, tmp_path, suffix: str, old: str, new: str):
    """A file of the volume in whose header `old` stands as `new`."""
    path = tmp_path / f"v{suffix}"
    sitk.WriteImage(replace(thick_volume, spacing_mm=(0.75, 0.75, 5.0)).to_image(), str(path))
    content = path.read_bytes()
    assert content.count(old.encode()) == 1
    path.write_bytes(content.replace(old.encode(), new.encode()))
    return path


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [
        (".nrrd", "space origin: (-110.5,", "space origin: ({wrong},"),
        (".nrrd", "(0.75,0,0)", "({wrong},0,0)"),
        (".nrrd", "(0,0,5)", "({wrong},0,5)"),
        (".mha", "Offset = -110.5", "Offset = {wrong}"),
        (".mha", "ElementSpacing = 0.75 0.75 5", "ElementSpacing = 0.75 0.75 {wrong}"),
        (".mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1", "TransformMatrix = 1 0 0 0 1 0 0 0 {wrong}"),
    ],
)
def test_a_header_with_what_is_no_number_is_refused(suffix, old, new, wrong, thick_volume, tmp_path, recwarn):
    path = with_header(thick_volume, tmp_path, suffix, old, new.format(wrong=wrong))
    assert set(errors(path)) <= {"no_place", "not_readable", "sheared"}
    assert errors(path)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [
        (".nrrd", "(0.75,0,0)", "(0,0,0)"),
        (".nrrd", "(0,0,5)", "(0,0,0)"),
        (".nrrd", "(0,0,5)", "(0,0.75,0)"),
        (".mha", "ElementSpacing = 0.75 0.75 5", "ElementSpacing = 0.75 0.75 0"),
        (".mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1", "TransformMatrix = 1 0 0 0 1 0 0 0 0"),
        (".mha", "TransformMatrix = 1 0 0 0 1 0 0 0 1", "TransformMatrix = 0 0 0 0 0 0 0 0 0"),
    ],
)
def test_axes_that_give_no_room_are_refused(suffix, old, new, thick_volume, tmp_path):
    assert errors(with_header(thick_volume, tmp_path, suffix, old, new))


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("ImagePositionPatient", "{wrong}\\0\\0"),
        ("ImageOrientationPatient", "{wrong}\\0\\0\\0\\1\\0"),
        ("PixelSpacing", "0.8\\{wrong}"),
    ],
)
def test_dicom_that_lies_nowhere_is_refused(keyword, value, wrong, thick_volume, tmp_path, recwarn):
    write_series(tmp_path, thick_volume.hu)
    for path in files_of(tmp_path):
        put_bytes(path, keyword, value.format(wrong=wrong).encode())
    assert errors(tmp_path)
    assert not recwarn.list


@pytest.mark.parametrize("wrong", [*WRONG, "0", "-5"])
def test_a_slice_thickness_that_is_none_is_left_out(wrong, thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu)
    for path in files_of(tmp_path):
        put_bytes(path, "SliceThickness", wrong.encode())
    checked = check_input(tmp_path)
    assert [finding.code for finding in checked.findings] == ["thickness_unknown"]
    assert checked.series[0].thickness_mm is None


@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e300])
@pytest.mark.parametrize("part", ["spacing_mm", "origin_mm", "direction"])
def test_a_volume_in_memory_is_refused_too(part, wrong, thick_volume):
    values = np.array(getattr(thick_volume, part), dtype=float)
    values.flat[-1] = wrong
    assert [finding.code for finding in check_volume(replace(thick_volume, **{part: values}))] == ["no_place"]


def without_spacing(path) -> None:
    """Takes the spacing out of the header of a file by SimpleITK."""
    content = path.read_bytes()
    if path.suffix == ".nrrd":
        lines = content.split(b"\n")
        kept = [line for line in lines if not line.startswith((b"space", b"kinds"))]
        assert len(kept) < len(lines)
        path.write_bytes(b"\n".join(kept))
    elif path.suffix == ".mha":
        before, _, after = content.partition(b"ElementSpacing")
        path.write_bytes(before + after[after.index(b"\n") + 1 :])
    else:
        header = bytearray(content)
        header[80:92] = bytes(12)  # pixdim
        header[252:256] = bytes(4)  # qform_code and sform_code
        path.write_bytes(header)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha", ".nii"])
def test_a_header_without_a_spacing_is_refused_and_not_taken_for_one_millimetre(suffix, thick_volume, tmp_path, capsys):
    path = tmp_path / f"v{suffix}"
    sitk.WriteImage(replace(thick_volume, spacing_mm=(0.75, 0.75, 5.0)).to_image(), str(path))
    assert not errors(path)
    without_spacing(path)
    findings = [finding for finding in check_input(path).findings if finding.level == "error"]
    assert [finding.code for finding in findings] == ["no_place"]
    assert "holds no spacing" in findings[0].message
    assert main(["check", str(path)]) == 2
    assert "holds no spacing" in capsys.readouterr().out
    assert main(["synthesize", str(path), str(tmp_path / "out.nrrd")]) == 2
    assert "holds no spacing" in capsys.readouterr().err
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name]


def test_the_old_name_of_metaimage_for_a_spacing_is_one(thick_volume, tmp_path):
    old, new = "ElementSpacing = 0.75 0.75 5", "ElementSize = 0.75 0.75 5"
    assert not errors(with_header(thick_volume, tmp_path, ".mha", old, new))


@pytest.mark.parametrize(("suffix", "content"), [(".nrrd", b"NRRD0004\ntype: int16\n\n"), (".mha", b"no header")])
def test_what_is_no_header_of_a_volume_is_damaged_and_not_without_a_spacing(suffix, content, tmp_path):
    path = tmp_path / f"v{suffix}"
    path.write_bytes(content)
    assert errors(path) == ["not_readable"]
