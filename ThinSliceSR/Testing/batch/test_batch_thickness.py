"""Batches take the thickness of slices from each volume or from the options, and thin slices as far apart as asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import SimpleITK as sitk
from batches import rows, write_thick
from ThinSliceSRLib.engine.errors import UnusableInput


def test_thickness_and_spacing_are_those_of_the_volume_or_of_the_options(tmp_path: Path, batch):
    write_thick(tmp_path / "in" / "scan.nii.gz", spacing_mm=3.0)
    sidecar = tmp_path / "in" / "scan.json"
    sidecar.write_text('{"SliceThickness": 4}')

    def told_after(**options) -> tuple[str, str, str]:
        summary = batch(tmp_path / "in", tmp_path / "out", **options)
        assert summary.skipped == 0  # whatever makes another result does a volume again
        header = sitk.ReadImage(str(tmp_path / "out" / "scan_DLS.nrrd"))
        keys = ("slab_mm", "slab_mm_told_by", "spacing_mm")
        return tuple(header.GetMetaData(f"ThinSliceSR_{key}") for key in keys)

    assert told_after() == ("4", "header", "1")
    assert told_after(spacing="native") == ("4", "header", "0.6")
    assert told_after(spacing="0.7", slab_mm=6.0) == ("6", "option", "0.7")
    assert batch(tmp_path / "in", tmp_path / "out", spacing=0.7, slab_mm=6).skipped == 1
    sidecar.write_text('{"SliceThickness": 3.5}')
    assert told_after() == ("3.5", "header", "1")
    sidecar.unlink()
    assert told_after() == ("3", "nobody", "1")
    row = rows(tmp_path / "out")["scan"]
    assert (row["state"], [finding["code"] for finding in row["findings"]]) == ("done", ["thickness_unknown"])


@pytest.mark.parametrize("options", [{"spacing": "0"}, {"slab_mm": 41.0}])
def test_a_batch_with_nonsense_does_not_begin(options: dict[str, str | float], tmp_path: Path, batch):
    write_thick(tmp_path / "a.nrrd")
    with pytest.raises(UnusableInput) as refused:
        batch(tmp_path / "a.nrrd", tmp_path / "out", **options)
    assert refused.value.code == "wrong_usage"
    assert not (tmp_path / "out").exists()
