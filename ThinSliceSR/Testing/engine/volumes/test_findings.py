"""What `check` says: each finding on a volume that deserves it, and none on one that does not."""

from __future__ import annotations

import struct
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from dicom_making import slice_positions, write_series
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.devices import main_memory
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.volumes.slice_steps import slice_steps
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume


def codes(findings: list[Finding], level: str | None = None) -> list[str]:
    return [finding.code for finding in findings if level in (None, finding.level)]


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, findings
    message = findings[0].message
    assert "\n" not in message
    assert message.endswith(".")
    assert message.count(". ") == 0
    return findings[0]


def with_acquisition(volume: Volume, **values) -> Volume:
    return replace(volume, acquisition=Acquisition(**values))


def test_a_thick_chest_ct_has_no_findings(thick_volume):
    assert check_volume(thick_volume) == []


def test_a_thick_chest_ct_from_dicom_has_no_findings(thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu)
    assert check_input(tmp_path).findings == []


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("turn", [1, -1])
def test_an_axial_volume_has_no_findings_however_it_is_stored(axes, turn, thick_volume):
    volume = replace(thick_volume, direction=np.diag([1.0, 1, turn]))
    assert check_volume(volume.permuted(axes)) == []


def test_fewer_than_two_slices_are_an_error(thick_volume):
    finding = only(check_volume(replace(thick_volume, hu=thick_volume.hu[:1])))
    assert (finding.level, finding.code) == ("error", "too_few_slices")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_number_are_an_error(wrong, thick_volume):
    hu = thick_volume.hu.astype(np.float32)
    hu[3, 4, 5] = wrong
    finding = only(check_volume(replace(thick_volume, hu=hu)))
    assert (finding.level, finding.code) == ("error", "not_finite")
    assert "in 1 of" in finding.message


@given(
    kind=st.sampled_from(["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"]),
    ends=st.tuples(*[st.sampled_from(["min", "max", "zero"])] * 2),
)
def test_values_of_every_type_that_a_volume_node_can_have_are_looked_at(kind, ends):
    limits = np.finfo("f4") if kind[0] == "f" else np.iinfo(kind)
    low, high = (np.array(getattr(limits, end, 0), kind) for end in ends)
    hu = np.where(np.arange(6 * 16 * 16) % 2, low, high).reshape(6, 16, 16)
    assert hu.dtype == kind
    told = {"values_unlike_hu", "not_hu", "constant", "not_finite"}
    assert len(told & set(codes(check_volume(Volume(hu, (0.7, 0.7, 5.0)))))) == 1


@pytest.mark.parametrize("kind", ["i2", "i4", "i8", "f4", "f8"])
def test_the_type_of_the_values_changes_no_finding(kind, thick_volume):
    hu = thick_volume.hu.astype(kind)
    assert check_volume(replace(thick_volume, hu=hu)) == []
    hu[5] += 900
    assert codes(check_volume(replace(thick_volume, hu=hu))) == ["slice_unlike_others"]


def test_another_modality_is_an_error(thick_volume):
    finding = only(check_volume(with_acquisition(thick_volume, modality="MR")))
    assert (finding.level, finding.code) == ("error", "not_ct")
    assert "MR" in finding.message


def test_missing_slices_are_an_error_with_their_positions(thick_volume, tmp_path):
    positions = slice_positions(15)
    write_series(tmp_path, thick_volume.hu, np.delete(positions, [4, 9, 10], axis=0))
    findings = check_input(tmp_path).findings
    assert codes(findings) == ["missing_slices"]
    for height in ("-280.0", "-255.0", "-250.0"):
        assert height in findings[0].message


def test_an_uneven_step_is_an_error_with_its_position(thick_volume, tmp_path):
    positions = slice_positions(12)
    positions[7:, 2] += 2.5
    write_series(tmp_path, thick_volume.hu, positions)
    findings = check_input(tmp_path).findings
    assert codes(findings, "error") == ["uneven_slices"]
    assert "after -270.0 mm" in findings[0].message


def test_two_slices_at_one_position_are_an_error(thick_volume, tmp_path):
    positions = slice_positions(11)
    write_series(tmp_path, thick_volume.hu, np.insert(positions, 3, positions[3], axis=0))
    findings = check_input(tmp_path).findings
    assert codes(findings, "error") == ["uneven_slices"]
    assert "-285.0 mm" in findings[0].message


def test_many_missing_slices_are_told_in_one_short_sentence(thick_volume):
    kept = [5.0 * k for k in range(40) if k not in range(10, 20)]
    findings = check_volume(with_acquisition(thick_volume, slice_positions_mm=tuple(kept)))
    assert "50.0, 55.0, 60.0, 65.0, 70.0 and 5 more mm" in only(findings).message


