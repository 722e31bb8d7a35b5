"""What DCMTK compresses is read with the same HU; of what it compresses with loss, nearly the same."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_making import write_series
from ThinSliceSRLib.engine.files.reading import read_volume

# A slope, as in images: noise would say little of compression with loss.
HU = np.add.outer(np.arange(3) * 50, np.add.outer(np.arange(40) * 10, np.arange(36) * 8)) - 900

LOSSLESS = {
    "1.2.840.10008.1.2": ("dcmconv", "+ti"),
    "1.2.840.10008.1.2.2": ("dcmconv", "+tb"),
    "1.2.840.10008.1.2.1.99": ("dcmconv", "+td"),
    "1.2.840.10008.1.2.5": ("dcmcrle",),
    "1.2.840.10008.1.2.4.57": ("dcmcjpeg", "+el"),
    "1.2.840.10008.1.2.4.70": ("dcmcjpeg", "+e1"),
    "1.2.840.10008.1.2.4.80": ("dcmcjpls", "+el"),
}
LOSSY = {
    "1.2.840.10008.1.2.4.51": ("dcmcjpeg", "+ee", "+q", "95"),
    "1.2.840.10008.1.2.4.81": ("dcmcjpls", "+en", "+md", "2"),
}


def compressed(folder: Path, command: tuple[str, ...], syntax: str, program: Callable[[str], str]) -> Path:
    """A series of HU, compressed by a command of DCMTK."""
    write_series(folder / "plain", HU, BitsStored=12, HighBit=11)
    (folder / "made").mkdir()
    for path in (folder / "plain").iterdir():
        made = folder / "made" / path.name
        subprocess.run([program(command[0]), *command[1:], str(path), str(made)], check=True, capture_output=True)
        assert pydicom.dcmread(made).file_meta.TransferSyntaxUID == syntax
    return folder / "made"


@pytest.mark.parametrize("syntax", LOSSLESS)
def test_compression_without_loss_gives_the_same_hu(syntax: str, program: Callable[[str], str], tmp_path: Path, capfd):
    folder = compressed(tmp_path, LOSSLESS[syntax], syntax, program)
    np.testing.assert_array_equal(read_volume(folder).hu, HU)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("syntax", LOSSY)
def test_compression_with_loss_gives_nearly_the_same_hu(syntax: str, program: Callable[[str], str], tmp_path: Path):
    folder = compressed(tmp_path, LOSSY[syntax], syntax, program)
    difference = np.abs(read_volume(folder).hu - HU)
    assert 0 < difference.max() < 20
