"""DLS minus BIS as a result of a batch: of which volumes, as which files, and made where a former run did without."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from batches import finish, rows, start, table, write_thick
from dicom_making import write_series
from ThinSliceSRLib.engine.batch.manifest.manifest import RECORD_NAME
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput


@pytest.mark.parametrize("suffix", [".nrrd", ".nii.gz"])
def test_differences_are_results_as_others_and_of_dicom_too_but_never_dicom(suffix: str, tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "a.nrrd")
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (5, 16, 16))
    write_series(tmp_path / "in" / "b", hu, SeriesInstanceUID="1.2.77")
    out = tmp_path / "in" / "out"
    batch(tmp_path / "in", out, difference=True, bicubic=True, dicom_out=True, suffix=suffix)
    for name in ("a", "1.2.77"):
        assert rows(out)[name]["difference"] == f"{name}_DIFFERENCE{suffix}"
        dls, bis, difference = (
            sitk.GetArrayFromImage(sitk.ReadImage(str(out / f"{name}_{kind}{suffix}"))).astype(int)
            for kind in ("DLS", "BIS", "DIFFERENCE")
        )
        np.testing.assert_array_equal(difference, dls - bis)
        assert np.ptp(difference) > 0
    assert {folder.name for folder in (out / "1.2.77_DICOM").iterdir()} == {"DLS", "BIS"}
    assert {line["difference"] for line in table(out)} == {f"a_DIFFERENCE{suffix}", f"1.2.77_DIFFERENCE{suffix}"}
    assert {source.name for source in sources_at(tmp_path / "in", tmp_path / "elsewhere", None)} == {"a", "1.2.77"}


def test_a_batch_that_was_done_without_differences_makes_them_when_they_are_asked_for(tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "a.nrrd")
    out = tmp_path / "out"
    batch(tmp_path / "in", out)
    assert (rows(out)["a"]["difference"], {path.name for path in out.glob("a_*")}) == ("", {"a_DLS.nrrd"})
    assert batch(tmp_path / "in", out, difference=True).skipped == 0
    assert rows(out)["a"]["difference"] == "a_DIFFERENCE.nrrd"
    assert {path.name for path in out.glob("a_*")} == {"a_DLS.nrrd", "a_DIFFERENCE.nrrd"}
    assert batch(tmp_path / "in", out, difference=True).skipped == 1
    (out / "a_DIFFERENCE.nrrd").unlink()
    assert batch(tmp_path / "in", out, difference=True).skipped == 0
    assert (out / "a_DIFFERENCE.nrrd").is_file()


def test_a_difference_of_somebody_else_is_not_replaced(tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "a.nrrd")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a_DIFFERENCE.nrrd").write_text("of the user")
    with pytest.raises(UnusableInput, match="1 of 1 volume failed"):
        batch(tmp_path / "in", tmp_path / "out", difference=True)
    assert rows(tmp_path / "out")["a"]["failure_code"] == "target_exists"
    assert (tmp_path / "out" / "a_DIFFERENCE.nrrd").read_text() == "of the user"


def test_the_command_asks_for_differences(tmp_path: Path, weights: Path):
    write_thick(tmp_path / "in" / "a.nrrd")
    asked = [tmp_path / "in", tmp_path / "out", "--weights", weights, "--device", "cpu", "--workers", "1"]
    code, _, err = finish(start(*asked, "--difference"))
    assert (code, (tmp_path / "out" / "a_DIFFERENCE.nrrd").is_file()) == (0, True), err


def test_a_manifest_of_a_version_without_differences_is_taken_over(tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "a.nrrd")
    batch(tmp_path / "in", tmp_path / "out")
    with closing(sqlite3.connect(tmp_path / "out" / RECORD_NAME)) as record:
        record.execute("ALTER TABLE volumes DROP COLUMN difference")
    assert batch(tmp_path / "in", tmp_path / "out").skipped == 1
    assert batch(tmp_path / "in", tmp_path / "out", difference=True).skipped == 0
    assert rows(tmp_path / "out")["a"]["difference"] == "a_DIFFERENCE.nrrd"
