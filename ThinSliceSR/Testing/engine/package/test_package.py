"""`import thinslicesr`: what its functions return is what the command line makes, and nothing is left behind."""

from __future__ import annotations

import inspect
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from chest_making import chest
from command_line_runs import thinslicesr as command_line
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.volumes.volume import Volume

import thinslicesr

REPOSITORY = Path(__file__).parents[4]
PREFIX = "ThinSliceSR_"


@pytest.fixture(autouse=True)
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made, so that a test sees what is left."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def thick_chest(spacing_mm: float = 5.0) -> Volume:
    volume = chest(slices=8)
    return replace(volume, spacing_mm=(*volume.spacing_mm[:2], spacing_mm))


@pytest.fixture
def thick_file(tmp_path: Path) -> Path:
    with PendingOutputs() as outputs:
        outputs.write(thick_chest(), tmp_path / "thick.nrrd")
    return tmp_path / "thick.nrrd"


def entries(image: sitk.Image) -> dict[str, str]:
    return {key: image.GetMetaData(key) for key in image.GetMetaDataKeys() if key.startswith(PREFIX)}


def test_nothing_heavy_is_imported_with_it():
    program = "import sys, thinslicesr; print([n for n in ('torch', 'SimpleITK', 'numpy') if n in sys.modules])"
    paths = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "ThinSliceSR")])
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout == "[]\n"


def test_a_path_and_an_image_give_what_the_command_line_writes(
    tmp_path: Path, thick_file: Path, tiny_weights: Path, temporary_folder: Path
):
    output = tmp_path / "dls.nrrd"
    done = command_line("synthesize", thick_file, output, "--weights", tiny_weights, "--device", "cpu")
    assert done.returncode == 0
    expected = sitk.ReadImage(str(output))
    for source in (str(thick_file), thick_file, sitk.ReadImage(str(thick_file))):
        image = thinslicesr.synthesize(source, weights=tiny_weights, device="cpu")
        np.testing.assert_array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(expected))
        assert image.GetSpacing() == expected.GetSpacing()
        assert image.GetOrigin() == expected.GetOrigin()
        assert image.GetDirection() == expected.GetDirection()
        assert entries(image) == entries(expected)
        assert image.GetMetaData("ThinSliceSR_synthetic") == "yes"
    assert list(temporary_folder.iterdir()) == []


def test_choices_are_those_of_the_command_line(thick_file: Path, tiny_weights: Path):
    image = thinslicesr.synthesize(
        thick_file,
        weights=tiny_weights,
        device="cpu",
        spacing=2,
        slab_mm=4,
        slab_consistency=False,
        precision="float32",
        values="hu",
        quality="best",
        threads=1,
    )
    told = entries(image)
    assert image.GetSpacing()[2] == 2
    assert told["ThinSliceSR_slab_mm"] == "4"
    assert told["ThinSliceSR_values"] == "hu"
    assert told["ThinSliceSR_quality"] == "best"
    assert told["ThinSliceSR_slab_consistency"] == "off"


def test_values_on_another_scale_are_refused_and_taken_when_told():
    thin = chest(slices=40)
    thin = replace(thin, hu=np.maximum(thin.hu, -1024))
    unit = replace(thin, hu=(thin.hu.astype(np.float32) + 1024) / 3072).to_image()
    thin_image = thin.to_image()
    assert "not_hu" in [finding.code for finding in thinslicesr.check(unit)]
    assert "not_hu" not in [finding.code for finding in thinslicesr.check(unit, values="unit")]
    for refused in (lambda: thinslicesr.simulate(unit), lambda: thinslicesr.evaluate(thin_image, {"DLS": unit})):
        with pytest.raises(thinslicesr.UnusableInput, match="--values unit"):
            refused()
    told, plain = thinslicesr.simulate(unit, values="unit"), thinslicesr.simulate(thin_image)
    np.testing.assert_allclose(sitk.GetArrayFromImage(told), sitk.GetArrayFromImage(plain), atol=1)
    measured = thinslicesr.evaluate(unit, {"DLS": thin_image}, values="unit").medians["DLS"]
    assert measured["mean_absolute_error_hu"].value < 1


