"""What a batch makes of values that are no HU, of volumes that ask for care, and of thin volume files."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from batches import finish, rows, start, write_thick
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.errors import UnusableInput


def test_values_that_cannot_be_hu_fail_and_warnings_stand_in_the_summary(tmp_path, weights):
    write_thick(tmp_path / "in" / "far.nrrd", spacing_mm=12.0)
    unit = sitk.GetImageFromArray(np.random.default_rng(0).random((4, 32, 32), np.float32))
    unit.SetSpacing((0.7, 0.7, 5.0))
    sitk.WriteImage(unit, str(tmp_path / "in" / "unit.nrrd"))
    arguments = [tmp_path / "in", tmp_path / "out", "--weights", weights, "--device", "cpu", "--workers", "1"]
    code, _, err = finish(start(*arguments))
    told = rows(tmp_path / "out")
    assert code == 2
    assert told["unit"]["failure_code"] == "not_hu"
    assert "far: The slices are 12 mm apart" in err
    (tmp_path / "in" / "unit.nrrd").unlink()
    code, out, _ = finish(start(*arguments))
    assert code == 0
    assert out.startswith("1 volume is done, as it was before, 1 with warnings (1 spacing_unusual")


def test_a_thin_volume_file_in_a_folder_is_passed_over(tmp_path):
    write_thick(tmp_path / "in" / "thick.nrrd")
    write_thick(tmp_path / "in" / "thin.nrrd", spacing_mm=1.0)
    left_out = {source.name: source.left_out for source in sources_at(tmp_path / "in", tmp_path / "out", None)}
    assert left_out["thick"] == ""
    assert left_out["thin"] == "Its slices are 1 mm apart, so they are thin already."


def test_a_volume_file_without_a_spacing_fails_and_is_not_passed_over_as_thin(tmp_path, batch):
    write_thick(tmp_path / "in" / "thick.nrrd")
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60], np.int16), (4, 32, 32))
    nrrd = b"NRRD0004\ntype: int16\ndimension: 3\nsizes: 32 32 4\nendian: little\nencoding: raw\n\n"
    (tmp_path / "in" / "bare.nrrd").write_bytes(nrrd + hu.tobytes())
    meta = b"ObjectType = Image\nNDims = 3\nDimSize = 32 32 4\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
    (tmp_path / "in" / "plain.mha").write_bytes(meta + hu.tobytes())
    nifti = write_thick(tmp_path / "in" / "zero.nii")
    header = bytearray(nifti.read_bytes())
    header[80:92], header[252:256] = bytes(12), bytes(4)  # pixdim, and the codes of qform and sform
    nifti.write_bytes(header)
    with pytest.raises(UnusableInput, match="3 of 4 volumes failed"):
        batch(tmp_path / "in", tmp_path / "out")
    told = rows(tmp_path / "out")
    for name in ("bare", "plain", "zero"):
        assert (told[name]["state"], told[name]["failure_code"]) == ("failed", "no_place")
        assert "holds no spacing" in told[name]["failure"]
