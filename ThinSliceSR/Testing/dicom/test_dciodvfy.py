"""dciodvfy (dicom3tools, by the editor of the standard) finds no error in any derived series."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from derived_series_making import Derived

# Synthetic Data has been in PS3.6 since 2023; neither Debian 12 nor 13 has a dciodvfy that knows it.
UNKNOWN_TO_IT = "Error - Attribute with an even group number is not a recognized standard attribute - (0x0008,0x001c)"


def errors(dciodvfy: str, path: Path) -> list[str]:
    done = subprocess.run([dciodvfy, str(path)], capture_output=True, text=True, errors="replace", check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert "CTImage" in lines, "it was not judged as a CT image"
    return [line for line in lines if line.startswith("Error") and not line.startswith(UNKNOWN_TO_IT)]


@pytest.mark.parametrize(
    "variant", ["usual", "rle", "jpeg2000", "anonymous", "bare", "japanese", "unicode", "lossy", "multi-frame"]
)
def test_no_slice_has_an_error(variant: str, variants: dict[str, Derived], program: Callable[[str], str]):
    for name in ("DLS", "BIS"):
        for path in variants[variant].files(name)[::5]:
            assert errors(program("dciodvfy"), path) == []


def test_it_finds_errors_where_there_are_some(derived: Derived, program: Callable[[str], str], tmp_path: Path):
    damaged = tmp_path / "damaged.dcm"
    damaged.write_bytes(derived.files()[0].read_bytes())
    erase = [program("dcmodify"), "--no-backup", "--erase", "FrameOfReferenceUID", str(damaged)]
    subprocess.run(erase, check=True, capture_output=True)
    assert any("FrameOfReferenceUID" in error for error in errors(program("dciodvfy"), damaged))
