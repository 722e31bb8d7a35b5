"""Writing: the values, geometry and header that each format holds, and every place that cannot be written to."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.errors import CannotWrite, ThinSliceError, UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs, check_targets
from ThinSliceSRLib.engine.volumes.volume import Volume

SUFFIXES = [".nrrd", ".mha", ".nii", ".nii.gz"]


def refusal(kind: type[ThinSliceError], targets: list[Path], **options) -> ThinSliceError:
    with pytest.raises(kind) as caught:
        check_targets(targets, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return caught.value


def corners(volume: Volume) -> np.ndarray:
    image = volume.to_image()
    i, j, k = (extent - 1 for extent in volume.size)
    return np.array(
        [image.TransformIndexToPhysicalPoint(index) for index in ((0, 0, 0), (i, 0, 0), (0, j, 0), (0, 0, k))]
    )


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    left_handed=st.booleans(),
    axes=st.permutations([0, 1, 2]),
    spacing=st.tuples(*[st.floats(0.3, 8)] * 3),
    origin=st.tuples(*[st.floats(-900, 900)] * 3),
    suffix=st.sampled_from(SUFFIXES),
)
def test_any_volume_comes_back_as_it_was(tmp_path_factory, seed, left_handed, axes, spacing, origin, suffix):
    random = np.random.default_rng(seed)
    direction = np.linalg.qr(random.normal(size=(3, 3)))[0]
    direction[:, 2] *= np.sign(np.linalg.det(direction)) * (-1 if left_handed else 1)
    hu = random.integers(-1024, 3071, (3, 4, 5)).astype(np.int16)
    volume = Volume(hu, spacing, origin, direction).permuted(tuple(axes))
    target = tmp_path_factory.mktemp("out") / f"v{suffix}"
    with PendingOutputs() as outputs:
        outputs.write(volume, target)
    read = read_volume(target)
    np.testing.assert_array_equal(read.hu, volume.hu)
    float32 = "nii" in suffix
    np.testing.assert_allclose(corners(read), corners(volume), rtol=0, atol=5e-4 if float32 else 1e-9)
    np.testing.assert_allclose(read.direction, volume.direction, rtol=0, atol=1e-5 if float32 else 1e-12)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_float32_values_come_back_exactly(suffix, thick_volume, tmp_path):
    volume = replace(thick_volume, hu=thick_volume.hu + np.float32(0.123))
    with PendingOutputs() as outputs:
        outputs.write(volume, tmp_path / f"v{suffix}")
    read = read_volume(tmp_path / f"v{suffix}").hu
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, volume.hu)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_a_leaning_axis_is_kept(suffix, thick_volume, tmp_path):
    direction = np.eye(3)
    direction[:, 2] = [0, np.sin(0.3), np.cos(0.3)]
    with PendingOutputs() as outputs:
        outputs.write(replace(thick_volume, direction=direction), tmp_path / f"v{suffix}")
    np.testing.assert_allclose(read_volume(tmp_path / f"v{suffix}").direction, direction, atol=1e-12)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("lean", [0.3, 0.004])
def test_nifti_is_refused_for_an_axis_that_leans_and_nothing_is_left(suffix, lean, thick_volume, tmp_path):
    direction = np.eye(3)
    direction[:, 2] = [0, np.sin(lean), np.cos(lean)]
    volume = replace(thick_volume, direction=direction, spacing_mm=(0.8, 0.7, 20.0))
    assert refusal(CannotWrite, [tmp_path / f"v{suffix}"], grid=volume).code == "geometry_lost"
    with pytest.raises(CannotWrite, match=r"\.nrrd") as caught, PendingOutputs() as outputs:
        outputs.write(volume, tmp_path / f"v{suffix}")
    assert caught.value.code == "geometry_lost"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_axes_that_lean_by_a_rounding_can_be_written_to_any_format(suffix, thick_volume, tmp_path):
    direction = np.eye(3)
    direction[:, 2] = [0, np.sin(1e-4), np.cos(1e-4)]
    volume = replace(thick_volume, direction=direction)
    check_targets([tmp_path / f"v{suffix}"], grid=volume)
    with PendingOutputs() as outputs:
        outputs.write(volume, tmp_path / f"v{suffix}")
    np.testing.assert_allclose(corners(read_volume(tmp_path / f"v{suffix}")), corners(volume), atol=0.01)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_metadata_stands_in_the_header(suffix, thick_volume, tmp_path):
    metadata = {"ThinSliceSR_synthetic": "yes: made by DLS, not acquired", "ThinSliceSR_weights": "a = b\nc"}
    with PendingOutputs() as outputs:
        outputs.write(thick_volume, tmp_path / f"v{suffix}", metadata)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(tmp_path / f"v{suffix}"))
    reader.ReadImageInformation()
    assert reader.GetMetaData("ThinSliceSR_synthetic") == "yes: made by DLS, not acquired"
    assert reader.GetMetaData("ThinSliceSR_weights") == "a = b c"
    assert b"yes: made by DLS, not acquired" in (tmp_path / f"v{suffix}").read_bytes()


def test_metadata_stands_in_the_description_of_a_nifti(thick_volume, tmp_path):
    metadata = {"synthetic": "Synthetic thin slices (ThinSliceSR)", "weights": "w" * 80}
    with PendingOutputs() as outputs:
        outputs.write(thick_volume, tmp_path / "v.nii", metadata)
    description = (tmp_path / "v.nii").read_bytes()[148:228].rstrip(b"\0").decode()
    assert description == ("Synthetic thin slices (ThinSliceSR); " + "w" * 80)[:79]


@pytest.mark.parametrize("name", ["out.jpg", "out", "out.mhd", "out.nhdr", "nrrd"])
def test_an_unknown_ending_is_refused(name, tmp_path):
    assert refusal(UnusableInput, [tmp_path / name]).code == "unknown_suffix"


def test_one_name_for_two_outputs_is_refused(tmp_path):
    targets = [tmp_path / "out.nrrd", tmp_path / "folder" / ".." / "out.nrrd"]
    assert refusal(UnusableInput, targets).code == "same_target"


def test_a_missing_folder_is_refused(tmp_path):
    assert refusal(CannotWrite, [tmp_path / "nowhere" / "out.nrrd"]).code == "no_folder"


def test_a_name_that_the_system_does_not_take_is_refused(tmp_path):
    assert refusal(CannotWrite, [tmp_path / ("n" * 300 + ".nrrd")]).code == "cannot_write"


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "folder").write_text("a file")
    assert refusal(CannotWrite, [tmp_path / "folder" / "out.nrrd"]).code == "no_folder"


def test_a_folder_in_the_place_of_the_output_is_refused(tmp_path):
    (tmp_path / "out.nrrd").mkdir()
    assert "is a folder" in str(refusal(CannotWrite, [tmp_path / "out.nrrd"], overwrite=True))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o500)
    try:
        assert "may not write" in str(refusal(CannotWrite, [tmp_path / "out.nrrd"]))
    finally:
        tmp_path.chmod(0o700)


def test_a_read_only_disk_is_refused(mounted):
    assert "read-only" in str(refusal(CannotWrite, [mounted("ro,size=1m") / "out.nrrd"]))


def test_an_existing_file_is_refused_unless_it_may_be_replaced(tmp_path):
    (tmp_path / "out.nrrd").touch()
    assert refusal(CannotWrite, [tmp_path / "out.nrrd"]).code == "target_exists"
    check_targets([tmp_path / "out.nrrd"], overwrite=True)


def test_checking_targets_leaves_nothing_behind(tmp_path):
    check_targets([tmp_path / "out.nrrd"])
    assert list(tmp_path.iterdir()) == []
