"""A batch takes the DICOM series in ZIP files as it takes those in folders."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from batches import finish, rows, start, write_thick
from derived_series_making import IDENTITY, write_hospital_series
from dicom_making import slice_positions, write_series
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume

SLICES = 5
CHEST = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (SLICES, 16, 16))


def pack(folder: Path) -> Path:
    """Makes a ZIP file of a folder, in its place."""
    path = Path(shutil.make_archive(str(folder), "zip", folder))
    shutil.rmtree(folder)
    return path


def add(folder: Path, uid: str, spacing_mm: float = 5.0, **tags) -> Path:
    positions = slice_positions(SLICES, spacing_mm)
    write_series(folder, CHEST, positions, SeriesInstanceUID=uid, SliceThickness=spacing_mm, **tags)
    return folder


def found(place: Path) -> list[str]:
    return [source.series or source.name for source in sources_at(place, Path("/nowhere"), None)]


def test_the_command_makes_dicom_series_of_what_lies_in_zip_files_once(tmp_path: Path, weights: Path, scheduler: str):
    scans, out = tmp_path / "in", tmp_path / "out"
    write_thick(scans / "a.nrrd")
    add(scans / "plain", "1.2.1")
    study = scans / "2024" / "Doe^Jane"
    add(study / "CT", "1.2.2", SeriesNumber=2)
    add(study / "CT", "1.2.3", SeriesNumber=3)
    add(study / "thin", "1.2.4", spacing_mm=1.0)
    add(study / "head", "1.2.5", BodyPartExamined="HEAD")
    pack(study)
    add(scans / ".trash", "1.2.6")
    pack(scans / ".trash")
    with zipfile.ZipFile(scans / "letters.zip", "w") as letters:
        letters.writestr("letter.txt", "no image")
    command = (scans, out, "--dicom-out", "--weights", weights, "--scheduler", scheduler)
    code, told, problems = finish(start(*command))
    assert (code, problems) == (0, "")
    assert told.startswith("4 volumes are done, 0 of them were before")
    made = rows(out)
    assert {name for name, row in made.items() if row["state"] == "done"} == {"a", "1.2.1", "1.2.2", "1.2.3"}
    assert {name for name, row in made.items() if row["state"] == "left_out"} == {"1.2.4", "1.2.5"}
    for uid in ("1.2.2", "1.2.3"):
        assert (made[uid]["series"], made[uid]["output"]) == (uid, f"{uid}_DLS.nrrd")
        assert made[uid]["input"] == str(scans / "2024" / "Doe^Jane.zip")
        assert len(list((out / made[uid]["dicom"] / "DLS").glob("*.dcm"))) == 5 * (SLICES - 1) + 1
    assert not any("Doe" in path.name for path in out.rglob("*"))
    code, told, _ = finish(start(*command))
    assert (code, told.split(";")[0]) == (0, "4 volumes are done, 4 of them were before")


def test_a_zip_file_alone_or_in_a_list_gives_dicom_in_the_study_of_its_source(tmp_path: Path, batch):
    write_hospital_series(tmp_path / "scan")
    (tmp_path / "list.txt").write_text(f"{pack(tmp_path / 'scan').name}\n")
    for source in ("scan.zip", "list.txt"):
        out = tmp_path / source.replace(".", "-")
        batch(tmp_path / source, out, dicom_out=True, bicubic=True)
        [row] = rows(out).values()
        assert (row["state"], row["name"]) == ("done", IDENTITY["SeriesInstanceUID"])
        for name in ("DLS", "BIS"):
            derived = pydicom.dcmread(out / row["dicom"] / name / "0001.dcm")
            assert derived.StudyInstanceUID == IDENTITY["StudyInstanceUID"]


def test_a_list_may_name_a_folder_of_zip_files_and_volume_files(tmp_path: Path):
    pack(add(tmp_path / "scans" / "b", "1.2.2"))
    write_thick(tmp_path / "scans" / "a.nrrd")
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.csv").write_text("path\nscans\nempty\n")
    *volumes, empty = sources_at(tmp_path / "list.csv", Path("/nowhere"), None)
    assert [source.name for source in volumes] == ["a", "1.2.2"]
    assert empty.problem == ("nothing_to_do", "It holds no volume file and no thick chest CT.")


def test_one_that_changed_is_done_again(tmp_path: Path, batch):
    scans, out = tmp_path / "in", tmp_path / "out"
    for slices in (SLICES, SLICES - 1):
        write_series(scans / "scan", CHEST[:slices], SeriesInstanceUID="1.2.1")
        pack(scans / "scan")
        assert batch(scans, out).skipped == 0
        row = rows(out)["1.2.1"]
        assert row["state"] == "done"
    assert batch(scans, out).skipped == 1


def test_one_that_cannot_be_read_fails_by_itself_and_tells_no_name(tmp_path: Path, batch):
    scans, out = tmp_path / "in", tmp_path / "out"
    write_thick(scans / "good.nrrd")
    cut = pack(add(scans / "Doe^Jane", "1.2.1"))
    cut.write_bytes(cut.read_bytes()[:1000])
    noise = np.random.default_rng(1).integers(-1000, 400, (SLICES, 128, 128))
    write_series(scans / "Doe^John", noise, SeriesInstanceUID="1.2.2")
    damaged = pack(scans / "Doe^John")
    content = bytearray(damaged.read_bytes())
    content[content.find(b"PK\x01\x02") - 100] ^= 0xFF  # among the pixels of the last slice
    damaged.write_bytes(content)
    with zipfile.ZipFile(scans / "outer.zip", "w") as outer:
        outer.write(cut, "inner.zip")
    with pytest.raises(UnusableInput, match=r"3 of 4 volumes failed"):
        batch(scans, out)
    failed = {row["failure_code"]: row for row in rows(out).values() if row["state"] == "failed"}
    assert set(failed) == {"truncated", "no_series"}
    assert rows(out)["good"]["state"] == "done"
    assert rows(out)["1.2.2"]["failure"].startswith("The ZIP file is damaged")
    assert not any("Doe" in row["name"] + row["failure"] for row in rows(out).values())


def test_copies_of_a_series_are_one_volume_and_parts_of_one_are_none(tmp_path: Path):
    folder = add(tmp_path / "same" / "scan", "1.2.1")
    shutil.make_archive(str(folder), "zip", folder)
    shutil.copy(folder.with_suffix(".zip"), tmp_path / "same" / "copy.zip")
    [source] = sources_at(tmp_path / "same", Path("/nowhere"), None)
    assert (source.place, source.problem) == (str(folder), None)

    first, second = tmp_path / "parts" / "first", tmp_path / "parts" / "second"
    positions = slice_positions(SLICES)
    write_series(first, CHEST[:2], positions[:2], SeriesInstanceUID="1.2.2")
    write_series(second, CHEST[2:], positions[2:], SeriesInstanceUID="1.2.2")
    for part in (first, second):
        pack(part)
    [source] = sources_at(tmp_path / "parts", Path("/nowhere"), None)
    assert source.problem[0] == "several_places"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("later", [CHEST, CHEST + 5])
def test_a_series_is_read_under_the_name_that_it_is_listed_by(packed, later, tmp_path: Path):
    """Of two folders: slices of one series that are copies of each other, or two scans under one identifier."""
    add(tmp_path / "in" / "a", "1.2.3", AcquisitionNumber=1)
    write_series(tmp_path / "in" / "b", later, SeriesInstanceUID="1.2.3", AcquisitionNumber=2)
    place = pack(tmp_path / "in") if packed else tmp_path / "in"
    sources = sources_at(place, Path("/nowhere"), None)
    assert [source.series for source in sources] == (["1.2.3"] if later is CHEST else ["1.2.3-1", "1.2.3-2"])
    for source, hu in zip(sources, (CHEST, later), strict=False):
        np.testing.assert_array_equal(read_volume(Path(source.place), source.series).hu, hu)


@pytest.mark.parametrize("other", [{"StudyInstanceUID": "1.9"}, {"first_mm": -77.5}, {"Modality": "CT", "head": True}])
def test_series_that_only_share_their_uid_are_not_taken_for_copies(other: dict, tmp_path: Path):
    positions = slice_positions(SLICES)
    moved = [(x, y, z + other.get("first_mm", 0)) for x, y, z in positions]
    tags = {name: value for name, value in other.items() if name == "StudyInstanceUID"}
    part = {"BodyPartExamined": "HEAD", "StudyInstanceUID": "1.9"} if "head" in other else {}
    write_series(tmp_path / "1", CHEST, positions, SeriesInstanceUID="1.2.1", **part)
    write_series(tmp_path / "2", CHEST, moved, SeriesInstanceUID="1.2.1", **tags)
    for name in ("1", "2"):
        pack(tmp_path / name)
    [source] = sources_at(tmp_path, Path("/nowhere"), None)
    assert (source.problem[0], source.left_out) == ("several_series", "")
