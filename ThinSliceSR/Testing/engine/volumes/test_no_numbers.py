"""Voxels without a number: air around the body, with a warning, in every format; anywhere else a refusal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import check_volume, fit_volume
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume

SUFFIXES = (".nii", ".nii.gz", ".nrrd", ".mha")
SLICES, SIZE = 8, 96
J, I = np.mgrid[:SIZE, :SIZE] - SIZE / 2  # noqa: E741 - as in the index order k, j, i


def ellipse(rows: float, columns: float, centre: float = 0.0) -> np.ndarray:
    return (J / rows) ** 2 + ((I - centre) / columns) ** 2 < 1


def chest() -> Volume:
    """A body that grows from slice to slice, with two lungs, in float32."""
    hu = np.full((SLICES, SIZE, SIZE), -1000, np.float32)
    for k in range(SLICES):
        hu[k, ellipse(28 + k, 36 + k)] = 40
    hu[:, ellipse(18, 10, -16) | ellipse(18, 10, 16)] = -850
    return Volume(hu, (0.8, 0.8, 5.0), (-40.0, -40, -300))


def saved(volume: Volume, path):
    sitk.WriteImage(volume.to_image(), str(path))
    return path


def with_values(volume: Volume, where, value: float = np.nan) -> Volume:
    hu = volume.hu.copy()
    hu[where] = value
    return replace(volume, hu=hu)


AROUND = {
    "outside of the circle that was scanned": np.broadcast_to(J**2 + I**2 > 47**2, (SLICES, SIZE, SIZE)),
    "outside of the body, close to it": chest().hu == -1000,
    "rows at the edge": np.broadcast_to(J < -45, (SLICES, SIZE, SIZE)),
}
WITHIN = {
    "one voxel in a lung": (3, 48, 30),
    "a block in the body": (3, slice(20, 26), slice(44, 50)),
    "a block in three slices": (slice(2, 5), slice(40, 56), slice(40, 56)),
    "a whole slice": (4,),
    "the last two slices": (slice(6, 8),),
    "all slices but one": (slice(1, 8),),
    "half of a slice": (4, slice(None), slice(0, 48)),
    "half of the chest": (slice(None), slice(None), slice(0, 32)),
    "everything": (slice(None),),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("around", AROUND)
def test_around_the_body_they_are_air_and_a_warning_says_so(around, value, suffix, tmp_path):
    path = saved(with_values(chest(), AROUND[around], value), tmp_path / f"v{suffix}")
    findings = check_input(path).findings
    warning = next(finding for finding in findings if finding.code == "no_numbers_around")
    assert [finding for finding in findings if finding.level == "error"] == []
    assert f"{np.count_nonzero(AROUND[around])} of the voxels" in warning.message
    volume, _ = fit_volume(read_volume(path))
    assert (volume.hu[AROUND[around]] == -1024).all()
    np.testing.assert_array_equal(volume.hu[~AROUND[around]], chest().hu[~AROUND[around]])


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("within", WITHIN)
def test_in_the_body_they_are_refused(within, suffix, tmp_path):
    path = saved(with_values(chest(), WITHIN[within]), tmp_path / f"v{suffix}")
    assert [finding.code for finding in check_input(path).findings if finding.level == "error"] == ["not_finite"]


@pytest.mark.parametrize("value", [65535, 2e5, 9.96921e36, -3.4e38])
def test_numbers_that_no_hu_can_be_are_none(value, tmp_path):
    around = AROUND["rows at the edge"]
    path = saved(with_values(chest(), around, value), tmp_path / "v.nrrd")
    assert "no_numbers_around" in [finding.code for finding in check_input(path).findings]
    volume, _ = fit_volume(read_volume(path))
    assert (volume.hu[around] == -1024).all()
    inside = with_values(chest(), WITHIN["a block in the body"], value)
    assert [finding.code for finding in check_volume(inside)] == ["not_finite"]


@pytest.mark.parametrize("kind", ["<u2", "<u4", "<i4"])
def test_numbers_of_a_volume_node_that_no_hu_can_be_are_none(kind):
    volume = chest()
    offset = replace(volume, hu=(volume.hu + 1024).astype(kind))
    volume = with_values(offset, AROUND["rows at the edge"], 65535)
    findings = check_volume(volume)  # in which nobody measured air
    assert [finding.code for finding in findings] == ["not_hu", "no_numbers_around"]
    assert "HU with 1024 added" in findings[0].message
    told = replace(volume, acquisition=Acquisition(values="hu"))
    assert "not_hu" not in [finding.code for finding in check_volume(told)]


@pytest.mark.parametrize("value", [-32768, -20000])
def test_what_did_not_fit_into_16_bits_within_the_body_is_told(value):
    volume = replace(chest(), hu=chest().hu.astype(np.int16))
    warned = check_volume(with_values(volume, WITHIN["a block in the body"], value))
    assert [finding.code for finding in warned] == ["wrapped_values", "thickness_unknown"]
    for padding in AROUND.values():
        assert [finding.code for finding in check_volume(with_values(volume, padding, value))] == ["thickness_unknown"]


@pytest.mark.parametrize("axes", [(2, 0, 1), (1, 2, 0)])
def test_it_does_not_matter_how_the_volume_is_stored(axes):
    around = with_values(chest(), AROUND["outside of the circle that was scanned"])
    within = with_values(chest(), WITHIN["a whole slice"])
    assert [finding.code for finding in check_volume(around.permuted(axes))] == [
        "no_numbers_around",
        "thickness_unknown",
    ]
    assert [finding.code for finding in check_volume(within.permuted(axes))] == ["not_finite"]
