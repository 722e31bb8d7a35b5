"""Calibration of the doubt: intervals cover what they claim, by spacing and tissue, and files hold it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from ThinSliceSRLib.engine.calibration.calibration import (
    COVERAGES,
    ELSEWHERE,
    Calibration,
    SlabCalibration,
    UsualTrial,
    calibrate,
)
from ThinSliceSRLib.engine.calibration.curve import Curve, mean_curve
from ThinSliceSRLib.engine.calibration.places import OverlapFactors, PlaceFactors, off_centre
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.evaluation.reliability import SPARSIFIED, area_under_roc, coverage, sparsification
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network, with_calibration


def doubts_and_errors(
    seed: int, spacing_mm: float = 5.0, count: int = 200_000
) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Told 4 to 256 HU; errors grow with the spacing and are twice as large in vessels, with heavy tails there."""
    rng = np.random.default_rng(seed)
    told = np.exp(rng.uniform(np.log(4), np.log(256), count))
    vessels = rng.random(count) < 0.2
    gaussian, heavy = np.abs(rng.normal(size=count)), rng.exponential(size=count)
    scale = told * (spacing_mm / 5) ** 0.5 * np.where(vessels, 2, 1)
    return np.rint(told), scale * np.where(scale > 60, heavy, gaussian * np.sqrt(np.pi / 2)), {"vessels": vessels}


def expected_of(calibration: SlabCalibration, told: np.ndarray, tissues: dict[str, np.ndarray]) -> np.ndarray:
    return np.where(tissues["vessels"], calibration.expected_hu(told, "vessels"), calibration.expected_hu(told))


def fitted(*spacings_mm: float) -> Calibration:
    return Calibration(tuple(calibrate(mm, *doubts_and_errors(number, mm)) for number, mm in enumerate(spacings_mm)))


@pytest.mark.parametrize("spacing_mm", [3.0, 4.0, 6.0, 8.0])
def test_intervals_cover_what_they_claim_on_other_voxels_and_between_spacings(spacing_mm: float):
    calibration = fitted(3.0, 5.0, 8.0).for_spacing(spacing_mm)
    told, error, tissues = doubts_and_errors(9, spacing_mm)
    expected = expected_of(calibration, told, tissues)
    vessels = tissues["vessels"]
    for share in COVERAGES:
        for part in (vessels, ~vessels, told < 16, told > 100, told > 0):
            assert coverage(error[part], calibration.reach_hu(expected[part], share)) == pytest.approx(share, abs=0.03)
    for part in (vessels, ~vessels, told < 16, told > 100):
        assert expected[part].mean() == pytest.approx(error[part].mean(), rel=0.05)


def test_spacings_beyond_those_measured_go_on_a_little_and_then_stay():
    calibration = fitted(3.0, 8.0)
    told = np.array([20.0])
    at = [float(calibration.for_spacing(mm).expected_hu(told)[0]) for mm in (2.0, 2.4, 3.0, 8.0, 10.0, 20.0)]
    assert at[0] == at[1] < at[2] < at[3] < at[4] == at[5]


def test_a_tissue_of_few_voxels_is_as_what_is_elsewhere():
    told, error, tissues = doubts_and_errors(0)
    few = np.cumsum(tissues["vessels"]) <= 100
    calibration = calibrate(5.0, told, error, {"vessels": tissues["vessels"] & few})
    assert set(calibration.expected) == {ELSEWHERE}
    np.testing.assert_array_equal(calibration.expected_hu(told, "vessels"), calibration.expected_hu(told))


def test_levels_of_few_voxels_join_others():
    told = np.concatenate([np.full(5000, 10.0), np.full(30, 80.0)])
    curve = mean_curve(told, told * 2)
    assert len(curve.at_hu) == 1
    assert curve.at(np.array([0, 10, 80])) == pytest.approx([1.0, 20, 160], rel=0.05)


def test_more_told_is_never_less_expected():
    told = np.repeat([8.0, 16.0, 32.0, 64.0], 5000)
    curve = mean_curve(told, np.repeat([10.0, 40.0, 20.0, 60.0], 5000))
    assert curve.value_hu == (10.0, 30.0, 60.0)
    assert (np.diff(curve.at(np.arange(1, 300))) >= 0).all()


