"""The CMake files: they ship every file and install the weights where the engine looks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import qt

REPOSITORY = Path(__file__).parents[4]
MODULE = REPOSITORY / "ThinSliceSR"
STAND_INS = Path(__file__).parents[1] / "stand_ins"
MODULE_TEXT = (MODULE / "CMakeLists.txt").read_text(encoding="utf-8")


def shipped(*patterns: str) -> list[str]:
    """The module's files that match, as the CMake lists name them."""
    files = [path for pattern in patterns for path in MODULE.glob(pattern) if path.is_file()]
    return sorted(path.relative_to(MODULE).as_posix() for path in files)


IN_FOLDER = {
    "MODULE_PYTHON_SCRIPTS": shipped("*.py", "ThinSliceSRLib/**/*.py"),
    "MODULE_PYTHON_RESOURCES": shipped("Resources/**/*"),
}
WEIGHTS = sorted(path for path in (REPOSITORY / "model_weights").iterdir() if path.is_file())


def listed(name: str) -> list[str]:
    """The lines of a list in the module's CMake file."""
    return [line.strip() for line in re.search(rf"set\({name}\n(.*?)\n  \)", MODULE_TEXT, re.DOTALL)[1].splitlines()]


@pytest.mark.parametrize("name", list(IN_FOLDER))
def test_the_list_names_every_file_and_no_other_in_order(name: str) -> None:
    lines, files = listed(name), IN_FOLDER[name]
    missing, surplus = sorted(set(files) - set(lines)), sorted(set(lines) - set(files))
    assert not missing, f"add to {name} in ThinSliceSR/CMakeLists.txt:\n  " + "\n  ".join(missing)
    assert not surplus, f"take out of {name} in ThinSliceSR/CMakeLists.txt:\n  " + "\n  ".join(surplus)
    assert lines == files, f"sort {name} in ThinSliceSR/CMakeLists.txt, each line once"


def test_the_icon_is_128_pixels_wide_and_transparent_around_its_shape() -> None:
    icon = qt.QImage(str(MODULE / "Resources" / "Icons" / "ThinSliceSR.png"))
    assert (icon.width(), icon.height()) == (128, 128)
    assert icon.pixelColor(0, 0).alpha() == 0
    assert icon.pixelColor(24, 32).alpha() == 255


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build tree that cmake makes of the extension with the stand-ins for Slicer's macros."""
    if not (shutil.which("cmake") and (shutil.which("make") or shutil.which("ninja"))):
        pytest.skip("needs cmake, and make or ninja")
    build = tmp_path_factory.mktemp("build")
    # Nothing is compiled, so any program does for a compiler when none is looked at.
    compilers = [
        f"-DCMAKE_{language}_{option}"
        for language in ("C", "CXX")
        for option in (f"COMPILER={sys.executable}", "COMPILER_FORCED=ON", "COMPILER_ID_RUN=ON")
    ]
    options = [f"-DSlicer_DIR={STAND_INS}", "-DBUILD_TESTING=ON", *compilers]
    done = subprocess.run(
        ["cmake", "-S", str(REPOSITORY), "-B", str(build), "--warn-uninitialized", *options],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return build


@pytest.fixture(scope="module")
def installed(build: Path) -> Path:
    """The folder of scripted modules, as it is installed."""
    prefix = build / "installed"
    subprocess.run(["cmake", "--install", str(build), "--prefix", str(prefix)], check=True, capture_output=True)
    return prefix / "lib" / "qt-scripted-modules"


def test_cmake_installs_the_files_of_both_lists_and_the_weights(installed: Path) -> None:
    expected = {name: MODULE / name for names in IN_FOLDER.values() for name in names}
    expected |= {f"ThinSliceSRLib/model_weights/{path.name}": path for path in WEIGHTS}
    found = {path.relative_to(installed).as_posix(): path for path in installed.rglob("*") if path.is_file()}
    assert sorted(found) == sorted(expected)
    assert [name for name, path in found.items() if path.read_bytes() != expected[name].read_bytes()] == []


def test_the_installed_engine_finds_the_installed_weights(installed: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ThinSliceSRLib.engine", "weights", "list"],
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed), "THINSLICESR_WEIGHTS": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    [weights] = [path for path in WEIGHTS if path.name == "cthnet-small.safetensors"]
    assert f"{installed / 'ThinSliceSRLib' / 'model_weights' / weights.name} (came with ThinSliceSR)" in done.stdout


def test_slicer_is_told_what_the_extension_is_and_which_test_to_run(build: Path) -> None:
    name, category, depends, description = (build / "meta_information.txt").read_text().splitlines()
    assert (name, category, depends) == ("ThinSliceSR", "Image Synthesis", "PyTorch")
    assert "research use" in description
    assert "Yu et al., npj Digital Medicine 7:335 (2024)" in description
    # Slicer cuts a text at a semicolon.
    assert ";" not in description
    assert (build / "unittest.txt").read_text() == "SCRIPT;ThinSliceSR.py"
