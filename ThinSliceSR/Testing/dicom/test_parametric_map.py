"""Parametric Maps as other people's programs see them: dciodvfy, and dcmqi, by which Slicer loads them."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from derived_series_making import Derived, derive


def program_of_package(name: str) -> str:
    path = shutil.which(name, path=sysconfig.get_path("scripts"))
    if path is None:
        pytest.fail(f"{name} is not installed; run  make dicom-tools.", pytrace=False)
    return path


@pytest.mark.parametrize(
    "variant", ["usual", "rle", "anonymous", "bare", "empty", "japanese", "unicode", "lossy", "multi-frame"]
)
def test_no_map_has_an_error(variant: str, variants: dict[str, Derived], tmp_path: Path):
    made = derive(variants[variant].source, tmp_path / "dicom", anonymous=variant == "anonymous", doubt=True)
    [path] = made.files("DOUBT")
    done = subprocess.run([program_of_package("dciodvfy"), str(path)], capture_output=True, text=True, errors="replace")
    lines = (done.stdout + done.stderr).splitlines()
    assert "ParametricMap" in lines, "it was not judged as a Parametric Map"
    assert [line for line in lines if line.startswith("Error")] == []


def test_dcmqi_reads_the_same_values_at_the_same_places(derived: Derived, tmp_path: Path):
    made = derive(derived.source, tmp_path / "dicom", doubt=True)
    [path] = made.files("DOUBT")
    command = [program_of_package("paramap2itkimage"), "--inputDICOM", path, "--outputDirectory", tmp_path]
    subprocess.run([*map(str, command), "--outputType", "nrrd"], check=True, capture_output=True)
    image, volume = sitk.ReadImage(str(tmp_path / "pmap.nrrd")), made.volumes["DOUBT"]
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), volume.hu)
    np.testing.assert_allclose(image.GetSpacing(), volume.spacing_mm, atol=1e-4)
    np.testing.assert_allclose(image.GetOrigin(), volume.origin_mm, atol=1e-4)
    np.testing.assert_allclose(image.GetDirection(), volume.direction.ravel(), atol=1e-4)
    assert "Hounsfield unit" in (tmp_path / "meta.json").read_text()
