"""Whatever one input, reader, archive's answer or worker does wrong is the failure of one row: the rest goes on."""

from __future__ import annotations

import gzip
import os
import shutil
import threading
import zipfile
from collections import deque
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from batches import finish, rows, start, write_thick
from dicom_making import files_of, write_series
from ThinSliceSRLib.engine.batch.sources import thick_series, volume_files
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.batch.workers.cluster import Call, CallFailed
from ThinSliceSRLib.engine.batch.workers.existing_cluster import existing_cluster
from ThinSliceSRLib.engine.errors import UnusableInput

CHEST = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (5, 16, 16))


def damage(path: Path, at: int) -> Path:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    return path


def write_damaged(folder: Path) -> list[str]:
    """Volume files that are wrong in many ways; returns their names."""
    for name in (
        "flipped_early.nii.gz",
        "flipped_late.nii.gz",
        "cut.nii.gz",
        "cut.nrrd",
        "flipped.mha",
        "flipped.nrrd",
    ):
        path = write_thick(folder / name)
        sitk.WriteImage(sitk.ReadImage(str(path)), str(path), useCompression=True)
        if name.startswith("cut"):
            os.truncate(path, path.stat().st_size // 2)
        else:
            damage(path, 14 if "early" in name else path.stat().st_size - 40)
    (folder / "empty.nrrd").touch()
    (folder / "text.nii").write_text("no volume")
    (folder / "text.nii.gz").write_bytes(gzip.compress(b"no volume"))
    (folder / "bytes.mha").write_bytes(bytes(range(256)) * 4)
    (folder / "gone.nrrd").symlink_to(folder / "nowhere")
    (folder / "zeros.nii.gz").write_bytes(bytes(400))
    return sorted(path.name for path in folder.iterdir())


def test_damaged_files_of_every_kind_are_rows_and_the_good_one_is_done(tmp_path: Path, batch):
    scans, out = tmp_path / "in", tmp_path / "out"
    bad = write_damaged(scans / "bad")
    write_thick(scans / "good.nrrd")
    with pytest.raises(UnusableInput, match="volumes failed"):
        batch(scans, out)
    told = {Path(row["input"]).name: row for row in rows(out).values()}
    assert told.pop("good.nrrd")["state"] == "done"
    told.pop("gone.nrrd", None)
    assert sorted(told) == [name for name in bad if name != "gone.nrrd"]
    for row in told.values():
        assert (row["state"], row["output"]) == ("failed", "")
        assert row["failure"].endswith(".")
        assert "\n" not in row["failure"]
    assert [path.name for path in out.glob("*.nrrd")] == ["good_DLS.nrrd"]


@pytest.mark.parametrize("failure", [ValueError, RecursionError, MemoryError, PermissionError(13, "Permission denied")])
def test_whatever_a_reader_raises_in_one_folder_the_others_are_found(failure, tmp_path: Path, monkeypatch):
    write_series(tmp_path / "a", CHEST, SeriesInstanceUID="1.2.1")
    shutil.make_archive(str(tmp_path / "b"), "zip", tmp_path / "a")
    write_thick(tmp_path / "c.nrrd")
    find = thick_series.find_series

    def find_or_fail(place: Path, **options):
        if place.suffix == ".zip":
            raise failure
        return find(place, **options)

    monkeypatch.setattr(thick_series, "find_series", find_or_fail)
    monkeypatch.setattr(volume_files, "locate_values", lambda path: (_ for _ in ()).throw(failure))
    found = {source.name: source.problem for source in sources_at(tmp_path, Path("/nowhere"), None)}
    assert found.pop("c") is None
    assert found.pop("1.2.1") is None
    [(code, sentence)] = found.values()
    assert code
    assert sentence.endswith(".")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(tmp_path: Path):
    write_thick(tmp_path / "a.nrrd")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    found = {source.place: source.problem for source in sources_at(tmp_path, Path("/nowhere"), None)}
    assert found[str(tmp_path / "a.nrrd")] is None
    assert found[str(closed)][0] == "not_readable"


def test_a_folder_that_fails_to_be_listed_is_told(tmp_path: Path, monkeypatch):
    write_thick(tmp_path / "a.nrrd")
    (tmp_path / "lost").mkdir()
    scandir = os.scandir

    def fail_in_one(place):
        if Path(place) == tmp_path / "lost":
            raise OSError(5, "Input/output error", str(place))
        return scandir(place)

    monkeypatch.setattr(os, "scandir", fail_in_one)
    found = {source.place: source.problem for source in sources_at(tmp_path, Path("/nowhere"), None)}
    assert found[str(tmp_path / "a.nrrd")] is None
    assert found[str(tmp_path / "lost")][1] == (
        "The folder cannot be read (Input/output error); check its permissions."
    )


def test_what_cannot_be_brought_back_from_a_worker_fails_alone(scheduler: str):
    class Odd(Exception):
        def __init__(self, one: object, two: object) -> None:  # which no copy of it can be made by
            super().__init__(one)

    def fail() -> None:
        raise Odd(1, 2)

    with ExitStack() as undo, existing_cluster(scheduler, undo) as cluster:
        calls = [Call("lock", threading.Lock, ()), Call("odd", fail, ()), Call("good", os.getpid, ())]
        results = {call.key: result for call, result in cluster.completed(deque(calls))}
    assert isinstance(results["good"], int)
    for name in ("lock", "odd"):
        assert isinstance(results[name], CallFailed)
        assert results[name].error.code == "unexpected"


def test_damaged_dicom_and_zip_files_are_rows_too(tmp_path: Path, weights: Path, scheduler: str):
    scans, out = tmp_path / "in", tmp_path / "out"
    for number in (1, 2, 3):
        write_series(scans / str(number), CHEST, SeriesInstanceUID=f"1.2.{number}")
    damage(files_of(scans / "2")[2], 300)
    os.truncate(files_of(scans / "3")[2], 700)
    for name, content in (("noise.zip", bytes(range(256))), ("empty.zip", b"")):
        (scans / name).write_bytes(content)
    with zipfile.ZipFile(scans / "letters.zip", "w") as letters:
        letters.writestr("letter.txt", "no image")
    code, _, problems = finish(start(scans, out, "--weights", weights, "--scheduler", scheduler))
    assert code == 2
    assert "volumes failed" in problems
    assert "Traceback" not in problems
    assert rows(out)["1.2.1"]["state"] == "done"
    assert {row["state"] for name, row in rows(out).items() if name.startswith(("folder-", "zip-"))} == {"failed"}
    zips = [name for name, row in rows(out).items() if row["input"].endswith(".zip") and name.startswith("zip-")]
    assert len(zips) == 2  # one without an image is none
    assert all(f"{name} (manifest.csv says where it lies): " in problems for name in zips)
