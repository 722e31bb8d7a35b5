"""Values that cannot be HU are refused, with what they look like; two other scales are taken when told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import thinslicesr
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.findings.checked_volume import check_volume
from ThinSliceSRLib.engine.volumes.value_scale import in_hu

CHANGES = {
    "--values unit": lambda hu: (np.maximum(hu, -1024) + 1024) / 3072,
    "--values offset": lambda hu: np.maximum(hu, -1024) + 1024,
    "MR": lambda hu: np.clip((hu + 1350) / 1500 * 255, 0, 255),
    "mask": lambda hu: (hu > -400).astype(np.uint8),
}


@pytest.mark.parametrize("looks", CHANGES)
def test_what_cannot_be_hu_is_refused_with_what_it_looks_like(looks, thick_volume):
    volume = replace(thick_volume, hu=CHANGES[looks](thick_volume.hu.astype(np.float32)))
    [finding] = check_volume(volume)
    assert (finding.level, finding.code) == ("error", "not_hu")
    assert looks in finding.message
    assert ("--values" in finding.message) == looks.startswith("--values")


@pytest.mark.parametrize("values", ["unit", "offset"])
def test_values_on_another_scale_become_hu_when_their_user_says_so(values, thick_volume):
    stored = CHANGES[f"--values {values}"](thick_volume.hu.astype(np.float32))
    volume = in_hu(replace(thick_volume, hu=stored), values)
    np.testing.assert_allclose(volume.hu, np.maximum(thick_volume.hu, -1024), atol=1e-3)
    assert check_volume(volume) == []


def test_unsigned_integers_with_1024_added_stay_integers(thick_volume):
    stored = (np.maximum(thick_volume.hu, -1024) + 1024).astype(np.uint16)
    volume = in_hu(replace(thick_volume, hu=stored), "offset")
    assert volume.hu.dtype == np.int16
    np.testing.assert_array_equal(volume.hu, np.maximum(thick_volume.hu, -1024))


def test_the_user_may_say_that_odd_values_are_hu(thick_volume):
    volume = in_hu(replace(thick_volume, hu=np.maximum(thick_volume.hu, 0)), "hu")
    assert [finding.code for finding in check_volume(volume)] == ["values_unlike_hu"]


@pytest.mark.parametrize("values", ["unit", "offset"])
def test_hu_are_not_taken_for_another_scale(values, thick_volume):
    with pytest.raises(UnusableInput, match=f"leave out --values {values}") as refused:
        in_hu(thick_volume, values)
    assert refused.value.code == "wrong_values"


def test_values_from_0_to_1_are_not_taken_for_another_scale_to_be_rounded_away(thick_volume):
    unit = replace(thick_volume, hu=CHANGES["--values unit"](thick_volume.hu.astype(np.float32)))
    with pytest.raises(UnusableInput, match="leave out --values offset"):
        in_hu(unit, "offset")
    [finding] = check_volume(in_hu(unit, "hu"))
    assert (finding.level, finding.code) == ("error", "not_hu")
    assert "--values unit" in finding.message


@pytest.mark.parametrize("values", [None, "hu", "offset"])
def test_a_volume_with_nothing_in_it_is_refused_whatever_its_user_says(values, thick_volume):
    volume = in_hu(replace(thick_volume, hu=np.zeros_like(thick_volume.hu)), values)
    assert [finding.code for finding in check_volume(volume)] == ["constant"]


@pytest.mark.parametrize("values", [None, "hu"])
def test_a_volume_of_4_by_4_pixels_is_refused(values, thick_volume):
    volume = in_hu(replace(thick_volume, hu=thick_volume.hu[:4, 4:8, 4:8]), values)
    assert [finding.code for finding in check_volume(volume)] == ["too_small"]


def test_the_command_line_refuses_and_takes_such_values_and_the_result_tells(thick_volume, tiny_weights, tmp_path):
    unit = CHANGES["--values unit"](thick_volume.hu.astype(np.float32))
    sitk.WriteImage(replace(thick_volume, hu=unit).to_image(), str(tmp_path / "unit.nrrd"))
    arguments = ["synthesize", tmp_path / "unit.nrrd", tmp_path / "dls.nrrd", "--weights", tiny_weights]
    refused = thinslicesr(*arguments)
    assert refused.returncode == 2
    assert "--values unit" in refused.stderr
    assert not (tmp_path / "dls.nrrd").exists()
    made = thinslicesr(*arguments, "--values", "unit", "--device", "cpu")
    assert made.returncode == 0, made.stderr
    image = sitk.ReadImage(str(tmp_path / "dls.nrrd"))
    assert image.GetMetaData("ThinSliceSR_values") == "unit"
    assert np.percentile(sitk.GetArrayFromImage(image), 5) < -700