@given(
    step=st.floats(0.5, 10),
    start=st.floats(-1000, 1000),
    count=st.integers(2, 60),
    digits=st.integers(1, 6),
)
def test_even_positions_are_even_however_they_were_rounded(step, start, count, digits):
    positions = tuple(round(start + step * k, digits) for k in range(count))
    steps = slice_steps(positions)
    assert steps.doubled_mm == steps.missing_mm == steps.uneven_mm == ()
    assert steps.step_mm == pytest.approx(step, abs=0.101)


@pytest.mark.parametrize(("longer_mm", "level"), [(0.14, "warning"), (0.01, None)])
def test_steps_that_drift_are_told_by_how_far_slices_lie_off_the_grid(longer_mm, level, thick_volume):
    # Steps of 5 mm up to the middle, then longer ones: halfway, the slices lie furthest off an even grid.
    positions = tuple(5 * k + max(0, k - 20) * longer_mm for k in range(41))
    findings = check_volume(with_acquisition(thick_volume, slice_positions_mm=positions))
    told = [finding for finding in findings if finding.code == "uneven_slices"]
    assert [finding.level for finding in told] == ([] if level is None else [level])
    assert all(f"{10 * longer_mm:.1f} mm off" in finding.message for finding in told)


@given(step=st.floats(2.5, 10), start=st.floats(-1000, 1000), count=st.integers(7, 60), data=st.data())
def test_any_missing_slice_within_a_series_is_found(step, start, count, data):
    missing = data.draw(st.sets(st.integers(1, count - 2), min_size=1, max_size=(count - 2) // 4))
    positions = tuple(round(start + step * k, 2) for k in range(count) if k not in missing)
    found = slice_steps(positions)
    assert found.missing_mm == pytest.approx([start + step * k for k in sorted(missing)], abs=0.02)
    assert found.uneven_mm == found.doubled_mm == ()


def tilted_series(folder, hu: np.ndarray, degrees: float) -> None:
    tilt = np.radians(degrees)
    orientation = [1, 0, 0, 0, float(np.cos(tilt)), float(np.sin(tilt))]
    positions = np.array([-100.0, -80, -300]) + np.arange(len(hu))[:, None] * np.array([0, 0, 5.0])
    write_series(folder, hu, positions, ImageOrientationPatient=orientation)


@pytest.mark.parametrize("degrees", [0.5, 12, -12, 29.5])
def test_a_tilted_gantry_is_a_warning(degrees, thick_volume, tmp_path):
    tilted_series(tmp_path, thick_volume.hu, degrees)
    [finding] = [finding for finding in check_input(tmp_path).findings if finding.code == "tilt_corrected"]
    assert finding.level == "warning"
    assert f"{abs(degrees):.1f} degrees" in finding.message


def test_more_than_gantries_tilt_is_an_error(thick_volume, tmp_path):
    tilted_series(tmp_path, thick_volume.hu, 31)
    findings = check_input(tmp_path).findings
    assert codes(findings, "error") == ["sheared"]
    assert "31.0 degrees" in findings[0].message


def test_positions_rounded_to_a_tenth_of_a_millimetre_are_no_tilt(thick_volume, tmp_path):
    positions = slice_positions(12)
    positions[:, 0] += np.resize([0.05, 0.0, -0.05], 12)
    write_series(tmp_path, thick_volume.hu, positions)
    assert check_input(tmp_path).findings == []


@pytest.mark.parametrize(("degrees", "oblique"), [(0, False), (15, False), (25, True), (90, True)])
def test_slices_that_are_not_axial_are_a_warning(degrees, oblique, thick_volume):
    angle = np.radians(degrees)
    turn = np.array([[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]])
    findings = check_volume(replace(thick_volume, direction=turn))
    assert codes(findings, "warning") == (["not_axial"] if oblique else [])


@pytest.mark.parametrize(
    "change",
    [
        lambda hu: hu * 3,
        lambda hu: hu - 1024,
    ],
)
def test_values_that_are_unlike_hu_are_a_warning(change, thick_volume):
    hu = change(thick_volume.hu.astype(np.float32))
    finding = only(check_volume(replace(thick_volume, hu=hu)))
    assert (finding.level, finding.code) == ("warning", "values_unlike_hu")


@pytest.mark.parametrize("padding", [-2000, -3024, -32768])
def test_padding_around_the_field_of_view_is_like_hu(padding, thick_volume):
    hu = thick_volume.hu.copy()
    hu[:, :, :9] = padding
    assert check_volume(replace(thick_volume, hu=hu)) == []


def test_too_little_memory_is_a_warning(thick_volume, monkeypatch):
    monkeypatch.setattr(main_memory, "available_bytes", lambda: main_memory.needed_bytes(thick_volume) - 1)
    finding = only(check_volume(thick_volume))
    assert (finding.level, finding.code) == ("warning", "memory")
    monkeypatch.setattr(main_memory, "available_bytes", lambda: main_memory.needed_bytes(thick_volume))
    assert check_volume(thick_volume) == []


def test_unknown_memory_is_no_finding(thick_volume, monkeypatch):
    monkeypatch.setattr(main_memory, "available_bytes", lambda: None)
    assert check_volume(thick_volume) == []


def test_the_memory_that_a_run_needs_grows_with_the_thin_volume(thick_volume):
    twice = replace(thick_volume, hu=np.concatenate([thick_volume.hu] * 2))
    more = main_memory.needed_bytes(twice) - main_memory.needed_bytes(thick_volume)
    assert more == main_memory.BYTES_PER_THIN_VOXEL * 5 * thick_volume.hu.size
    assert main_memory.needed_bytes(thick_volume.permuted((2, 0, 1))) == main_memory.needed_bytes(thick_volume)


def test_this_machine_tells_its_memory_where_it_is_linux():
    available = main_memory.available_bytes()
    assert available is None or 2**20 < available < 2**50


def test_errors_come_before_warnings(thick_volume):
    volume = replace(thick_volume, hu=thick_volume.hu + 1024, spacing_mm=(0.7, 0.7, 1.0))
    findings = check_volume(with_acquisition(volume, modality="MR", slice_thickness_mm=1.0))
    assert codes(findings) == ["not_ct", "already_thin", "not_hu"]


def test_two_series_interleaved_under_one_name_are_errors(thick_volume, tmp_path):
    for number, first in enumerate((-300.0, -298.7)):
        positions = slice_positions(12, first=(0, 0, first))
        write_series(tmp_path / str(number), thick_volume.hu, positions)
    assert codes(check_input(tmp_path).findings, "error") == ["uneven_slices"]


def test_two_slices_at_each_place_are_an_error(thick_volume, tmp_path):
    for number in range(2):
        write_series(tmp_path / str(number), thick_volume.hu + number)  # no copies
    finding = only(check_input(tmp_path).findings)
    assert (finding.level, finding.code) == ("error", "uneven_slices")
    assert "More than one slice" in finding.message


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path):
    (tmp_path / "v.nrrd").write_bytes(b"no volume")
    finding = only(check_input(tmp_path / "v.nrrd").findings)
    assert (finding.level, finding.code) == ("error", "not_readable")


def test_more_than_one_component_is_a_finding(tmp_path):
    sitk.WriteImage(sitk.Image([5, 4, 3], sitk.sitkVectorInt16, 2), str(tmp_path / "v.nrrd"))
    finding = only(check_input(tmp_path / "v.nrrd").findings)
    assert (finding.level, finding.code) == ("error", "components")


def test_a_sheared_nifti_is_a_finding(thick_volume, tmp_path):
    path = tmp_path / "v.nii"
    sitk.WriteImage(thick_volume.to_image(), str(path))
    content = bytearray(path.read_bytes())
    struct.pack_into("<f", content, 280 + 4 * 6, 1.0)
    path.write_bytes(content)
    finding = only(check_input(path, slab_mm=5.0).findings)
    assert (finding.level, finding.code) == ("warning", "tilt_corrected")


def test_a_sheared_nrrd_is_a_finding(thick_volume, tmp_path):
    direction = np.eye(3)
    direction[:, 2] = [0, np.sin(0.2), np.cos(0.2)]
    sitk.WriteImage(replace(thick_volume, direction=direction).to_image(), str(tmp_path / "v.nrrd"))
    finding = only(check_input(tmp_path / "v.nrrd", slab_mm=5.0).findings)
    assert (finding.level, finding.code) == ("warning", "tilt_corrected")
    direction = np.eye(3)
    direction[:, 1] = [np.sin(0.2), np.cos(0.2), 0]
    sitk.WriteImage(replace(thick_volume, direction=direction).to_image(), str(tmp_path / "w.nrrd"))
    finding = only(check_input(tmp_path / "w.nrrd").findings)
    assert (finding.level, finding.code) == ("error", "sheared")


def test_the_series_to_check_can_be_named(thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu)
    write_series(tmp_path, thick_volume.hu, slice_positions(12, 1.0), SeriesInstanceUID="1.2", SeriesNumber=3)
    assert codes(check_input(tmp_path).findings) == []
    assert codes(check_input(tmp_path, "3").findings, "error") == ["already_thin"]


def test_a_picture_without_lungs_is_warned_of(thick_volume):
    assert check_volume(thick_volume) == []
    j, i = np.mgrid[:24, :30]
    head = np.where(((j - 12) / 9) ** 2 + ((i - 15) / 9) ** 2 < 1, 40, -1000)
    head[10:12, 14:16] = -800
    finding = only(check_volume(replace(thick_volume, hu=np.stack([head.astype(np.int16)] * 12))))
    assert (finding.level, finding.code) == ("warning", "no_lungs")