def test_sparsification_of_a_perfect_and_of_a_blind_doubt():
    rng = np.random.default_rng(0)
    error = rng.exponential(size=50_000)
    perfect, blind = sparsification(error, error), sparsification(rng.random(50_000), error)
    assert perfect.area == 0
    assert blind.area == pytest.approx(1, abs=0.05)
    assert blind.without_tenth == pytest.approx(0.1, abs=0.02)
    squares = np.sort(error**2)
    assert perfect.without_tenth == pytest.approx(squares[-5000:].sum() / squares.sum(), abs=1e-3)
    assert len(SPARSIFIED) == len(perfect.curve)


def test_the_area_under_the_roc_is_the_share_of_pairs_in_order():
    scores, wrong = np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, True, False, False])
    assert area_under_roc(scores, wrong) == 3.5 / 4
    assert area_under_roc(-scores, wrong) == 0.5 / 4
    assert np.isnan(area_under_roc(scores, np.ones(4, bool)))


def test_a_weights_file_keeps_its_calibration(tmp_path):
    path = tmp_path / "m.safetensors"
    save_weights(path, untrained_network(SMALL), "m", trained=False)
    before = load_model(path)
    assert before.calibration is None
    calibration = fitted(3.0, 5.0, 8.0)
    assert len(calibration.to_json()) < 10_000
    with_calibration(path, calibration)
    after = load_model(path)
    assert after.calibration == calibration
    assert after.name == before.name
    assert after.sha256 != before.sha256
    kept = after.network.state_dict()
    assert all((value == kept[name]).all() for name, value in before.network.state_dict().items())


def test_what_a_trial_tells_scales_what_is_expected_in_the_lungs_alone():
    told, error, tissues = doubts_and_errors(0)
    usual = UsualTrial((0.5, 1.0, 2.0), {"lung": (1.0, 0.8, 0.5), "vessels": (0.5, 1.0, 1.5)})
    calibration = Calibration((calibrate(5.0, told, error, tissues),), usual)
    plain = calibration.for_volume(5.0, 1.0, {})
    assert plain == calibration.slabs[0]
    assert calibration.for_volume(5.0, 1.0, {"vessels": 1.6}) == plain
    at = np.array([10.0, 60.0])
    for overlap, ratio, times in (
        (1.0, 1.0, 1.25),
        (2.0, 1.0, 2.0),
        (2.0, 0.4, 0.8),
        (1.0, 9.0, 2.0),
        (3.0, 0.01, 0.5),
    ):
        slabs = calibration.for_volume(5.0, overlap, {"lung": ratio})
        np.testing.assert_allclose(slabs.expected_hu(at, "vessels"), times * plain.expected_hu(at, "vessels"), 1e-5)
        np.testing.assert_allclose(slabs.expected_hu(at, "lung"), times * plain.expected_hu(at), 1e-5)
        np.testing.assert_array_equal(slabs.expected_hu(at, "bone"), plain.expected_hu(at))
    both = calibration.for_volume(5.0, 1.0, {"lung": 1.0, "vessels": 1.5})
    for tissue, times in (("lung", 1.25), ("lung borders", 1.25), ("vessels", 1.5)):
        np.testing.assert_allclose(both.expected_hu(at, tissue), times * plain.expected_hu(at, tissue), 1e-5)
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert Calibration(calibration.slabs).for_volume(5.0, 1.0, {"lung": 1.6}) == plain


def test_a_calibration_that_was_tried_in_lung_alone_scales_vessels_with_it():
    told, error, tissues = doubts_and_errors(0)
    calibration = Calibration((calibrate(5.0, told, error, tissues),), UsualTrial((1.0, 2.0), {"lung": (0.8, 0.5)}))
    trial = {"overlaps": [1, 2], "ratios": [0.8, 0.5]}
    of_version_3 = json.dumps(json.loads(calibration.to_json()) | {"version": 3, "trial": trial})
    assert Calibration.from_json(of_version_3) == calibration
    usual, harder = (calibration.for_volume(5.0, 1.0, {"lung": lung, "vessels": 9.0}) for lung in (0.8, 1.2))
    at = np.array([10.0, 60.0])
    np.testing.assert_allclose(harder.expected_hu(at, "vessels"), 1.5 * usual.expected_hu(at, "vessels"), 1e-5)


