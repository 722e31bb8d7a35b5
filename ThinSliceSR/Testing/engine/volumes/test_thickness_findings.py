"""What `check` says of how far apart slices are and how thick, and how a user corrects it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from dicom_making import slice_positions, write_series
from ThinSliceSRLib.engine.devices import main_memory
from ThinSliceSRLib.engine.events.finding import Finding
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.volumes.slab_profile import slab_profile_of
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def only(findings: list[Finding]) -> Finding:
    [finding] = findings
    assert finding.message.endswith(".")
    assert finding.message.count(". ") == 0
    return finding


def every(spacing: float, volume: Volume, thickness: float | None = None) -> Volume:
    """The volume with slices so many mm apart, and as thick unless it is told otherwise."""
    told = Acquisition(slice_thickness_mm=spacing if thickness is None else thickness)
    return replace(volume, spacing_mm=(0.7, 0.7, spacing), acquisition=told)


@pytest.mark.parametrize("spacing", [0.8, 1.0, 1.25, 1.5, float(np.float32(1.5000002))])
def test_a_thin_volume_is_an_error_that_can_be_forced(spacing, thick_volume):
    finding = only(check_volume(every(spacing, thick_volume)))
    assert (finding.level, finding.code) == ("error", "already_thin")
    forced = only(check_volume(every(spacing, thick_volume), may_be_thin=True))
    assert (forced.level, forced.code) == ("warning", "already_thin")
    assert "--force" in finding.message
    assert "--force" not in forced.message


@pytest.mark.parametrize("spacing", [2.0, 2.5, 3.0, 4.4, 5.0, 7.0, 8.0, 10.0, float(np.float32(10.000001))])
def test_no_spacing_of_2_to_10_mm_is_a_finding(spacing, thick_volume):
    assert check_volume(every(spacing, thick_volume)) == []


@pytest.mark.parametrize("spacing", [1.6, 1.9, 10.1, 15.0])
def test_a_slice_spacing_beyond_2_to_10_mm_is_a_warning(spacing, thick_volume):
    finding = only(check_volume(every(spacing, thick_volume)))
    assert (finding.level, finding.code) == ("warning", "spacing_unusual")
    assert "2 to 10 mm" in finding.message


@pytest.mark.parametrize("thickness", [4.5, 5.0, 6.5, 8.0, 10.0, 12.5])
def test_slices_that_overlap_as_the_network_knows_them_are_no_finding(thickness, thick_volume):
    assert check_volume(every(5.0, thick_volume, thickness)) == []


@pytest.mark.parametrize("thickness", [4.3, 3.0, 2.5])
def test_gaps_between_slices_are_a_warning(thickness, thick_volume):
    finding = only(check_volume(every(5.0, thick_volume, thickness)))
    assert (finding.level, finding.code) == ("warning", "slices_with_gaps")
    assert "never scanned" in finding.message


@pytest.mark.parametrize(("thickness", "taken"), [(13.0, "12.5"), (20.0, "12.5"), (2.4, "2.5"), (1.0, "2.5")])
def test_a_thickness_that_can_hardly_be_meant_is_a_warning_with_what_is_taken_instead(thickness, taken, thick_volume):
    volume = every(5.0, thick_volume, thickness)
    doubtful, *gaps = check_volume(volume)
    assert (doubtful.level, doubtful.code) == ("warning", "thickness_doubtful")
    for number in (f"{thickness:g} mm thick", "5 mm apart", f"taken to be {taken} mm", "--slab-mm"):
        assert number in doubtful.message
    assert f"{slab_profile_of(volume).thickness_mm:g}" == taken
    assert codes(gaps) == (["slices_with_gaps"] if thickness < 5 else [])


def test_a_thickness_that_nobody_tells_is_a_note(thick_volume):
    finding = only(check_volume(replace(thick_volume, acquisition=Acquisition())))
    assert (finding.level, finding.code) == ("note", "thickness_unknown")
    assert finding.message == (
        "The file does not say how thick its slices are, so they are taken to be as thick as they are apart, 5 mm; if "
        "not, give --slab-mm."
    )


def test_notes_come_last_and_not_beside_errors(thick_volume):
    unlike_hu = replace(thick_volume, hu=thick_volume.hu * 3, acquisition=Acquisition())
    assert codes(check_volume(unlike_hu)) == ["values_unlike_hu", "thickness_unknown"]
    assert codes(check_volume(replace(thick_volume, acquisition=Acquisition(modality="MR")))) == ["not_ct"]


def test_the_user_corrects_what_the_header_says(thick_volume, tmp_path):
    write_series(tmp_path, thick_volume.hu, SliceThickness=25.0)
    assert codes(check_input(tmp_path).findings) == ["thickness_doubtful"]
    assert check_input(tmp_path, slab_mm=5.0).findings == []
    assert codes(check_input(tmp_path, slab_mm=30.0).findings) == ["thickness_doubtful"]


def test_a_header_whose_distances_are_rounded_is_not_doubted(thick_volume, tmp_path):
    positions = slice_positions(12, 2.0)
    positions[:, 2] = np.round(positions[:, 2], 1)
    positions[-1, 2] -= 0.1
    write_series(tmp_path, thick_volume.hu, positions)
    assert check_input(tmp_path).findings == []


def test_the_memory_that_a_run_needs_grows_with_the_distance_of_thick_slices_that_thin_ones_1_mm_apart_fill(
    thick_volume,
):
    needed, least = main_memory.needed_bytes, main_memory.BYTES_AT_LEAST
    at_2, at_5, at_10 = (needed(every(spacing, thick_volume)) for spacing in (2.0, 5.0, 10.0))
    assert at_2 == at_5
    assert at_10 - least == pytest.approx(2 * (at_5 - least), rel=0.02)
