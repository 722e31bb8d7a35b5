"""Simulated thick slices are weighted means of the thin ones around their places, overlapping or with gaps."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import thinslicesr, write_thick
from hypothesis import given
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.synthesis.simulation import simulate_thick
from ThinSliceSRLib.engine.volumes.slab_profile import BELL_REACH, SlabProfile, slab_profile_of
from ThinSliceSRLib.engine.volumes.volume import Volume

FIVE = SlabProfile(5.0, 5.0)


def random_hu(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-1000, 1000, shape).astype(np.int16)


def test_a_thick_slice_is_the_mean_of_the_five_thin_slices_around_its_place():
    thin = Volume(random_hu(31, 6, 7), (0.7, 0.7, 1.0), (1.0, 2.0, 3.0))
    thick = simulate_thick(thin, FIVE)
    assert thick.size == (7, 6, 7)
    assert thick.spacing_mm == (0.7, 0.7, 5.0)
    assert thick.origin_mm == thin.origin_mm
    assert thick.hu.dtype == np.int16
    for k in range(1, 6):
        mean = thin.hu[5 * k - 2 : 5 * k + 3].mean(axis=0)
        assert np.abs(thick.hu[k] - mean).max() <= 0.5
    np.testing.assert_allclose(thick.hu[0], thin.hu[:3].mean(axis=0), atol=0.5)


def test_overlapping_slices_share_thin_ones_and_gaps_leave_some_out():
    """By hand: 5 mm every 2 mm are means of five slices around 2k; 3 mm every 6 mm of three around 6k."""
    hu = random_hu(31, 2, 3).astype(np.float32)
    thin = Volume(hu, (0.7, 0.7, 1.0))
    overlapping = simulate_thick(thin, SlabProfile(5.0, 2.0))
    assert (len(overlapping.hu), overlapping.spacing_mm[2]) == (16, 2.0)
    for k in range(1, 15):
        np.testing.assert_allclose(overlapping.hu[k], hu[2 * k - 2 : 2 * k + 3].mean(axis=0), atol=1e-3)
    apart = simulate_thick(thin, SlabProfile(3.0, 6.0))
    assert (len(apart.hu), apart.spacing_mm[2]) == (6, 6.0)
    for k in range(1, 5):
        np.testing.assert_allclose(apart.hu[k], hu[6 * k - 1 : 6 * k + 2].mean(axis=0), atol=1e-3)


def test_a_slab_takes_of_the_slices_that_it_cuts_the_part_inside():
    """By hand: 2.5 mm around 0, 2.5, 5 … of 1 mm slices: around 5, slices 4, 5, 6 count 0.75, 1, 0.75."""
    hu = random_hu(12, 2, 3).astype(np.float32)
    thick = simulate_thick(Volume(hu, (0.7, 0.7, 1.0)), SlabProfile(2.5, 2.5))
    np.testing.assert_allclose(thick.hu[2], (0.75 * hu[4] + hu[5] + 0.75 * hu[6]) / 2.5, atol=1e-3)


def test_a_bell_weighs_thin_slices_as_a_gaussian_of_its_full_width_does():
    """By hand: half of the highest weight half a thickness away from the centre; nothing beyond the bell's reach."""
    places = np.arange(-10, 10.01, 0.1)
    [weights] = SlabProfile(5.0, 5.0, bell=1.0).weights(places, 0.1, np.array([0.0]))
    at = {place: weights[np.argmin(np.abs(places - place))] for place in (0.0, 1.0, 2.5, 4.4, 4.6)}
    assert at[2.5] / at[0.0] == pytest.approx(0.5, rel=1e-3)
    assert at[1.0] / at[0.0] == pytest.approx(0.5 ** (1 / 2.5**2), rel=1e-3)
    assert at[4.4] > 0 == at[4.6]
    assert BELL_REACH * 5.0 == 4.5


