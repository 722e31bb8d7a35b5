"""A trial of the network on the volume itself tells how hard its lungs are."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import numpy as np
import pytest
from models import CALIBRATION, doubting_network
from ThinSliceSRLib.engine.calibration.calibration import UsualTrial
from ThinSliceSRLib.engine.devices.device import choose_device
from ThinSliceSRLib.engine.doubt import trial
from ThinSliceSRLib.engine.doubt.trial import lung_trial
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.run import making
from ThinSliceSRLib.engine.run.job import Job, run_job
from ThinSliceSRLib.engine.synthesis.memory_ladder import Rung
from ThinSliceSRLib.engine.volumes.volume import Acquisition, Volume
from ThinSliceSRLib.engine.weights.weights_file import Model, load_model, save_weights, with_calibration


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    path = tmp_path_factory.mktemp("weights") / "doubting.safetensors"
    save_weights(path, doubting_network(), "doubting", trained=False)
    return load_model(path)


def lungs(texture_hu: float, slices: int = 20, size: int = 128, thickness_mm: float = 5.0, vessels: int = 0) -> Volume:
    """A body of lung, whose texture is finer than the trial's voxels, in air, with so many vessels of as much texture
    through all slices; thick ones 5 mm apart."""
    j, i = np.mgrid[:size, :size] - size / 2
    hu = np.full((slices, size, size), -1000.0)
    hu[:, np.hypot(j, i) < 0.45 * size] = 40
    hu[:, np.hypot(j, i) < 0.38 * size] = -830
    for place in np.linspace(-0.2, 0.2, vessels) * size:
        hu[:, np.hypot(j, i - place) < 5] = 40
    coarse = np.random.default_rng(0).normal(0, texture_hu, (slices, size // 4, size // 4))
    hu += np.kron(coarse, np.ones((1, 4, 4)))
    return Volume(hu.astype(np.int16), (1.4, 1.4, 5.0), acquisition=Acquisition(slice_thickness_mm=thickness_mm))


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small lungs are enough."""
    monkeypatch.setattr(trial, "FEWEST_VOXELS", {"lung": 1000, "vessels": 100})


def tried(volume: Volume, model: Model) -> dict[str, float]:
    return lung_trial(volume, model, [Rung(choose_device("cpu", "float32"))])


@pytest.mark.usefixtures("few")
def test_errors_of_lungs_with_more_in_them_are_larger(model: Model):
    calm, busy = (tried(lungs(hu), model) for hu in (10, 40))
    assert set(calm) == {"lung"}
    assert busy["lung"] > 2 * calm["lung"]


@pytest.mark.usefixtures("few")
def test_it_tells_vessels_apart_from_lung(model: Model):
    calm, busy = (lungs(10, vessels=3), lungs(60, vessels=3))
    dense = calm.hu > -400
    vessels_alone = replace(calm, hu=np.where(dense, busy.hu, calm.hu))
    before, after = tried(calm, model), tried(vessels_alone, model)
    assert after["vessels"] > 1.5 * before["vessels"]
    assert after["lung"] < 1.2 * before["lung"]


@pytest.mark.usefixtures("few")
def test_it_looks_where_the_lungs_are(model: Model):
    volume = lungs(20, slices=16)
    abdomen = np.full_like(volume.hu, 40)
    below = replace(volume, hu=np.concatenate([abdomen, volume.hu]))
    assert tried(below, model) == pytest.approx(tried(volume, model), rel=1e-6)


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("axis", [1, 2])
def test_what_lies_far_from_the_lungs_changes_nothing(model: Model, monkeypatch: pytest.MonkeyPatch, axis: int):
    monkeypatch.setattr(trial, "MARGIN_MM", 4.0)
    volume = lungs(20, slices=16)
    # Of another texture, which the trial would find as wrong.
    beside = np.random.default_rng(1).choice(np.array([-1000, 400], np.int16), volume.hu.shape, p=(0.8, 0.2))
    wider = replace(volume, hu=np.concatenate([beside, volume.hu], axis))
    assert tried(wider, model) == pytest.approx(tried(volume, model), rel=1e-6)


@pytest.mark.parametrize("slices", [2, 5])
def test_of_few_slices_it_tells_nothing(model: Model, slices: int):
    assert tried(lungs(20, slices), model) == {}


def test_without_lung_it_tells_nothing(model: Model):
    volume = lungs(20)
    assert tried(replace(volume, hu=np.maximum(volume.hu, 0)), model) == {}


@pytest.mark.parametrize(("known", "times"), [(True, 1.5), (False, 1.0)])
def test_a_run_expects_larger_errors_in_harder_lungs(tmp_path, monkeypatch: pytest.MonkeyPatch, known, times):
    weights = tmp_path / "m.safetensors"
    save_weights(weights, doubting_network(), "m", trained=False)
    doubts = {}
    monkeypatch.setattr(making, "lung_trial", lambda *arguments: {"lung": 1.2})
    with PendingOutputs() as outputs:
        outputs.write(lungs(20, slices=6), tmp_path / "thick.nrrd")
    for name, usual in (("usual", None), ("harder", UsualTrial((0.5, 2.5), {"lung": (0.8, 0.8)}) if known else None)):
        with_calibration(weights, replace(CALIBRATION, trial=usual))
        made = {kind: tmp_path / f"{name}_{kind}.nrrd" for kind in ("dls", "doubt")}
        job = Job(tmp_path / "thick.nrrd", made["dls"], doubt=made["doubt"], weights=str(weights))
        run_quietly(job)
        doubts[name] = read_volume(made["doubt"]).hu.astype(float)
    middle = np.s_[10, 54:74, 54:74]  # in the lung; the corner is air
    assert doubts["harder"][middle].mean() == pytest.approx(times * doubts["usual"][middle].mean(), rel=0.05)
    np.testing.assert_array_equal(doubts["harder"][:, 0, 0], doubts["usual"][:, 0, 0])


def run_quietly(job: Job) -> None:
    with ExitStack() as undo:
        run_job(job, SilentReporter(), undo)
        undo.pop_all()
