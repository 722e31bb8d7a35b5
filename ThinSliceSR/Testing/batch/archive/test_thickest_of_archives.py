"""Batches of archives tell why they leave a series out, and take the thick one of each study, as those of folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from batches import rows
from dicom_making import files_of, slice_positions, write_series
from small_archive import SmallArchive
from ThinSliceSRLib.engine.errors import UnusableInput

LOCALISER = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
# By series UID: study, slices, thickness and the rest.
SERIES: dict[str, tuple[str, int, float, dict]] = {
    "1.2.1": ("1.2", 6, 5.0, {}),
    "1.2.2": ("1.2", 15, 2.0, {}),
    "1.2.3": ("1.2", 6, 5.0, {"ImageType": ["DERIVED", "SECONDARY", "MIP"]}),
    "1.2.4": ("1.2", 6, 5.0, {"BodyPartExamined": "HEAD", "SeriesDescription": "Head"}),
    "1.2.5": ("1.2", 30, 1.0, {}),
    "1.2.6": ("1.2", 6, 5.0, {"Manufacturer": "ThinSliceSR"}),
    "1.2.7": ("1.2", 2, 5.0, {"ImageType": LOCALISER}),
    "1.2.8": ("1.2", 1, 5.0, {}),
    "1.2.9": ("1.2", 6, 10.0, {}),  # at one place, while a contrast agent is awaited
    "1.3.1": ("1.3", 6, 2.0, {}),
}
REASONS = {
    "1.2.2": "Its study holds a thicker series, which is taken: 1.2.1 (5 mm, not 2 mm); --all-series takes both.",
    "1.2.3": "It is made from other slices (a projection as MIP or MinIP, or a reformatted series).",
    "1.2.4": 'It shows no chest, by its body part "HEAD" and its description "Head".',
    "1.2.5": "Its slices are 1 mm thick, less than is wanted.",
    "1.2.7": "It is a localiser (a scout).",
    "1.2.8": "It holds a single slice.",
    "1.2.9": "All its slices lie at one place.",
}
IN_FOLDERS = {
    **{uid: reason for uid, reason in REASONS.items() if uid != "1.2.7"},  # of which folders keep none
    "1.2.5": "Its slices are 1 mm thick, less than is wanted.",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for uid, (study, slices, thickness_mm, tags) in SERIES.items():
        hu = np.random.default_rng(slices).choice(np.array([-1000, -850, 40, 60]), (slices, 8, 8))
        positions = slice_positions(slices, thickness_mm)
        if uid == "1.2.9":
            positions = np.tile(positions[:1], (slices, 1))
        named = {"SeriesInstanceUID": uid, "StudyInstanceUID": study, "SliceThickness": thickness_mm}
        write_series(tmp_path / "in" / uid, hu, positions, **{**named, **tags})
    return tmp_path / "in"


@pytest.fixture
def archive(folder: Path) -> Iterator[SmallArchive]:
    with SmallArchive() as archive:
        archive.add(files_of(folder))
        yield archive


def told(folder: Path, state: str = "left_out") -> dict[str, str]:
    return {row["series"]: row["failure"] for row in rows(folder).values() if row["state"] == state}


@pytest.mark.parametrize("counts", [True, False])
def test_each_series_of_an_archive_that_is_left_out_tells_why(counts, archive, tmp_path, batch):
    archive.counts = counts
    for _ in range(2):
        summary = batch(archive.address, tmp_path / "out")
        assert summary.volumes == 2
        assert told(tmp_path / "out") == REASONS
        assert set(told(tmp_path / "out", "done")) == {"1.2.1", "1.3.1"}
    assert summary.skipped == 2


def test_folders_are_told_of_in_the_same_way(folder, tmp_path, batch):
    assert batch(folder, tmp_path / "out").volumes == 2
    assert told(tmp_path / "out") == IN_FOLDERS


def test_all_series_of_a_study_are_taken_when_that_is_asked_for(archive, folder, tmp_path, batch):
    for source, out in ((archive.address, tmp_path / "out"), (folder, tmp_path / "other")):
        assert batch(source, out, all_series=True).volumes == 3
        assert set(told(out, "done")) == {"1.2.1", "1.2.2", "1.3.1"}
        assert "1.2.2" not in told(out)


def test_what_is_done_stays_done_when_a_thicker_one_is_found(archive, folder, tmp_path, batch):
    batch(archive.address, tmp_path / "out", all_series=True)
    assert batch(archive.address, tmp_path / "out").skipped == 3


def test_an_archive_without_thick_chests_tells_of_each_series(archive, tmp_path, batch):
    archive.held = {key: content for key, content in archive.held.items() if key[1] in ("1.2.3", "1.2.5")}
    with pytest.raises(UnusableInput, match="The archive holds no such series of thick chest CT: 2 other series lie"):
        batch(archive.address, tmp_path / "out")
    assert set(told(tmp_path / "out")) == {"1.2.3", "1.2.5"}


def test_a_thick_series_of_which_the_archive_does_not_tell_the_places_replaces_none(archive, tmp_path, batch):
    """It may be a volume or not, so the thinner one is done, too."""
    archive.held = {key: content for key, content in archive.held.items() if key[1] in ("1.2.1", "1.2.2")}
    archive.answers_metadata = 2  # once for each series; the third question is for the places of the thick one
    assert batch(archive.address, tmp_path / "out").volumes == 2
