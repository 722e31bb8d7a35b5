"""`thinslicesr demo` shows the main job on the phantom and on a user's own scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from command_line_runs import names, thinslicesr, write_thick
from ThinSliceSRLib.engine.volumes.reading import read_volume


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
    assert thinslicesr(*arguments).returncode == 0


def test_an_unfit_scan_is_refused_in_one_sentence(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thin.nrrd", spacing=1.0)
    done = thinslicesr(
        "demo", "--input", tmp_path / "thin.nrrd", "--output", tmp_path / "out", "--weights", tiny_weights
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert names(tmp_path / "out") == set()
