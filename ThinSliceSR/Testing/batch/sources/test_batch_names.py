"""What a batch writes lies in its destination, whatever files, archives and manifests call themselves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pydicom
import pytest
from batches import rows, write_thick
from dicom_making import files_of, write_series
from ThinSliceSRLib.engine.batch.manifest.manifest import manifest_of

CHEST = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60]), (5, 16, 16))


@pytest.mark.parametrize("uid", ["../../outside/evil", "/tmp/evil", "..", "1.2/../../evil"])
def test_no_series_uid_leads_out_of_the_destination(uid: str, tmp_path: Path, batch):
    (tmp_path / "outside").mkdir()
    out = tmp_path / "deep" / "out"
    write_series(tmp_path / "in", CHEST, SeriesInstanceUID=uid)
    for series in files_of(tmp_path / "in"):
        assert pydicom.dcmread(series).SeriesInstanceUID == uid
    before = {path for path in tmp_path.rglob("*") if out not in path.parents}
    batch(tmp_path / "in", out, dicom_out=True, bicubic=True)
    assert {path for path in tmp_path.rglob("*") if path != out and out not in path.parents} == {*before, out.parent}
    [row] = rows(out).values()
    assert (row["state"], row["series"]) == ("done", uid)
    for kind in ("output", "bicubic", "dicom"):
        assert (out / row[kind]).parent == out
        assert (out / row[kind]).exists()
    assert batch(tmp_path / "in", out, dicom_out=True, bicubic=True).skipped == 1


def test_no_name_in_a_manifest_leads_out_of_the_destination(tmp_path: Path, batch):
    (tmp_path / "outside_DLS.nrrd").write_text("precious")
    scan, out = write_thick(tmp_path / "a.nrrd"), tmp_path / "out"
    out.mkdir()
    evil = {"input": str(scan), "name": "../outside", "version": "1"}
    (out / "manifest.json").write_text(json.dumps({"form": 1, "volumes": [evil, {**evil, "input": "b"}]}))
    batch(scan, out)
    assert (tmp_path / "outside_DLS.nrrd").read_text() == "precious"
    with manifest_of(out) as manifest:
        [row] = [row for row in manifest.rows() if row.state == "done"]
    assert (out / row.output).parent == out
    assert (out / row.output).exists()