def test_progress_and_warnings_are_told_to_the_caller(
    tmp_path: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
):
    far_apart = thick_chest(12.0).to_image()
    told: list[tuple[str, int, int]] = []
    with caplog.at_level(logging.WARNING, "thinslicesr"):
        thinslicesr.synthesize(
            far_apart, weights=tiny_weights, device="cpu", on_progress=lambda *step: told.append(step)
        )
    assert told[0] == ("read", 0, 1)
    assert told[-1][0] == "write"
    assert told[-1][1] == told[-1][2]
    assert any("12" in record.getMessage() for record in caplog.records)


def test_what_ends_a_run_from_within_leaves_nothing(thick_file: Path, tiny_weights: Path, temporary_folder: Path):
    def stop(stage: str, done: int, total: int) -> None:
        if stage == "write":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        thinslicesr.synthesize(sitk.ReadImage(str(thick_file)), weights=tiny_weights, device="cpu", on_progress=stop)
    assert list(temporary_folder.iterdir()) == []


def test_what_an_image_tells_of_a_patient_reaches_no_file(thick_file: Path, tiny_weights: Path, temporary_folder: Path):
    image = sitk.ReadImage(str(thick_file))
    image.SetMetaData("0010|0010", "Doe^Jane")
    files: list[bytes] = []

    def look(*step: object) -> None:
        files.extend(path.read_bytes() for path in temporary_folder.rglob("*.nrrd"))

    made = thinslicesr.synthesize(image, weights=tiny_weights, device="cpu", on_progress=look)
    assert files
    assert not any(b"Doe" in content for content in files)
    assert "0010|0010" not in made.GetMetaDataKeys()
    assert image.GetMetaData("0010|0010") == "Doe^Jane"


def test_failures_are_those_of_the_command_line(tmp_path: Path, thick_file: Path, temporary_folder: Path):
    with pytest.raises(thinslicesr.UnusableInput) as missing:
        thinslicesr.synthesize(tmp_path / "nothing.nrrd")
    assert missing.value.code == "not_found"
    with pytest.raises(thinslicesr.WeightsError):
        thinslicesr.synthesize(thick_file, weights="no-such-model", device="cpu")
    with pytest.raises(thinslicesr.UnusableInput):
        thinslicesr.synthesize(sitk.Image([8, 8, 8], sitk.sitkVectorInt16, 3))
    with pytest.raises(thinslicesr.UnusableInput):
        thinslicesr.simulate(thick_file, slab_mm=-1)
    assert list(temporary_folder.iterdir()) == []


def test_check_tells_findings(thick_file: Path):
    assert [finding for finding in thinslicesr.check(thick_file) if finding.level == "error"] == []
    thin = chest().to_image()
    assert [finding.code for finding in thinslicesr.check(thin) if finding.level == "error"] == ["already_thin"]


def test_simulated_slices_keep_their_thickness_on_the_way_to_the_synthesis(tiny_weights: Path):
    thick = thinslicesr.simulate(chest().to_image(), slab_mm=8, spacing_mm=5)
    assert thick.GetSpacing()[2] == 5
    dls = thinslicesr.synthesize(thick, weights=tiny_weights, device="cpu")
    assert entries(dls)["ThinSliceSR_slab_mm"] == "8"


def test_evaluate_takes_images_and_paths():
    truth = chest()
    other = replace(truth, hu=truth.hu + np.int16(10)).to_image()
    result = thinslicesr.evaluate(truth.to_image(), {"same": truth.to_image(), "other": other})
    # Not 10: what lies below the range of HU that is measured counts as its end.
    assert 9 < result.medians["other"]["mean_absolute_error_hu"].value < 10
    assert result.medians["same"]["mean_absolute_error_hu"].value == 0
    with pytest.raises(thinslicesr.UnusableInput):
        thinslicesr.evaluate(truth.to_image(), {})


def test_models_are_those_that_are_there(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("THINSLICESR_WEIGHTS", str(tiny_weights.parent))
    found = {model.name: model for model in thinslicesr.models()}
    assert found[tiny_weights.stem].path == tiny_weights
    assert found["cthnet-small"].state == "registered"


def test_every_function_and_choice_is_documented():
    page = (REPOSITORY / "docs" / "scripting.md").read_text(encoding="utf-8")
    told = page.partition("## Python elsewhere")[2].partition("\n## ")[0]
    for name in ("synthesize", "check", "simulate", "evaluate", "models"):
        assert f"`{name}(" in told
        assert getattr(thinslicesr, name).__doc__
    for choice in inspect.signature(thinslicesr.synthesize).parameters:
        assert f"`{choice}`" in told or f"{choice}=" in told or choice == "source", choice
