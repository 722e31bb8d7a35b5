"""What a batch leaves out of a folder or an archive stands in its manifest, with the reason."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from batches import rows
from dicom_making import files_of, put_bytes, slice_positions, write_series
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput

TAGS = {
    "1.2.1": {},
    "1.2.2": {"BodyPartExamined": "TORAX"},
    "1.2.3": {"BodyPartExamined": "HEAD", "SeriesDescription": "Head 5.0"},
    "1.2.4": {"ImageType": ["DERIVED", "SECONDARY", "MIP"]},
    "1.2.5": {},
    "1.2.6": {"Modality": "MR"},
    "1.2.7": {"Manufacturer": "ThinSliceSR"},
}
THIN = "1.2.5"
REASONS = {"1.2.3": "shows no chest", "1.2.4": "MIP", "1.2.5": "1 mm apart"}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (5, 16, 16))
    for uid, tags in TAGS.items():
        positions = slice_positions(5, 1.0 if uid == THIN else 5.0)
        write_series(tmp_path / "in" / uid, hu, positions, SeriesInstanceUID=uid, **tags)
    return tmp_path / "in"


def test_each_ct_series_that_is_no_thick_chest_tells_why(archive, tmp_path, batch):
    for _ in range(2):
        summary = batch(archive, tmp_path / "out")
        assert summary.volumes == 2
        told = {row["series"]: row for row in rows(tmp_path / "out").values()}
        assert set(told) == {"1.2.1", "1.2.2", *REASONS}
        for uid, reason in REASONS.items():
            assert told[uid]["state"] == "left_out"
            assert reason in told[uid]["failure"]
    assert summary.skipped == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only administrators make links")
def test_files_that_can_be_no_volume_are_told(tmp_path):
    for name in ("pair.hdr", "pair.img", "note.txt"):
        (tmp_path / name).write_bytes(bytes(348))
    (tmp_path / "lost.nrrd").symlink_to(tmp_path / "gone.nrrd")
    lost, pair = sources_at(tmp_path, tmp_path / "out", None)
    assert (lost.name, lost.problem[0]) == ("lost.nrrd", "not_found")
    assert ".nii" in pair.left_out


def test_a_series_whose_place_cannot_be_read_is_a_failure(archive, tmp_path, batch):
    for path in files_of(archive / "1.2.1"):
        put_bytes(path, "PixelSpacing", b"0.8 ")
    with pytest.raises(UnusableInput, match="1 of 2 volumes failed"):
        batch(archive, tmp_path / "out")
    row = next(row for row in rows(tmp_path / "out").values() if row["series"] == "1.2.1")
    assert (row["state"], row["failure_code"]) == ("failed", "mixed_slices")
    assert "5 of its images do not say where they lie" in row["failure"]


def test_a_place_with_other_series_alone_says_what_is_there_in_its_manifest_too(archive, tmp_path, batch):
    with pytest.raises(UnusableInput) as failure:
        batch(archive / "1.2.4", tmp_path / "out")
    assert failure.value.code == "nothing_to_do"
    assert "MIP" in str(failure.value)
    [row] = rows(tmp_path / "out").values()
    assert (row["series"], row["state"]) == ("1.2.4", "left_out")
    assert "MIP" in row["failure"]
    assert "1.2.4" in (tmp_path / "out" / "manifest.csv").read_text()
