"""Simulated nodules are what they are said to be, and readings of them tell right from wrong, lost and invented."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from models import CALIBRATION, doubting_network
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import save_weights, with_calibration

from training.measures.nodule_measurement import (
    Reading,
    as_markdown,
    invented,
    is_lost,
    measure_nodules,
    read_nodule,
    right,
)
from training.measures.nodules import APART_MM, KINDS, Nodule, ball_box, blurred_ball, put_nodules


@pytest.fixture(scope="module")
def chest() -> Volume:
    """A body with two lungs of 60 mm across, in voxels of 1 × 1.5 × 1.5 mm, with a vessel in one."""
    j, i = np.mgrid[:64, :110]
    hu = np.full((70, 64, 110), -1000.0)
    hu[:, ((j - 32) / 30) ** 2 + ((i - 55) / 53) ** 2 < 1] = 40
    for centre in (30, 80):
        hu[:, ((j - 32) / 22) ** 2 + ((i - centre) / 20) ** 2 < 1] = -870
    hu[:, 30:34, 28:32] = 30
    hu += np.random.default_rng(1).normal(0, 15, hu.shape)
    return Volume(np.rint(hu).astype(np.int16), (1.5, 1.5, 1.0), (-80.0, -45.0, 10.0))


def test_a_blurred_ball_is_the_convolution_of_a_ball():
    step, radius, sigma = 0.1, 2.0, 0.6
    line = np.arange(-40, 41) * step
    distance = np.sqrt(line[:, None, None] ** 2 + line[:, None] ** 2 + line**2)
    ball = sitk.GetImageFromArray((distance <= radius).astype(np.float64))
    blurred = sitk.GetArrayFromImage(sitk.DiscreteGaussian(ball, (sigma / step) ** 2, 64, 1e-4))
    np.testing.assert_allclose(blurred_ball(distance, radius, sigma), blurred, atol=0.02)
    assert blurred_ball(np.array([0.0]), 5.0)[0] == pytest.approx(1, abs=1e-3)


def test_nodules_lie_in_clear_lung_apart_from_each_other_and_are_as_dense_as_their_kind(chest):
    made, nodules, lungs = put_nodules(chest, 12, seed=0)
    assert len(nodules) == 12
    assert {kind: sum(nodule.kind == kind for nodule in nodules) for kind in KINDS} == dict.fromkeys(KINDS, 4)
    assert min(nodule.diameter_mm for nodule in nodules) == 3
    assert max(nodule.diameter_mm for nodule in nodules) == 10
    for one, other in combinations(nodules, 2):
        apart = np.linalg.norm((np.array(one.centre) - other.centre) * chest.spacing_mm)
        assert apart >= (one.diameter_mm + other.diameter_mm) / 2 + APART_MM - 1
    for nodule in nodules:
        box, distance_mm = ball_box(chest, nodule.centre, nodule.diameter_mm / 2)
        within = distance_mm <= nodule.diameter_mm / 2
        assert lungs[box][within].all()
        assert (chest.hu[box][within] < -700).all()
        if nodule.diameter_mm > 6:
            expected = {"solid": 40, "part-solid": 0, "ground-glass": -600}[nodule.kind]
            assert made.hu[nodule.centre[::-1]] == pytest.approx(expected, abs=80)
    changed = made.hu != chest.hu
    assert changed.any()
    assert not changed[~lungs].any()
    again, _, _ = put_nodules(chest, 12, seed=0)
    np.testing.assert_array_equal(again.hu, made.hu)
    assert (put_nodules(chest, 12, seed=1)[0].hu != made.hu).any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("diameter", [4.0, 6.0, 9.0])
def test_a_reading_of_the_true_slices_finds_the_nodule(kind: str, diameter: float):
    volume, nodule = (
        Volume(np.zeros((40, 60, 60), np.int16), (0.7, 0.7, 1.0)),
        Nodule(kind, diameter, (30, 30, 20), -870),
    )
    _, distance_mm = ball_box(volume, nodule.centre, 100)
    hu = -870 + blurred_ball(distance_mm, diameter / 2) * (nodule.outer_hu + 870)
    reading = read_nodule(replace(volume, hu=hu.astype(np.int16)), nodule)
    assert reading.diameter_mm == pytest.approx(diameter, rel=0.15)
    assert reading.volume_mm3 == pytest.approx(np.pi / 6 * diameter**3, rel=0.35)
    nothing = read_nodule(replace(volume, hu=np.full(volume.hu.shape, -870, np.int16)), nodule)
    assert nothing == Reading(0.0, -870.0, 0.0)


def test_what_is_right_and_what_is_lost():
    truth = Reading(5.0, 0.0, 60.0)
    assert right(Reading(5.9, 99.0, 74.0), truth) == {"diameter": True, "HU": True, "volume": True}
    assert right(Reading(6.1, -101.0, 76.0), truth) == {"diameter": False, "HU": False, "volume": False}
    assert is_lost(Reading(1.0, 0.0, 14.0), truth)
    assert not is_lost(Reading(1.0, 0.0, 16.0), truth)


def test_only_what_touches_nothing_true_is_invented():
    truly, seen = np.zeros((20, 20, 60), bool), np.zeros((20, 20, 60), bool)
    truly[8:12, 8:12, 8:12] = seen[7:14, 7:14, 7:14] = True  # too large, but there
    seen[8:12, 8:12, 30:34] = True  # not there
    seen[2, 2, 50] = True  # as small as noise
    assert invented(seen, truly, (1.0, 1.0, 1.0)) == 1
    assert invented(truly, truly, (1.0, 1.0, 1.0)) == 0


def test_the_whole_way_from_a_thin_volume_to_the_tables(chest, tmp_path: Path):
    weights = tmp_path / "doubting.safetensors"
    save_weights(weights, doubting_network(), "doubting", trained=False)
    (tmp_path / "thin").mkdir()
    with PendingOutputs() as outputs:
        outputs.write(chest, tmp_path / "thin" / "chest.nrrd")
    without = as_markdown(measure_nodules(weights, tmp_path / "thin", 6))
    assert "The model tells no doubt" in without
    with_calibration(weights, CALIBRATION)
    measured = measure_nodules(weights, tmp_path / "thin", 30)  # more than have room at a time
    assert len(measured.findings) >= 30
    assert measured.lung_ml > 100
    assert sum(measured.listed.values()) > 0
    table = as_markdown(measured)
    assert "| all | 3–10 | " in table
    assert "| solid | 3–5 | " in table
    told_apart = next(line for line in table.splitlines() if line.startswith("| chest.nrrd |"))
    wrong, right_ones = (int(cell) for cell in told_apart.split(" | ")[1:3])
    assert (wrong + right_ones, wrong > 0) == (len(measured.findings), True)
    assert all((finding.relative_doubt > 0) == finding.named[50.0] for finding in measured.findings)
    assert without.split("\n| invented")[0].count("| part-solid |") == 3
    # An interpolation shows large solid nodules, and thick slices change what small ones measure.
    of_all = next(line for line in table.splitlines() if line.startswith("| all | 3–10 |"))
    assert "100% | 100% | 100%" not in of_all


def test_lungs_without_room_are_refused(chest, tmp_path: Path):
    weights = tmp_path / "doubting.safetensors"
    save_weights(weights, doubting_network(), "doubting", trained=False)
    (tmp_path / "thin").mkdir()
    with PendingOutputs() as outputs:
        outputs.write(replace(chest, hu=np.full((20, 64, 64), 40, np.int16)), tmp_path / "thin" / "no_lungs.nrrd")
    with pytest.raises(UnusableInput, match="too small for so many nodules"):
        measure_nodules(weights, tmp_path / "thin", 3)
