"""How reliable a doubt is, from thin volumes and from the phantom to the tables, the picture and the weights file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chest_making import chest, write
from models import CALIBRATION, doubting_network
from PIL import Image
from ThinSliceSRLib.engine.calibration.calibration import COVERAGES, UsualTrial
from ThinSliceSRLib.engine.errors import UnusableInput, WeightsError
from ThinSliceSRLib.engine.evaluation.tissues import TISSUES
from ThinSliceSRLib.engine.network.configuration import SMALL
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network, with_calibration

from training.measures import doubt_samples
from training.measures.doubt_measurement import (
    Reliability,
    as_markdown,
    calibrate_weights,
    calibration_of,
    crossed,
    measure_as_calibrated,
    reliability_of,
)
from training.measures.doubt_samples import OVERLAPS, Sample, samples_of


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "doubting.safetensors"
    save_weights(path, doubting_network(), "doubting", trained=False)
    return path


@pytest.fixture(scope="module")
def thin_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("thin")
    bodies = {name: chest(seed, slices=41) for seed, name in enumerate("ab")}
    for body in bodies.values():
        body.hu[:, 4:8, 30:44] = 700  # a rib
    write(folder, **{name: replace(body, spacing_mm=(1.0, 1.0, 1.0)) for name, body in bodies.items()})
    return folder


def rows_of(table: str, volume: str) -> list[list[str]]:
    return [re.split(r" *\| *", line)[1:-1] for line in table.splitlines() if line.startswith(f"| {volume}")]


def test_one_command_calibrates_measures_and_draws(weights: Path, thin_folder: Path, tmp_path: Path):
    table = calibrate_weights(weights, thin_folder, [6.0], tmp_path / "doubt.png")
    calibration = load_model(weights).calibration
    assert calibration
    assert [slabs.spacing_mm for slabs in calibration.slabs] == [3.0, 5.0, 8.0]
    assert {"lung", "soft tissue"} <= calibration.slabs[0].expected.keys()
    for volume in ("a.nrrd", "b.nrrd"):
        rows = rows_of(table, volume)
        assert {row[1] for row in rows} == {"3", "5", "6", "8", "3.5 / 5", "7.5 / 5", "10 / 5"}
        assert {row[2] for row in rows if row[2] in TISSUES} >= {"lung", "lung borders", "bone", "soft tissue"}
        bodies = [row for row in rows if row[2] == "body"]
        assert len(bodies) == 7
        [at_5] = [row for row in bodies if row[1] == "5"]  # two chests that differ in their noise alone
        held = [float(share.rstrip("%")) / 100 for share in at_5[-len(COVERAGES) :]]
        assert held == pytest.approx(COVERAGES, abs=0.03)
    assert (tmp_path / "doubt.png").stat().st_size < 150_000
    with Image.open(tmp_path / "doubt.png") as picture:
        assert picture.format == "PNG"
        assert len(np.unique(np.asarray(picture.convert("L")))) > 10


def made_up(
    volume: str, scale: float, seed: int, share: float = 1.0, vessels: float = 1.0, overlap: float = 1.0
) -> Sample:
    """Errors of which the network tells the share, and steps that have nothing to do with them. So many times as large
    in vessels; and half as large at centres of thick slices as off them, or twice where they overlap, which the network
    does not tell."""
    rng = np.random.default_rng(seed)
    told = np.exp(rng.uniform(np.log(5), np.log(100), 60_000))
    seen = rng.integers(0, 3, told.size, np.uint8)  # elsewhere, lung or vessels
    places = np.arange(told.size) % 5 / 5
    error = (
        scale
        * np.where(seen == 2, vessels, 1)
        * np.where(places == 0, 0.5 if overlap == 1 else 2, 1)
        * told
        * rng.exponential(size=told.size)
    )
    steps = rng.exponential(50, told.size)
    tissues = {"lung": seen == 1, "vessels": seen == 2, "bone": np.zeros(told.size, bool)}
    return Sample(
        volume,
        SlabProfile(5.0 * overlap, 5.0),
        places,
        told * share,
        seen,
        error,
        steps * rng.exponential(size=told.size),
        steps,
        tissues,
    )


def test_a_volume_is_measured_with_the_calibration_of_the_others():
    first, second = crossed([made_up("a", 1.0, 0), made_up("b", 1.5, 1)], [5.0])
    assert first.expected_hu["body"] == pytest.approx(1.5 * first.error_hu["body"], rel=0.05)
    assert second.expected_hu["lung"] == pytest.approx(second.error_hu["lung"] / 1.5, rel=0.05)
    assert all(held > share for held, share in zip(first.held["body"], COVERAGES, strict=True))
    assert all(held < share for held, share in zip(second.held["body"], COVERAGES, strict=True))
    assert "bone" not in first.held


def test_the_largest_misses_are_told_where_a_tissue_lies_and_where_it_is_shown():
    unseen = replace(made_up("a", 1.0, 0), seen=np.zeros(60_000, np.uint8))  # DLS shows no lung where there is some
    rows = crossed([unseen, made_up("b", 1.5, 1)], [5.0])
    told = {cells[0]: cells[1:] for cells in rows_of(as_markdown(rows), "") if cells[0] in ("body", "lung", "bone")}
    assert "lung" not in rows[0].held_where_shown
    misses = [
        max(100 * abs(held - share) for row in rows for held, share in zip(kinds(row), COVERAGES, strict=False))
        for kinds in (lambda row: row.held["lung"], lambda row: row.held_where_shown.get("lung", ()))
    ]
    assert told["lung"] == [f"{miss:.1f}" for miss in misses]
    assert told["bone"] == ["-", "-"]
    assert told["body"][0] == told["body"][1]


def test_beside_them_stand_the_misses_of_one_calibration_of_all_volumes():
    samples = [made_up("a", 1.0, 0), made_up("b", 1.5, 1)]
    calibration = calibration_of(samples, [5.0])
    together = [reliability_of(sample, calibration) for sample in samples]

    def misses(rows: list[Reliability]) -> list[str]:
        return next(cells[1:] for cells in rows_of(as_markdown(rows), "") if cells[0] == "body")

    alone = crossed(samples, [5.0])
    table = rows_of(as_markdown(alone, together), "")
    assert ["body", *misses(alone), *misses(together)] in table
    assert 0 < float(misses(together)[0]) < float(misses(alone)[0])  # each volume is half of what it is calibrated on


def test_what_a_trial_tells_of_a_volume_makes_up_for_harder_lungs_and_vessels():
    def tried(name: str, scale: float, vessels: float, seed: int) -> Sample:
        trial = {"lung": 0.8 * scale, "vessels": 0.6 * scale * vessels}
        trials = tuple({tissue: times * ratio for tissue, ratio in trial.items()} for times in (1.2, 1.0, 0.8, 0.7))
        return replace(made_up(name, scale, seed, vessels=vessels), trial=trial, trials=trials)

    harder = [tried("a", 1.0, 1.0, 0), tried("b", 1.5, 0.8, 1)]
    for row in crossed(harder, [5.0]):
        for tissue in ("lung", "vessels"):
            assert row.expected_hu[tissue] == pytest.approx(row.error_hu[tissue], rel=0.05)
            assert row.held[tissue] == pytest.approx(COVERAGES, abs=0.03)
    untold = [replace(sample, trials=({"lung": 1.0},) * 4) for sample in harder]
    assert calibration_of(untold, [5.0]).trial == UsualTrial(OVERLAPS, {"lung": (1.0,) * 4})
    assert calibration_of([harder[0], replace(harder[1], trials=({},) * 4)], [5.0]).trial is None


def test_claims_hold_at_the_centres_of_thick_slices_as_between_them():
    [row] = crossed([made_up("a", 1.0, 0)], [5.0])
    assert row.error_hu["between them"] == pytest.approx(2 * row.error_hu["at slab centres"], rel=0.05)
    for where in ("at slab centres", "between them"):
        assert row.expected_hu[where] == pytest.approx(row.error_hu[where], rel=0.05)
        assert row.held[where] == pytest.approx(COVERAGES, abs=0.03)


def test_claims_hold_where_thick_slices_overlap_and_errors_are_larger_at_their_centres():
    touching, overlapping = made_up("a", 1.0, 0), made_up("a", 0.75, 1, overlap=2.0)
    calibration = calibration_of([touching, overlapping], [5.0])
    for sample in (touching, overlapping):
        row = reliability_of(sample, calibration)
        for where in ("at slab centres", "between them"):
            assert row.expected_hu[where] == pytest.approx(row.error_hu[where], rel=0.05)
            assert row.held[where] == pytest.approx(COVERAGES, abs=0.03)
    assert row.error_hu["at slab centres"] > 1.5 * row.error_hu["between them"]
    assert {cells[2] for cells in rows_of(as_markdown([row]), "a") if len(cells) == 9} == {
        "body",
        "at slab centres",
        "between them",
    }


def test_the_doubt_and_the_steps_rank_the_same_errors():
    [row] = crossed([made_up("a", 1.0, 0)], [5.0])
    assert row.steps.area == pytest.approx(1, abs=0.1)
    assert row.ranking.area < 0.7
    assert row.bis.area < 0.7
    cells = rows_of(as_markdown([row]), "a")[-1]
    assert cells[2:4] == [f"{row.ranking.without_tenth:.1%}", f"{row.ranking.area:.3f}"]
    assert cells[4:6] == [f"{row.steps.without_tenth:.1%}", f"{row.steps.area:.3f}"]


def test_the_phantom_is_measured_by_the_calibration_in_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(doubt_samples, "PHANTOM_SPACING_MM", (4.0, 4.0, 1.0))
    monkeypatch.setattr(doubt_samples, "PHANTOM_SIZE", (88, 72, 41))
    path = tmp_path / "doubting.safetensors"
    save_weights(path, doubting_network(), "doubting", trained=False)
    with pytest.raises(WeightsError, match="cannot tell where it may be wrong"):
        measure_as_calibrated(path)
    with_calibration(path, CALIBRATION)
    before = path.read_bytes()
    table = measure_as_calibrated(path, None, [5.0], tmp_path / "phantom.png")
    assert path.read_bytes() == before
    rows = rows_of(table, "phantom")
    assert {row[1] for row in rows} == {"5", "3.5 / 5", "7.5 / 5", "10 / 5"}
    assert {"lung", "lung borders", "bone", "soft tissue"} <= {row[2] for row in rows}
    assert (tmp_path / "phantom.png").is_file()


def test_other_volumes_are_measured_by_the_calibration_in_the_file(thin_folder: Path, tmp_path: Path):
    path = tmp_path / "doubting.safetensors"
    save_weights(path, doubting_network(), "doubting", trained=False)
    with_calibration(path, CALIBRATION)
    before = path.read_bytes()
    table = measure_as_calibrated(path, thin_folder, [5.0])
    assert path.read_bytes() == before
    assert [row[0] for row in rows_of(table, "") if row[1:3] == ["5", "body"]] == ["a.nrrd", "b.nrrd"]


def test_a_model_without_the_part_for_it_is_refused(thin_folder: Path, tmp_path: Path):
    network = untrained_network(replace(SMALL, doubt_channels=0))
    save_weights(tmp_path / "m.safetensors", network, "m", trained=False)
    with pytest.raises(UnusableInput, match="tells no doubt"):
        next(samples_of(load_model(tmp_path / "m.safetensors"), thin_folder, [5.0]))
