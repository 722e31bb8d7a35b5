"""What the engine needs and Slicer's Python does not have."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from ThinSliceSRLib.desktop.setup import requirements
from ThinSliceSRLib.desktop.setup.requirements import Missing, missing_requirements, needed_packages

REPOSITORY = Path(__file__).resolve().parents[4]
BROUGHT_BY_SLICER = {"numpy", "pydicom", "SimpleITK"}
FOR_PROGRESS_BARS = {"tqdm"}
FOR_FIGURES = {"matplotlib"}  # which no worker of the panel draws


def need(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *lines: str) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# a remark\n\n" + "\n".join(lines) + "\n")
    monkeypatch.setattr(requirements, "REQUIREMENTS_FILE", file)


def test_nothing_is_missing_where_the_engine_runs() -> None:
    missing = missing_requirements()

    assert missing == Missing(torch=False)
    assert not missing


def test_a_package_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need(monkeypatch, tmp_path, "einops>=0.7", "no-such-package-of-anybody>=1.0")

    missing = missing_requirements()

    assert missing.packages == ("no-such-package-of-anybody>=1.0",)
    assert missing
    assert not missing.torch


def test_a_package_that_is_too_old_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need(monkeypatch, tmp_path, "einops>=1000")

    assert missing_requirements().packages == ("einops>=1000",)


def test_pytorch_that_is_too_old_is_missing_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "TORCH", Requirement("torch>=1000"))

    missing = missing_requirements()

    assert missing == Missing(torch=True, old_torch=version("torch"))


def test_pytorch_that_is_not_there_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "TORCH", Requirement("no-such-torch-of-anybody>=2.2"))

    assert missing_requirements() == Missing(torch=True)


def test_the_folder_that_a_removed_package_leaves_is_no_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    need(monkeypatch, tmp_path, "left_over_package>=1.0")
    (tmp_path / "left_over_package").mkdir()
    monkeypatch.syspath_prepend(tmp_path)

    assert missing_requirements().packages == ("left_over_package>=1.0",)


def test_asking_imports_neither_torch_nor_einops() -> None:
    program = (
        "import sys; from ThinSliceSRLib.desktop.setup.requirements import missing_requirements; "
        "missing_requirements(); print(sorted({'torch', 'einops', 'safetensors', 'qt'} & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY / "ThinSliceSR", capture_output=True, text=True, check=True
    )

    assert run.stdout.strip() == "[]"


def test_everything_that_the_engine_depends_on_comes_from_somewhere() -> None:
    tomllib = pytest.importorskip("tomllib", reason="Python 3.10 cannot read pyproject.toml")
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    engine = {Requirement(line).name: str(Requirement(line)) for line in project["dependencies"]}
    shipped = {package.name: str(package) for package in needed_packages()}
    torch = {requirements.TORCH.name: str(requirements.TORCH)}

    elsewhere = BROUGHT_BY_SLICER | FOR_PROGRESS_BARS | FOR_FIGURES
    left = {name: line for name, line in engine.items() if name not in elsewhere}
    assert shipped | torch == left


def test_the_worker_needs_no_progress_bar(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['tqdm'] = None; from ThinSliceSRLib.engine.command_line import main;"
        "sys.exit(main(sys.argv[1:]))"
    )
    thick, arguments = tmp_path / "thick.nrrd", ["--progress", "json", "--device", "cpu"]
    make = (
        "import sys, numpy, SimpleITK as sitk; hu = numpy.full((3, 16, 16), -1000, numpy.int16);"
        "hu[:, 4:12, 4:12] = 40; image = sitk.GetImageFromArray(hu);"
        "image.SetSpacing((1, 1, 5)); sitk.WriteImage(image, sys.argv[1])"
    )
    subprocess.run([sys.executable, "-c", make, str(thick)], check=True)
    run = subprocess.run(
        [sys.executable, "-c", program, "synthesize", str(thick), str(tmp_path / "thin.nrrd"), *arguments],
        cwd=REPOSITORY / "ThinSliceSR",
        capture_output=True,
        text=True,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert '"event": "finished"' in run.stdout.splitlines()[-1]
