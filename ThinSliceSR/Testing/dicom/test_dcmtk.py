"""DCMTK reads the derived series: the same values, names and pixels as were written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from derived_series_making import Derived


@pytest.mark.parametrize("variant", ["usual", "anonymous", "bare", "unicode", "lossy"])
def test_its_json_says_what_was_written(variant: str, variants: dict[str, Derived], program: Callable[[str], str]):
    for path in variants[variant].files()[::5]:
        done = subprocess.run([program("dcm2json"), "-fc", str(path)], capture_output=True, check=True)
        theirs, ours = json.loads(done.stdout.decode("utf-8")), pydicom.dcmread(path)
        for tag in (0x00080060, 0x0008103E, 0x00100010, 0x00100020, 0x0020000D, 0x0020000E, 0x00180050, 0x0008001C):
            value = theirs[f"{tag:08X}"].get("Value", [""])[0]
            if tag == 0x00100010:
                value = "=".join(value.values()) if value else ""
            written = ours[tag].value
            assert str(value) == str(written if written is not None else ""), hex(tag)


@pytest.mark.parametrize("variant", ["usual", "rle", "anonymous", "bare", "japanese", "unicode", "lossy"])
def test_its_pixels_are_the_hu(variant: str, variants: dict[str, Derived], program: Callable[[str], str], tmp_path):
    for k, path in enumerate(variants[variant].files()):
        if k % 5:
            continue
        raw = tmp_path / f"{k}.dcm"
        subprocess.run([program("dcmdrle"), str(path), str(raw)], check=True, capture_output=True)
        dump = [program("dcmdump"), "-q", "+W", str(tmp_path), str(raw)]
        subprocess.run(dump, check=True, capture_output=True)
        [pixels] = tmp_path.glob(f"{k}.dcm.*.raw")
        hu = variants[variant].volumes["DLS"].hu[-1 - k]  # numbered from the head down
        np.testing.assert_array_equal(np.fromfile(pixels, "<i2"), hu.ravel())