def test_errors_that_a_trial_foretold_are_calibrated_as_usual_ones():
    told, error, tissues = doubts_and_errors(0)
    times = np.where(tissues["vessels"], 1.5, 1.0)
    assert calibrate(5.0, told, error * times, tissues, times).expected == calibrate(5.0, told, error, tissues).expected


def test_errors_are_expected_by_how_far_a_slice_lies_off_the_centres_of_thick_ones():
    told, error, tissues = doubts_and_errors(0)
    places = np.random.default_rng(1).integers(0, 40, told.size) / 5
    by_share = {0.0: 0.5, 0.2: 1.0, 0.4: 1.5}
    right = np.array([by_share[share] for share in np.round(off_centre(places), 3)])
    slabs = calibrate(5.0, told, error * right, tissues, places=places)
    at = np.array([0.0, 6.2, 7.4, 3.6, 2.8, 0.5])
    relative = slabs.times_at(at) / slabs.times_at(np.array([0.2]))
    np.testing.assert_allclose(relative, [0.5, 1.0, 1.5, 1.5, 1.0, 1.5], rtol=0.03)
    for share, times in by_share.items():
        there = right == times
        expected = expected_of(slabs, told, tissues)[there] * slabs.times_at(np.array([share]))
        assert expected.mean() == pytest.approx((error * right)[there].mean(), rel=0.03)
        assert coverage((error * right)[there], slabs.reach_hu(expected, 0.9)) == pytest.approx(0.9, abs=0.02)
    assert Calibration.from_json(Calibration((slabs,)).to_json()) == Calibration((slabs,))


def test_places_with_few_errors_count_as_the_nearest_ones():
    told, error, tissues = doubts_and_errors(0)
    places = np.where(np.arange(told.size) < 1000, 0.0, 0.4)
    slabs = calibrate(5.0, told, error, tissues, places=places)
    assert slabs.by_place.shares == (0.4,)
    none = calibrate(5.0, told, error, tissues, places=np.arange(told.size) / told.size)
    assert none == calibrate(5.0, told, error, tissues)


def test_between_two_spacings_places_count_between_as_much():
    told, error, tissues = doubts_and_errors(0)
    slabs = calibrate(4.0, told, error, tissues)
    near = replace(slabs, by_place=PlaceFactors((0.0, 0.25), (0.5, 1.0)))
    far = replace(slabs, spacing_mm=16.0, by_place=PlaceFactors((0.0, 0.5), (2.0, 4.0)))
    between = Calibration((near, far)).for_spacing(8.0).by_place
    assert between.shares == (0.0, 0.25, 0.5)
    assert between.times == pytest.approx([1.0, 3**0.5, 2.0])


def test_places_count_by_how_slices_overlap():
    told, error, tissues = doubts_and_errors(0)
    slabs = replace(calibrate(5.0, told, error, tissues), by_place=PlaceFactors((0.0, 0.4), (0.8, 1.2)))
    factors = OverlapFactors((0.5, 4.0), (PlaceFactors((0.0,), (0.5,)), PlaceFactors((0.0, 0.4), (3.2, 0.3))))
    calibration = Calibration((slabs,), by_overlap=factors)
    right = {0.1: (0.5, 0.5), 1.0: (0.8, 1.2), 2.0: (1.6, 0.6), 4.0: (3.2, 0.3), 9.0: (3.2, 0.3)}
    for overlap, times in right.items():
        found = calibration.for_volume(5.0, overlap, {})
        np.testing.assert_allclose(found.times_at(np.array([3.0, 2.4])), times, rtol=1e-6)
        assert (found.expected, found.reach) == (slabs.expected, slabs.reach)
    assert Calibration.from_json(calibration.to_json()) == calibration


FIRST_VERSION = {
    "levels_hu": [10.0, 40.0],
    "expected_hu": [7.0, 50.0],
    "reach_hu": [[6.0, 45.0], [12.0, 90.0], [15.0, 120.0], [19.0, 150.0]],
}


