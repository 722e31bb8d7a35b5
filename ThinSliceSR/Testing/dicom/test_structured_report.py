"""Structured reports of places as other people's programs see them: dciodvfy, DCMTK, and the reader of dcmqi."""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from derived_series_making import Derived, derive
from ThinSliceSRLib.engine.doubt.structures import Structure

PLACES = (
    Structure("stands", (3.5, -2.25, -292.7), (5, 6, 7), 4.2, -500.4, -820.2, 61.7, 308.0),
    Structure("vanishes", (-8.0, 4.0, -298.1), (9, 8, 2), 6.2, -800.4, -520.2, 81.7, 300.0),
)


def program_of_package(name: str) -> str:
    path = shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        pytest.fail(f"{name} is not installed; run  make dicom-tools.", pytrace=False)
    return path


def report_of(source: Path, folder: Path, anonymous: bool = False) -> Path:
    [path] = derive(source, folder, anonymous=anonymous, doubt=True, found=PLACES).files("REPORT")
    return path


@pytest.mark.parametrize(
    "variant", ["usual", "rle", "anonymous", "bare", "empty", "japanese", "unicode", "lossy", "multi-frame"]
)
def test_no_report_has_an_error(variant: str, variants: dict[str, Derived], tmp_path: Path):
    path = report_of(variants[variant].source, tmp_path / "dicom", variant == "anonymous")
    done = subprocess.run([program_of_package("dciodvfy"), str(path)], capture_output=True, text=True, errors="replace")
    lines = (done.stdout + done.stderr).splitlines()
    assert "Comprehensive3DSR" in lines, "it was not judged as a Comprehensive 3D SR"
    assert [line for line in lines if line.startswith("Error")] == []


def test_dcmtk_reads_the_tree(derived: Derived, program: Callable[[str], str], tmp_path: Path):
    path = report_of(derived.source, tmp_path / "dicom")
    done = subprocess.run([program("dsrdump"), "+Pl", str(path)], capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stderr
    assert "(POINT,,3.5/-2.25/-292.700012)" in done.stdout
    assert done.stdout.count("Measurement Group") == 2
    assert "SYNTHETIC, for research only" in done.stdout


def test_dcmqi_reads_what_was_measured(derived: Derived, tmp_path: Path):
    path, told = report_of(derived.source, tmp_path / "dicom"), tmp_path / "told.json"
    command = [program_of_package("tid1500reader"), "--inputDICOM", str(path), "--outputMetadata", str(told)]
    subprocess.run(command, check=True, capture_output=True)
    content = json.loads(told.read_text())
    assert [group["Finding"]["CodeValue"] for group in content["Measurements"]] == ["ONLY_IN_DLS", "ONLY_IN_BIS"]
    values = [
        {item["quantity"]["CodeValue"]: float(item["value"]) for item in group["measurementItems"]}
        for group in content["Measurements"]
    ]
    assert values[0]["81827009"] == pytest.approx(4.2)
    assert [told["EXPECTED_ERROR"] for told in values] == [62, 82]
    assert [told["112181"] for told in values] == [-500, -800]