@given(
    slices=st.integers(12, 80),
    step_mm=st.floats(0.4, 1.9),
    thickness_mm=st.floats(2.0, 10.0),
    overlap=st.floats(0.5, 2.5),
    bell=st.floats(0, 1),
)
def test_every_slice_is_a_mean_around_its_place_whatever_the_profile(slices, step_mm, thickness_mm, overlap, bell):
    profile = SlabProfile(thickness_mm, thickness_mm / overlap, bell)
    places = np.arange(slices) * step_mm
    reach = profile.reach_mm + step_mm
    centres = np.arange(0, places[-1], profile.spacing_mm)
    weights = profile.weights(places, step_mm, centres)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()
    assert (weights[np.abs(places - centres[:, None]) > reach] == 0).all()
    whole = (centres > reach) & (centres < places[-1] - reach)
    # A slice that is cut counts at its own centre, not at that of its part.
    off_mm = weights[whole] @ places - centres[whole]
    assert np.abs(off_mm).max(initial=0) <= step_mm**2 / thickness_mm / 4 + 1e-6


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("profile", [FIVE, SlabProfile(5.0, 2.5), SlabProfile(3.0, 6.0, bell=1.0)])
def test_slices_are_averaged_along_the_axis_on_which_they_are_stacked(axis: int, profile: SlabProfile):
    thin = Volume(random_hu(26, 9, 8), (0.7, 0.7, 1.0))
    axes = {0: (2, 0, 1), 1: (0, 2, 1), 2: (0, 1, 2)}[axis]
    turned = thin.permuted(axes)
    assert turned.through_plane_axis == axis
    expected = simulate_thick(thin, profile).permuted(axes)
    made = simulate_thick(turned, profile)
    np.testing.assert_array_equal(made.hu, expected.hu)
    assert made.spacing_mm == expected.spacing_mm
    assert slab_profile_of(made) == SlabProfile(profile.thickness_mm, profile.spacing_mm)


@pytest.mark.parametrize(("step_mm", "profile"), [(5.0, FIVE), (1.0, SlabProfile(5.0, 0.9))])
def test_a_volume_whose_slices_are_too_far_apart_is_refused(step_mm: float, profile: SlabProfile):
    with pytest.raises(UnusableInput, match="thin-slice volume"):
        simulate_thick(Volume(random_hu(20, 4, 4), (0.7, 0.7, step_mm)), profile)


def test_a_volume_too_short_for_two_slabs_is_refused():
    with pytest.raises(UnusableInput, match="too short"):
        simulate_thick(Volume(random_hu(5, 4, 4), (0.7, 0.7, 1.0)), FIVE)


@pytest.mark.parametrize(
    ("options", "thickness", "spacing", "suffix"),
    [
        ((), 5.0, 5.0, ".nrrd"),
        (("--slab-mm", "8"), 8.0, 8.0, ".mha"),
        (("--slab-mm", "5", "--spacing-mm", "2.5"), 5.0, 2.5, ".nrrd"),
        (("--slab-mm", "3", "--spacing-mm", "4", "--profile", "bell"), 3.0, 4.0, ".nrrd"),
    ],
)
def test_the_verb_makes_slices_of_any_thickness_and_distance_and_the_file_tells_both(
    options: tuple[str, ...], thickness: float, spacing: float, suffix: str, tmp_path: Path
):
    thin = write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    done = thinslicesr("simulate", tmp_path / "thin.nrrd", tmp_path / f"thick{suffix}", *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"of {thickness:g} mm every {spacing:g} mm" in done.stdout
    thick = read_volume(tmp_path / f"thick{suffix}")
    assert thick.acquisition.slice_thickness_mm == thickness
    assert thick.spacing_mm[2] == pytest.approx(spacing, abs=1e-9)
    np.testing.assert_allclose(thick.origin_mm, thin.GetOrigin(), atol=1e-9)
    np.testing.assert_allclose(thick.direction.ravel(), thin.GetDirection(), atol=1e-9)
    profile = SlabProfile(thickness, spacing, bell=float("bell" in options))
    np.testing.assert_array_equal(thick.hu, simulate_thick(Volume.from_image(thin), profile).hu)


def test_a_nifti_cannot_tell_the_thickness_so_the_verb_does(tmp_path: Path):
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    done = thinslicesr(
        "simulate", tmp_path / "thin.nrrd", tmp_path / "thick.nii.gz", "--slab-mm", "5", "--spacing-mm", "3"
    )
    assert "give --slab-mm 5 with this volume" in done.stdout
    assert read_volume(tmp_path / "thick.nii.gz").acquisition.slice_thickness_mm is None


@pytest.mark.parametrize(("option", "nonsense"), [("--slab-mm", "41"), ("--spacing-mm", "0"), ("--slab-mm", "thick")])
def test_nonsense_is_refused_in_one_sentence(option: str, nonsense: str, tmp_path: Path):
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    done = thinslicesr("simulate", tmp_path / "thin.nrrd", tmp_path / "thick.nrrd", f"{option}={nonsense}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert option in done.stderr
    assert not (tmp_path / "thick.nrrd").exists()


def test_the_header_tells_what_was_simulated(tmp_path: Path):
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    thinslicesr("simulate", tmp_path / "thin.nrrd", tmp_path / "thick.nrrd", "--profile", "bell", "--spacing-mm", "4")
    content = sitk.ReadImage(str(tmp_path / "thick.nrrd")).GetMetaData("ThinSliceSR_content")
    assert content == "thick slices simulated as means of slabs of 5 mm every 4 mm weighted as a bell"
    assert math.isclose(slab_profile_of(read_volume(tmp_path / "thick.nrrd")).overlap, 1.25)
