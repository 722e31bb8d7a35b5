"""What the network added, as a file: DLS minus BIS in HU, with the other outputs or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import names, write_thick
from ThinSliceSRLib.engine.batch.sources.volume_files import sources_at
from ThinSliceSRLib.engine.command_line import main
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files import writing
from ThinSliceSRLib.engine.run.difference import difference_of_values


def run(tmp_path: Path, weights: Path, *options: str | Path) -> int:
    write_thick(tmp_path / "thick.nrrd")
    (tmp_path / "out").mkdir(exist_ok=True)
    arguments = ["synthesize", tmp_path / "thick.nrrd", tmp_path / "out" / "dls.nrrd", "--weights", weights]
    return main([str(text) for text in (*arguments, "--device", "cpu", *options)])


@pytest.mark.parametrize("spacing", ["native", "0.8"])
def test_the_difference_is_dls_minus_bis_on_their_grid_and_says_what_it_is(
    spacing: str, tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    options = ["--bicubic", out / "bis.nrrd", "--difference", out / "difference.nrrd", "--spacing", spacing]
    assert run(tmp_path, tiny_weights, *options) == 0
    assert f"{out / 'difference.nrrd'}: DLS minus BIS (synthetic" in capsys.readouterr().out
    dls, bis, difference = (sitk.ReadImage(str(out / f"{name}.nrrd")) for name in ("dls", "bis", "difference"))
    added = sitk.GetArrayFromImage(dls).astype(int) - sitk.GetArrayFromImage(bis)
    assert difference.GetPixelID() == sitk.sitkInt16
    assert np.ptp(added) > 0
    np.testing.assert_array_equal(sitk.GetArrayFromImage(difference), added)
    for told in ("GetSize", "GetSpacing", "GetOrigin", "GetDirection"):
        assert getattr(difference, told)() == getattr(dls, told)()
    assert difference.GetMetaData("ThinSliceSR_content").startswith("DLS minus BIS: what the network added")
    assert difference.GetMetaData("ThinSliceSR_unit") == "HU"
    assert difference.GetMetaData("ThinSliceSR_synthetic") == "yes"
    with pytest.raises(UnusableInput, match="holds no volume file"):  # that a batch would take for its input
        sources_at(out, Path("/nowhere"), None)


def test_the_difference_needs_no_bis_file(tmp_path: Path, tiny_weights: Path):
    assert run(tmp_path, tiny_weights, "--difference", tmp_path / "out" / "difference.nii.gz") == 0
    assert names(tmp_path / "out") == {"dls.nrrd", "difference.nii.gz"}


def test_all_are_written_or_none(tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch):
    real = writing.write_nrrd

    def refuse(volume, path, entries, *rest, **options):
        if entries["ThinSliceSR_content"].startswith("DLS minus"):
            raise OSError(5, "Input/output error")
        real(volume, path, entries, *rest, **options)

    monkeypatch.setattr(writing, "write_nrrd", refuse)
    assert run(tmp_path, tiny_weights, "--difference", tmp_path / "out" / "difference.nrrd") == 2
    assert names(tmp_path / "out") == set()


def test_its_name_must_be_free_and_its_own(tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]):
    assert run(tmp_path, tiny_weights, "--difference", tmp_path / "out" / "dls.nrrd") == 2
    assert "Two outputs have the same name" in capsys.readouterr().err
    (tmp_path / "out" / "mine.nrrd").write_text("of the user")
    assert run(tmp_path, tiny_weights, "--difference", tmp_path / "out" / "mine.nrrd") == 2
    assert (tmp_path / "out" / "mine.nrrd").read_text() == "of the user"
    assert names(tmp_path / "out") == {"mine.nrrd"}


def test_what_int16_cannot_hold_stays_at_its_ends():
    dls, bis = np.array([[[32767, -32768, 10]]], np.int16), np.array([[[-32768, 32767, 30]]], np.int16)
    np.testing.assert_array_equal(difference_of_values(dls, bis), [[[32767, -32768, -20]]])
