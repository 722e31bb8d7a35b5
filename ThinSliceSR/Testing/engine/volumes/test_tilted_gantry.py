"""Slices of a tilted gantry come to lie upright: each point of the patient keeps its place and its HU."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from command_line_runs import thinslicesr
from dicom_making import write_series
from hypothesis import given, settings
from hypothesis import strategies as st
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.volumes.geometry import shear_degrees
from ThinSliceSRLib.engine.volumes.tilted_gantry import lean_degrees, upright
from ThinSliceSRLib.engine.volumes.volume import Volume


def places(volume: Volume) -> np.ndarray:
    """Of all voxels in mm: (slices, rows, columns, 3)."""
    k, j, i = np.meshgrid(*map(np.arange, volume.hu.shape), indexing="ij")
    steps = np.stack([i, j, k], -1) * np.asarray(volume.spacing_mm)
    return np.asarray(volume.origin_mm) + steps @ np.asarray(volume.direction).T


def field(place: np.ndarray) -> np.ndarray:
    """A body whose HU are linear in place, so that linear interpolation is exact."""
    return 2.0 * place[..., 0] - 3.0 * place[..., 1] + 1.5 * place[..., 2]


def leaning(along_x: float, along_y: float, turned: np.ndarray, mirrored: bool = False) -> Volume:
    """A volume of `field` whose stack leans by so many mm per slice along rows and columns."""
    step = turned @ np.array([along_x, along_y, -5.0 if mirrored else 5.0])
    length = float(np.linalg.norm(step))
    empty = np.zeros((6, 20, 24), np.float32)
    direction = np.column_stack([turned[:, 0], turned[:, 1], step / length])
    volume = Volume(empty, (0.8, 0.8, length), (-10.0, 20.0, -300.0), direction)
    return replace(volume, hu=field(places(volume)).astype(np.float32))


@settings(max_examples=40)
@given(
    along_x=st.floats(-1.5, 1.5),
    along_y=st.floats(-2.2, 2.2),
    seed=st.integers(0, 999),
    mirrored=st.booleans(),
    axes=st.sampled_from([(0, 1, 2), (2, 0, 1), (1, 2, 0)]),
)
def test_each_point_keeps_its_place_and_its_hu(along_x, along_y, seed, mirrored, axes):
    turned = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    turned[:, 2] = np.cross(turned[:, 0], turned[:, 1])
    volume = leaning(along_x, along_y, turned, mirrored).permuted(axes)
    straight = upright(volume)
    if lean_degrees(volume) <= 0.25:
        assert straight is volume
        return
    assert shear_degrees(straight.direction) < 1e-6
    assert straight.spacing_mm[straight.through_plane_axis] == pytest.approx(5)
    assert straight.acquisition.tilt_degrees == pytest.approx(lean_degrees(volume))
    expected = field(places(straight))
    inside = np.abs(straight.hu - expected) < 0.05
    # A slice has 20 × 24 pixels; between its edge and the next pixel there is none to be interpolated from.
    assert np.count_nonzero(inside) >= 6 * 19 * 23


def test_air_is_what_was_never_scanned_and_whole_numbers_stay_so():
    volume = leaning(0, 1.6, np.eye(3))
    volume = replace(volume, hu=np.full(volume.hu.shape, 40, np.int16))
    straight = upright(volume)
    assert straight.hu.dtype == np.int16
    assert straight.size == (24, 20 + 10, 6)
    for k in range(6):
        assert (straight.hu[k, 2 * k : 2 * k + 20] == 40).all()
        assert (np.delete(straight.hu[k], np.s_[2 * k : 2 * k + 20], axis=0) == -1024).all()


def test_an_upright_volume_stays_as_it_is(thick_volume):
    assert upright(thick_volume) is thick_volume


def test_a_run_says_so_and_its_dicom_is_upright(thick_volume, tiny_weights, tmp_path: Path):
    tilt = np.radians(10)
    orientation = [1, 0, 0, 0, float(np.cos(tilt)), float(np.sin(tilt))]
    positions = np.array([-100.0, -80, -300]) + np.arange(12)[:, None] * np.array([0, 0, 5.0])
    write_series(tmp_path / "in", thick_volume.hu, positions, ImageOrientationPatient=orientation)
    output, folder = tmp_path / "out.nrrd", tmp_path / "dicom"
    run = thinslicesr(
        "synthesize", tmp_path / "in", output, "--dicom-out", folder, "--weights", tiny_weights, "--device", "cpu"
    )
    assert run.returncode == 0, run.stderr
    assert "tilted by 10.0 degrees" in run.stderr
    assert b"tilt_corrected_degrees:=10.0" in output.read_bytes()[:4000]
    made, source = read_volume(output), read_volume(tmp_path / "in")
    assert shear_degrees(made.direction) < 1e-6
    np.testing.assert_allclose(made.direction[:, 0], source.direction[:, 0])
    slices = [pydicom.dcmread(path) for path in sorted((folder / "DLS").iterdir())]
    assert "tilted by 10.0 degrees" in slices[0].DerivationDescription
    steps = np.diff([item.ImagePositionPatient for item in slices], axis=0)
    normal = np.cross(orientation[:3], orientation[3:])
    np.testing.assert_allclose(np.abs(steps @ normal), np.linalg.norm(steps, axis=1), atol=1e-4)
    run = thinslicesr("export", output, tmp_path / "again", "--source", tmp_path / "in")
    assert run.returncode == 0, run.stderr
