"""Damages files and lets the engine read them, in a process of its own, as a library may end it.

python fuzzing.py FORMAT COUNT FOLDER: prints the number of each damaged file before it is read, and what goes wrong.
"""

from __future__ import annotations

import random
import re
import shutil
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import SimpleITK as sitk
from dicom_making import write_series
from models import TINY
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.findings.checked_volume import fit_volume
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.weights.weights_file import load_model, save_weights, untrained_network

SUFFIXES = {"nrrd": ".nrrd", "nrrd-raw": ".nrrd", "nifti": ".nii", "nifti-gz": ".nii.gz", "metaimage": ".mha"}
FORMATS = (*SUFFIXES, "dicom", "zip", "weights")
WORDS = (b"0", b"-1", b"nan", b"inf", b"1e999", b"99999999999", b"", b"\xff\xff", b"1\\2", b"0,8", b"LIST", b"%d")
HEADER_BYTES = 1200


def chest() -> Volume:
    j, i = np.mgrid[:32, :40]
    hu = np.full((8, 32, 40), -1000)
    hu[:, ((j - 16) / 13) ** 2 + ((i - 20) / 18) ** 2 < 1] = 40
    hu[:, (abs(j - 16) < 8) & (abs(abs(i - 20) - 8) < 5)] = -850
    return Volume(hu.astype(np.int16), (0.8, 0.8, 5.0), (-16.0, -13.0, -300.0))


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The content with flipped bytes, cut, with a piece taken out or twice, or with another value in its header."""
    way = dice.randrange(6)
    at = dice.randrange(len(content))
    if way == 0:
        changed = bytearray(content)
        for _ in range(dice.choice((1, 1, 2, 8))):
            changed[dice.randrange(min(len(content), HEADER_BYTES))] ^= dice.randrange(1, 256)
        return bytes(changed)
    if way == 1:
        return content[:at]
    if way == 2:
        return content[:at] + content[at + dice.randrange(1, 200) :]
    if way == 3:
        return content[:at] + content[at : at + dice.randrange(1, 200)] + content[at:]
    if way == 4:
        numbers = list(re.finditer(rb"-?\d+(\.\d+)?", content[:HEADER_BYTES]))
        found = dice.choice(numbers) if numbers else None
        return content[: found.start()] + dice.choice(WORDS) + content[found.end() :] if found else content[:at]
    changed = bytearray(content)
    start = dice.randrange(min(len(content), HEADER_BYTES))
    changed[start : start + 4] = dice.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\xc0\x7f", b"\0\0\x80\x7f"))
    return bytes(changed)


def read(path: Path) -> None:
    """Checks and reads an input, as a run would. Raises ThinSliceError for one that cannot be used."""
    findings = check_input(path).findings
    volume, _ = fit_volume(read_volume(path), may_be_thin=True)
    place = [*volume.spacing_mm, *volume.origin_mm, *volume.direction.flat]
    if not (np.isfinite(place).all() and np.isfinite(volume.hu).all()):
        raise AssertionError("a volume without a place or with values that are no numbers")
    if len({finding.message for finding in findings}) < len(findings):
        raise AssertionError("one thing is told twice")


def cases(kind: str, folder: Path) -> tuple[Callable[[random.Random], Path], Callable[[Path], object]]:
    """What makes the next damaged file of this kind, and what reads it."""
    if kind == "weights":
        path = folder / "w.safetensors"
        save_weights(path, untrained_network(TINY), "tiny", trained=True)
        return _one_file(path), load_model
    if kind in SUFFIXES:
        path = folder / f"v{SUFFIXES[kind]}"
        sitk.WriteImage(chest().to_image(), str(path), kind in ("nrrd", "nifti-gz", "metaimage"))
        return _one_file(path), read
    write_series(folder / "whole", chest().hu)
    if kind == "zip":
        path = folder / "scan.zip"
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for file in sorted((folder / "whole").iterdir()):
                archive.write(file, file.name)
        return _one_file(path), read
    shutil.copytree(folder / "whole", folder / "series")
    contents = {path: path.read_bytes() for path in sorted((folder / "series").iterdir())}

    def next_series(dice: random.Random) -> Path:
        for path, content in contents.items():
            path.write_bytes(content)
        path = dice.choice(list(contents))
        path.write_bytes(damaged(contents[path], dice))
        return folder / "series"

    return next_series, read


def _one_file(path: Path) -> Callable[[random.Random], Path]:
    content = path.read_bytes()

    def next_file(dice: random.Random) -> Path:
        path.write_bytes(damaged(content, dice))
        return path

    return next_file


def main(kind: str, count: int, folder: Path) -> None:
    make, use = cases(kind, folder)
    for number in range(count):
        print("file", number, flush=True)
        path = make(random.Random(f"{kind} {number}"))
        try:
            use(path)
        except ThinSliceError as error:
            if error.code == "unexpected" or "\n" in str(error) or not str(error).endswith("."):
                print("WRONG", number, "no plain sentence:", repr(str(error)), flush=True)
        except Exception:  # noqa: BLE001 - each is a fault
            print("WRONG", number, traceback.format_exc().strip().splitlines()[-3:], flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
