"""Calibration of the doubt: intervals cover what they claim, and files hold it."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from ThinSliceSRLib.engine.errors import WeightsError
from ThinSliceSRLib.engine.evaluation.reliability import SPARSIFIED, coverage, sparsification
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.weights.calibration import COVERAGES, Calibration, calibrate
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network, with_calibration


def doubts_and_errors(seed: int, count: int = 200_000) -> tuple[np.ndarray, np.ndarray]:
    """Told 4 to 256 HU, half of what is right; heavy tails where much is told, none where little is."""
    rng = np.random.default_rng(seed)
    told = np.exp(rng.uniform(np.log(4), np.log(256), count))
    gaussian, heavy = np.abs(rng.normal(size=count)), rng.exponential(size=count)
    return np.rint(told), 2 * told * np.where(told > 40, heavy, gaussian * np.sqrt(np.pi / 2))


def test_intervals_cover_what_they_claim_on_other_voxels():
    calibration = calibrate(*doubts_and_errors(0))
    told, error = doubts_and_errors(1)
    for share in COVERAGES:
        for part in (told < 16, (told > 20) & (told < 40), told > 64, told > 0):
            assert coverage(error[part], calibration.reach(told[part], share)) == pytest.approx(share, abs=0.02)
    for part in (told < 16, told > 64):
        assert calibration.expected(told[part]).mean() == pytest.approx(error[part].mean(), rel=0.05)


def test_levels_of_few_voxels_join_others():
    told = np.concatenate([np.full(5000, 10.0), np.full(30, 80.0)])
    calibration = calibrate(told, told * 2)
    assert len(calibration.levels_hu) == 1
    assert calibration.expected(np.array([0, 10, 80])) == pytest.approx([1.0, 20, 160], rel=0.05)


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


def test_a_weights_file_keeps_its_calibration(tmp_path):
    path = tmp_path / "m.safetensors"
    save_weights(path, untrained_network(SMALL), "m", trained=False)
    before = load_model(path)
    assert before.calibration is None
    calibration = calibrate(*doubts_and_errors(0))
    with_calibration(path, calibration)
    after = load_model(path)
    assert after.calibration == calibration
    assert after.name == before.name
    assert after.sha256 != before.sha256
    kept = after.network.state_dict()
    assert all((value == kept[name]).all() for name, value in before.network.state_dict().items())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps({"levels_hu": [1], "expected_hu": [1], "reach_hu": [[1]] * 3}),
        json.dumps({"levels_hu": [], "expected_hu": [], "reach_hu": [[]] * 4}),
        json.dumps({"levels_hu": [2, 1], "expected_hu": [1, 1], "reach_hu": [[1, 1]] * 4}),
        json.dumps({"levels_hu": [1, 2], "expected_hu": [1, 0], "reach_hu": [[1, 1]] * 4}),
        json.dumps({"levels_hu": [1, 2], "expected_hu": [1, float("nan")], "reach_hu": [[1, 1]] * 4}),
        json.dumps({"levels_hu": [1, 2], "expected_hu": ["a", 1], "reach_hu": [[1, 1]] * 4}),
        json.dumps({"levels_hu": [1, 2], "expected_hu": [1], "reach_hu": [[1, 1]] * 4}),
    ],
)
def test_what_is_no_calibration_is_refused_in_one_sentence(text):
    with pytest.raises(WeightsError, match="cannot be read; use another model"):
        Calibration.from_json(text)


def test_a_calibration_is_written_and_read():
    calibration = calibrate(*doubts_and_errors(0))
    assert Calibration.from_json(calibration.to_json()) == calibration
    assert dataclasses.asdict(calibration)["levels_hu"][0] > 1
