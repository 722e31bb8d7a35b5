"""`thinslicesr evaluate`, from files to tables."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chest_making import chest, with_error, write
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.evaluation.cases import Case
from ThinSliceSRLib.engine.evaluation.evaluate import MEASURES, TESTED_MEASURES, evaluate
from ThinSliceSRLib.engine.evaluation.lung_mask import lung_mask
from ThinSliceSRLib.engine.evaluation.metrics import mean_absolute_error, psnr, ssim


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    truth = chest()
    return write(tmp_path, thin=truth, near=with_error(truth, 15), far=with_error(truth, 60))


@pytest.fixture
def list_of_six(tmp_path: Path) -> Path:
    lines = ["case,truth,near,far"]
    for number in range(6):
        truth = chest(number, 24)
        folder = tmp_path / f"patient {number}"
        folder.mkdir()
        # The vessel keeps the slices from being noise alone, errors differ so that no two ranks are tied.
        write(folder, thin=truth, near=with_error(truth, 10 + number), far=with_error(truth, 50 + 3 * number))
        lines.append(",".join([f"case {number}", *(f"{folder.name}/{name}.nrrd" for name in ("thin", "near", "far"))]))
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines), encoding="utf-8-sig")  # as Excel saves it
    return path


def test_each_measure_is_that_of_the_slices_without_the_outer_five(files: dict[str, Path]):
    truth = chest()
    near = with_error(truth, 15)
    inner = slice(5, -5)
    lungs = lung_mask(truth)[inner]
    pair = near.hu[inner], truth.hu[inner]
    own, scores = evaluate([Case("a", files["thin"], {"near": files["near"]})]).scores
    assert scores.values["psnr_db"] == psnr(*pair)
    assert scores.values["ssim_axial"] == ssim(*pair, 0)
    assert scores.values["ssim_coronal"] == ssim(*pair, 1)
    assert scores.values["ssim_sagittal"] == ssim(*pair, 2)
    assert scores.values["psnr_lungs_db"] == psnr(*pair, lungs)
    assert scores.values["ssim_lungs"] == ssim(*pair, 0, lungs)
    assert scores.values["mean_absolute_error_hu"] == mean_absolute_error(*pair)
    assert own.method == "truth"
    assert own.values["slab_frequency_energy"] == pytest.approx(1, abs=0.3)


def test_values_that_cannot_be_hu_are_refused_and_taken_when_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    truth = chest()
    unit = replace(truth, hu=(np.maximum(truth.hu, -1024).astype(np.float32) + 1024) / 3072)
    paths = write(tmp_path, thin=unit, near=with_error(truth, 15))
    command = ["evaluate", "--truth", str(paths["thin"]), f"near={paths['near']}"]
    assert main(command) == 2
    assert "thin, truth: The values lie between" in (told := capsys.readouterr().err)
    assert "--values unit" in told
    assert main([*command, "--values", "unit", "--json", str(tmp_path / "figures.json")]) == 0
    [_, near] = evaluate([Case("a", paths["thin"], {"near": paths["near"]})], values="unit").scores
    assert near.values["mean_absolute_error_hu"] == pytest.approx(
        mean_absolute_error(with_error(truth, 15).hu, truth.hu), rel=0.1
    )


def test_too_few_slices_are_told_as_slices(tmp_path: Path):
    truth = chest(slices=20)
    paths = write(tmp_path, thin=truth, near=with_error(truth, 15))
    with pytest.raises(UnusableInput, match="a: of 20 slices 10 are left without the outer ones, and SSIM needs 11"):
        evaluate([Case("a", paths["thin"], {"near": paths["near"]})])


def test_planes_are_named_by_the_patient_however_the_volume_is_stored(tmp_path: Path):
    truth = chest()
    blurred = truth.hu.astype(float)
    blurred[:, 1:-1] = (blurred[:, :-2] + blurred[:, 1:-1] + blurred[:, 2:]) / 3  # from front to back: planes differ
    blurred = replace(truth, hu=np.rint(blurred).astype(np.int16))
    stored = (1, 2, 0)
    paths = write(tmp_path, a=truth, b=blurred, permuted_a=truth.permuted(stored), permuted_b=blurred.permuted(stored))
    plain, permuted = (
        evaluate([Case("a", paths[thin], {"b": paths[method]})]).scores[1].values
        for thin, method in (("a", "b"), ("permuted_a", "permuted_b"))
    )
    assert permuted == pytest.approx(plain)
    assert len({plain[f"ssim_{plane}"] for plane in ("axial", "coronal", "sagittal")}) == 3


def test_what_cannot_be_measured_is_left_out_and_told(tmp_path: Path):
    noiseless = chest(slices=24)
    noiseless = replace(noiseless, hu=np.where(noiseless.hu < -900, noiseless.hu, 40).astype(np.int16))
    paths = write(tmp_path, body=noiseless, near=with_error(noiseless, 15))
    result = evaluate([Case("a", paths["body"], {"near": paths["near"]})])
    values = result.scores[1].values
    not_taken = {"psnr_lungs_db", "ssim_lungs", "slab_frequency_energy", "slab_frequency_energy_of_changes"}
    assert {measure for measure, value in values.items() if value is None} == not_taken
    assert result.notes == [
        "a: no lungs were found, so nothing is told of them.",
        "a, truth: Stripes can be measured from 31 slices on; this volume has 14.",
        "a, near: Stripes can be measured from 31 slices on; this volume has 14.",
    ]


def test_a_list_gives_tables_medians_tests_and_pictures(list_of_six: Path, tmp_path: Path, capsys):
    outputs = tmp_path / "results.json", tmp_path / "results.csv", tmp_path / "plots"
    arguments = ["--json", str(outputs[0]), "--csv", str(outputs[1]), "--plots", str(outputs[2])]
    assert main(["evaluate", "--list", str(list_of_six), *arguments]) == 0
    told = capsys.readouterr().out

    facts = json.loads(outputs[0].read_text(encoding="utf-8"))
    assert set(facts) == {"scores", "medians", "tests", "notes"}
    rows = list(csv.DictReader(outputs[1].read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(facts["scores"]) == 6 * 3
    for row, score in zip(rows, facts["scores"], strict=True):
        assert (row["case"], row["method"]) == (score["case"], score["method"])
        assert set(score["values"]) == set(MEASURES)
        for measure, value in score["values"].items():
            assert row[measure] == ("" if value is None else str(value))

    near = [score["values"]["psnr_db"] for score in facts["scores"] if score["method"] == "near"]
    median = facts["medians"]["near"]["psnr_db"]
    assert median["value"] == pytest.approx(np.median(near))
    assert min(near) <= median["low"] <= median["value"] <= median["high"] <= max(near)
    assert f"{median['value']:.2f} ({median['low']:.2f} to {median['high']:.2f})" in told

    tests = {test["measure"]: test for test in facts["tests"]}
    assert set(tests) == set(TESTED_MEASURES)
    assert tests["psnr_db"]["p"] == pytest.approx(2 / 2**6)  # near is better in all six
    assert tests["psnr_db"]["p_corrected"] == pytest.approx(7 * 2 / 2**6)
    assert "p times 7 tests (Bonferroni)" in told

    pictures = {path.name for path in outputs[2].iterdir()}
    assert pictures == {"box_plots.png", *(f"differences_case {number}.png" for number in range(6))}
    assert all((outputs[2] / name).read_bytes().startswith(b"\x89PNG") for name in pictures)


def test_one_case_is_told_with_why_there_are_no_tests(files: dict[str, Path], capsys):
    methods = [f"{name}={files[name]}" for name in ("near", "far")]
    assert main(["evaluate", "--truth", str(files["thin"]), *methods]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:4]] == [
        [files["thin"].stem, name] for name in ("truth", "near", "far")
    ]
    assert lines[-1] == "Methods are tested against each other from 6 volumes on."


def test_a_volume_equal_to_the_truth_is_told_as_infinitely_close(files: dict[str, Path], tmp_path: Path, capsys):
    out = tmp_path / "results.json"
    assert main(["evaluate", "--truth", str(files["thin"]), f"same={files['thin']}", "--json", str(out)]) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["scores"][1]["values"]["psnr_db"] == "inf"
    assert " inf " in capsys.readouterr().out


def test_without_scipy_the_tables_are_told_with_what_is_missing(list_of_six: Path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    assert main(["evaluate", "--list", str(list_of_six)]) == 0
    told = capsys.readouterr().out
    assert "Medians over cases" in told
    assert told.endswith("Tests between methods need SciPy; install it with: pip install scipy\n")


def test_without_matplotlib_pictures_are_refused_before_anything_is_computed(
    files: dict[str, Path], tmp_path: Path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    plots = tmp_path / "plots"
    assert main(["evaluate", "--truth", str(files["thin"]), f"a={files['near']}", "--plots", str(plots)]) == 1
    captured = capsys.readouterr()
    assert captured.err == "Pictures need matplotlib; install it with: pip install matplotlib\n"
    assert captured.out == ""
    assert not plots.exists()


def test_an_existing_result_is_replaced_only_when_allowed(files: dict[str, Path], tmp_path: Path, capsys):
    out = tmp_path / "results.csv"
    out.write_text("precious")
    command = ["evaluate", "--truth", str(files["thin"]), f"a={files['near']}", "--csv", str(out)]
    assert main(command) == 2
    assert "exists; allow overwriting" in capsys.readouterr().err
    assert out.read_text() == "precious"
    assert main([*command, "--overwrite"]) == 0
    assert out.read_text().startswith("case,method,psnr_db")


def test_methods_beside_a_list_are_refused(list_of_six: Path, capsys):
    assert main(["evaluate", "a=b.nrrd", "--list", str(list_of_six)]) == 2
    assert "leave METHOD=FILE out" in capsys.readouterr().err
