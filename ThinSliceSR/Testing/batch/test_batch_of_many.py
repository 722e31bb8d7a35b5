"""A night's batch: many volumes, a fifth of them bad in all ways, a worker that is killed, and then the whole run."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from batches import finish, is_gone, rows, start, states, wait_until, workers_of, write_thick
from dicom_making import files_of, write_series

CHEST = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (6, 32, 32))
KINDS, THIN_KIND = 8, 2


def write_bad(folder: Path, number: int) -> None:
    """An input that is not to be synthesised, each kind in turn."""
    kind, name = number % KINDS, f"bad{number:03d}"
    if kind == 0:
        path = write_thick(folder / f"{name}.nii.gz", seed=number)
        content = bytearray(path.read_bytes())
        content[14] ^= 0xFF
        path.write_bytes(content)
    elif kind == 1:
        path = write_thick(folder / f"{name}.nrrd", seed=number)
        os.truncate(path, path.stat().st_size // 2)
    elif kind == THIN_KIND:
        write_thick(folder / f"{name}.nrrd", seed=number, spacing_mm=1.0)
    elif kind == 3:
        (folder / f"{name}.mha").write_bytes(bytes(range(256)))
    elif kind == 4:
        (folder / f"{name}.nii.gz").write_bytes(gzip.compress(b"no volume"))
    elif kind == 5:
        (folder / f"{name}.zip").write_bytes(b"PK\x03\x04 cut short")
    elif kind == 6:
        write_series(folder / name, CHEST, SeriesInstanceUID=f"1.2.3.{number}")
        files_of(folder / name)[2].unlink()
    else:
        image = sitk.GetImageFromArray(np.full((4, 32, 32), np.nan, np.float32))
        image.SetSpacing((0.7, 0.8, 5.0))
        sitk.WriteImage(image, str(folder / f"{name}.nrrd"))


def write_good(folder: Path, number: int) -> None:
    if number % 10 == 0:
        write_series(folder / f"good{number:03d}", CHEST, SeriesInstanceUID=f"1.2.4.{number}")
    elif number % 10 == 1:
        write_series(folder / f"good{number:03d}", CHEST, SeriesInstanceUID=f"1.2.4.{number}")
        shutil.make_archive(str(folder / f"good{number:03d}"), "zip", folder / f"good{number:03d}")
        shutil.rmtree(folder / f"good{number:03d}")
    else:
        suffix = ("nrrd", "nii.gz", "mha")[number % 3]
        write_thick(folder / f"good{number:03d}.{suffix}", seed=number, slices=8)


def survive(tmp_path: Path, weights: Path, good: int, bad: int) -> None:
    scans, out = tmp_path / "scans", tmp_path / "out"
    scans.mkdir()
    for number in range(bad):
        write_bad(scans, number)
    for number in range(good):
        write_good(scans, number)
    command = (scans, out, "--weights", weights, "--workers", "2", "--progress", "none")

    run = start(*command)
    wait_until(lambda: states(out).count("done") >= good // 8, run)
    first = workers_of(run)
    first[0].kill()
    wait_until(lambda: states(out).count("done") >= good // 3, run)
    second = workers_of(run)
    os.killpg(run.pid, signal.SIGKILL)
    finish(run)
    wait_until(lambda: all(map(is_gone, (*first, *second))))
    done = {row["output"]: (out / row["output"]).stat().st_ino for row in rows(out).values() if row["state"] == "done"}
    assert len(done) >= good // 3

    code, told, problems = finish(start(*command))
    assert (code, told) == (2, "")
    thin = len(range(THIN_KIND, bad, KINDS))
    assert f"{bad - thin} of {good + bad - thin} volumes failed" in problems
    assert "Traceback" not in problems
    told_rows = list(rows(out).values())
    made = [row for row in told_rows if row["state"] == "done"]
    failed = [row for row in told_rows if row["state"] == "failed"]
    left_out = [row for row in told_rows if row["state"] == "left_out"]
    assert (len(made), len(failed), len(left_out)) == (good, bad - thin, thin)
    assert {path.name for path in out.glob("*.nrrd")} == {row["output"] for row in made}
    assert all((out / name).stat().st_ino == node for name, node in done.items()), "what was done was done again"
    for row in (*failed, *left_out):
        assert row["failure_code"] or row in left_out
        assert row["failure"].endswith(".")
        assert "unexpected" not in row["failure"]
    for row in made:
        assert sitk.ReadImage(str(out / row["output"])).GetSize()[:2] == (32, 32)
    assert len(json.loads((out / "manifest.json").read_text())["volumes"]) == good + bad
    assert not [path.name for path in out.iterdir() if path.name.startswith(".thinslicesr") and ".part" in path.name]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_two_hundred_volumes_give_160_results_and_40_rows_that_say_why(tmp_path: Path, weights: Path):
    survive(tmp_path, weights, good=160, bad=40)
