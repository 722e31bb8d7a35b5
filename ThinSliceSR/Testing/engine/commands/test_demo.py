"""`thinslicesr demo` shows the main job on the phantom and on a user's own scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line_runs import names, thinslicesr, write_thick
from ThinSliceSRLib.engine.commands.demo import _name_of
from ThinSliceSRLib.engine.files.reading import read_volume


def test_the_phantom_is_synthesised_compared_and_drawn(tmp_path: Path, tiny_weights: Path):
    done = thinslicesr("demo", "--output", tmp_path / "out", "--weights", tiny_weights)
    assert (done.returncode, done.stderr) == (0, "")
    assert "tiny (untrained)" in done.stdout
    psnr = {line.split()[0]: float(line.split()[1]) for line in done.stdout.splitlines() if line[:3] in ("BIS", "DLS")}
    assert psnr["BIS"] == pytest.approx(35.2, abs=0.5)
    assert psnr["DLS"] == pytest.approx(psnr["BIS"], abs=0.6)  # linear interpolation made consistent is about as near
    assert names(tmp_path / "out") == {"truth.nrrd", "thick.nrrd", "dls.nrrd", "bis.nrrd", "comparison.png"}
    truth, dls = (read_volume(tmp_path / "out" / name) for name in ("truth.nrrd", "dls.nrrd"))
    assert dls.size == truth.size
    np.testing.assert_allclose(dls.origin_mm, truth.origin_mm, atol=1e-9)


def test_a_users_own_scan_is_drawn_without_a_truth(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    arguments = ("demo", "--input", tmp_path / "thick.nrrd", "--output", tmp_path / "out", "--weights", tiny_weights)
    done = thinslicesr(*arguments)
    assert done.returncode == 0, done.stderr
    assert "PSNR" not in done.stdout
    assert names(tmp_path / "out") == {"dls.nrrd", "bis.nrrd", "comparison.png"}
    again = thinslicesr(*arguments)
    assert again.returncode == 2
    assert "allow overwriting (--overwrite)" in again.stderr
    assert thinslicesr(*arguments, "--overwrite").returncode == 0


def test_two_inputs_are_never_mixed_and_a_file_of_the_users_stays(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "scan.nrrd")
    for name, options in (("truth.nrrd", ["--overwrite"]), ("truth.nrrd", []), ("bis.nrrd", [])):
        folder = tmp_path / f"{name}{len(options)}"
        folder.mkdir()
        (folder / name).write_text("mine")
        refused = thinslicesr(
            "demo", "--input", tmp_path / "scan.nrrd", "--output", folder, "--weights", tiny_weights, *options
        )
        assert refused.returncode == 2
        assert "choose another folder (--output)" in refused.stderr
        assert names(folder) == {name}
        assert (folder / name).read_text() == "mine"


def test_each_input_has_a_folder_of_its_own(tmp_path: Path):
    places = [None, Path("a.nii.gz"), Path("b.nrrd"), tmp_path / "Doe John", tmp_path / "Doe Jane"]
    folders = [_name_of(place, 0) for place in places]
    assert folders[:3] == ["phantom", "a", "b"]
    assert len(set(folders)) == len(folders)
    assert "Doe" not in "".join(folders)
    assert _name_of(None, 3) == "phantom-3"


def test_an_unfit_scan_is_refused_in_one_sentence_and_leaves_no_folder(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thin.nrrd", spacing=1.0)
    mine = tmp_path / "mine"
    mine.mkdir()
    for folder in (tmp_path / "new" / "out", mine):
        done = thinslicesr("demo", "--input", tmp_path / "thin.nrrd", "--output", folder, "--weights", tiny_weights)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert names(tmp_path) == {"thin.nrrd", "mine"}
    assert names(mine) == set()
