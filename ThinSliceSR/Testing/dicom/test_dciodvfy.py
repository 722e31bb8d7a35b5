"""dciodvfy (dicom3tools, by the editor of the standard) finds no error in any derived series."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest
from derived_series_making import Derived

# Synthetic Data, which is newer than the dciodvfy of Debian 12, Debian 13 and Ubuntu 24.04.
UNKNOWN_TO_IT = "Error - Attribute with an even group number is not a recognized standard attribute - (0x0008,0x001c)"


@pytest.fixture(scope="session")
def dciodvfy() -> str:
    """The present one, of the Python package dicom3tools."""
    path = shutil.which("dciodvfy", path=sysconfig.get_path("scripts"))
    if path is None:
        pytest.fail("The package dicom3tools is not installed; run  make dicom-tools.", pytrace=False)
    return path


def errors(dciodvfy: str, path: Path) -> list[str]:
    done = subprocess.run([dciodvfy, str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert "CTImage" in lines, "it was not judged as a CT image"
    return [line for line in lines if line.startswith("Error")]


@pytest.mark.parametrize(
    "variant", ["usual", "rle", "jpeg2000", "anonymous", "bare", "empty", "japanese", "unicode", "lossy", "multi-frame"]
)
def test_no_slice_has_an_error(variant: str, variants: dict[str, Derived], dciodvfy: str):
    for name in ("DLS", "BIS"):
        for path in variants[variant].files(name)[::5]:
            assert errors(dciodvfy, path) == []


def test_debians_own_misses_only_the_attribute_that_is_newer_than_it(derived: Derived):
    debians = shutil.which("dciodvfy", path="/usr/bin")
    if debians is None:
        pytest.fail("The Debian package dicom3tools is not installed; run  make dicom-tools.", pytrace=False)
    for name in ("DLS", "BIS"):
        told = errors(debians, derived.files(name)[0])
        assert [line for line in told if not line.startswith(UNKNOWN_TO_IT)] == []


def test_it_finds_errors_where_there_are_some(
    derived: Derived, dciodvfy: str, program: Callable[[str], str], tmp_path: Path
):
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(derived.files()[0].read_bytes())
    erase = [program("dcmodify"), "--no-backup", "--erase", "FrameOfReferenceUID", str(damaged)]
    subprocess.run(erase, check=True, capture_output=True)
    assert any("FrameOfReferenceUID" in error for error in errors(dciodvfy, damaged))