def test_calibrations_of_the_first_version_hold_for_all_spacings_and_tissues():
    calibration = Calibration.from_json(json.dumps(FIRST_VERSION))
    for spacing_mm, tissue in ((3.0, "bone"), (8.0, ELSEWHERE)):
        slabs = calibration.for_spacing(spacing_mm)
        assert slabs.expected_hu(np.array([10, 40, 80]), tissue) == pytest.approx([7, 50, 100])
        assert slabs.reach_hu(np.array([7, 50]), 0.95) == pytest.approx([19, 150])
    assert Calibration.from_json(calibration.to_json()) == calibration


def told(**changed: object) -> str:
    slab = {"spacing_mm": 5, "expected": {ELSEWHERE: [[1, 2], [1, 2]]}, "reach": [[[1], [1]]] * 4}
    return json.dumps({"version": 2, "slabs": [slab | changed]})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(FIRST_VERSION | {"reach_hu": [[1, 1]] * 3}),
        json.dumps({"levels_hu": [], "expected_hu": [], "reach_hu": [[]] * 4}),
        json.dumps(FIRST_VERSION | {"levels_hu": [2, 1]}),
        json.dumps(FIRST_VERSION | {"expected_hu": [1, 0]}),
        json.dumps(FIRST_VERSION | {"expected_hu": [1, float("nan")]}),
        json.dumps(FIRST_VERSION | {"expected_hu": ["a", 1]}),
        json.dumps(FIRST_VERSION | {"expected_hu": [1]}),
        json.dumps({"version": 3, "slabs": []}),
        json.dumps({"version": 2, "slabs": []}),
        json.dumps(json.loads(told()) | {"version": 5}),
        json.dumps(json.loads(told()) | {"trial": {"overlaps": [1, 2], "ratios": [1, 0]}}),
        json.dumps(json.loads(told()) | {"trial": {"overlaps": [1, 2], "ratios": {"vessels": [1, 1]}}}),
        json.dumps(json.loads(told()) | {"trial": {"overlaps": [1, 2], "ratios": {"lung": [1, 1], "vessels": [1]}}}),
        json.dumps({"version": 2, "slabs": json.loads(told())["slabs"] * 2}),
        told(spacing_mm=0),
        told(spacing_mm=float("inf")),
        told(expected={"bone": [[1], [1]]}),
        told(expected=[]),
        told(expected={ELSEWHERE: [[1, 2]]}),
        told(expected={ELSEWHERE: [[1, 1], [1, 2]]}),
        told(reach=[[[1], [1]]] * 3),
        told(reach=[[[1], [-1]]] * 4),
        json.dumps(json.loads(told()) | {"by_overlap": []}),
        json.dumps(json.loads(told()) | {"by_overlap": [[2, [0], [1]], [2, [0], [1]]]}),
        json.dumps(json.loads(told()) | {"by_overlap": [[0, [0], [1]]]}),
        json.dumps(json.loads(told()) | {"by_overlap": [[1, [0], [1]]]}),
        json.dumps(json.loads(told()) | {"by_overlap": [[10**400, [0], [1]]]}),
        json.dumps(json.loads(told()) | {"by_overlap": [[2, [0], [0.01]]]}),
        json.dumps(json.loads(told()) | {"by_overlap": [[2, [0]]]}),
        told(by_place=[[], []]),
        told(by_place=[[0, 0.6], [1, 1]]),
        told(by_place=[[0.4, 0.2], [1, 1]]),
        told(by_place=[[0, 0.4], [1, 0]]),
        told(by_place=[[0, 0.4], [1, "a"]]),
        told(by_place=[[0], [1, 1]]),
    ],
)
def test_what_is_no_calibration_is_refused_in_one_sentence(text):
    with pytest.raises(WeightsError, match="cannot be read; use another model"):
        Calibration.from_json(text)


def test_a_calibration_is_written_and_read():
    assert Calibration.from_json(told()) == Calibration(
        (SlabCalibration(5.0, {ELSEWHERE: Curve((1.0, 2.0), (1.0, 2.0))}, (Curve((1.0,), (1.0,)),) * 4),)
    )
    calibration = fitted(3.0, 5.0)
    assert Calibration.from_json(calibration.to_json()) == calibration
