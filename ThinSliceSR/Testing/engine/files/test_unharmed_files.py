"""Whatever is asked for, the input and other files of the user stay as they are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from command_line_runs import COMMAND, ENVIRONMENT, names, thinslicesr, write_thick


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_an_output_never_replaces_the_input(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    before = contents(tmp_path)
    thick, thin, other = (tmp_path / name for name in ("thick.nrrd", "thin.nrrd", "other.nrrd"))
    for arguments in (
        ("synthesize", thick, thick, "--overwrite", "--weights", tiny_weights),
        ("synthesize", thick, other, "--bicubic", thick, "--overwrite", "--weights", tiny_weights),
        ("simulate", thin, thin, "--overwrite"),
    ):
        done = thinslicesr(*arguments)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
        assert "replace the input" in done.stderr
    assert contents(tmp_path) == before


def test_a_preview_never_replaces_a_file(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "scan.mhd")
    before = contents(tmp_path)
    arguments = ("synthesize", tmp_path / "scan.mhd", tmp_path / "d.nrrd", "--weights", tiny_weights, "--overwrite")
    done = thinslicesr(*arguments, "--preview", tmp_path / "scan.nhdr")  # its values would be scan.raw
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert contents(tmp_path) == before


def test_a_preview_may_have_any_name_and_says_what_it_is(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    preview = tmp_path / "Vörschau 1.nhdr"
    done = thinslicesr(
        "synthesize", tmp_path / "thick.nrrd", tmp_path / "d.nrrd", "--weights", tiny_weights, "--preview", preview
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sitk.ReadImage(str(preview)).GetMetaData("ThinSliceSR_model") == "tiny (untrained)"


def test_a_preview_that_cannot_be_written_leaves_nothing(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    (tmp_path / "out.nhdr").mkdir()
    before = names(tmp_path)
    done = thinslicesr(
        "synthesize", tmp_path / "thick.nrrd", tmp_path / "d.nrrd", "--weights", tiny_weights,
        "--preview", tmp_path / "out.nhdr",
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert names(tmp_path) == before


@pytest.mark.parametrize("value", ["nan", "inf", "x"])
def test_a_place_to_begin_at_must_be_a_number(tmp_path: Path, value: str):
    done = thinslicesr("synthesize", tmp_path / "a.nrrd", tmp_path / "b.nrrd", "--first-at", value)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("slab_mm", "sentence"), [("nan", "is no number of millimetres"), ("-5", "above 0"), ("0", "above 0")]
)
def test_a_slab_must_have_a_thickness(tmp_path: Path, slab_mm: str, sentence: str):
    write_thick(tmp_path / "thin.nrrd", slices=31, spacing=1.0)
    done = thinslicesr("simulate", tmp_path / "thin.nrrd", tmp_path / "thick.nrrd", "--slab-mm", slab_mm)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert sentence in done.stderr


def test_bright_metal_does_not_wrap_around_in_bis(tmp_path: Path, tiny_weights: Path):
    hu = np.zeros((8, 16, 16), np.int16)
    hu[3:5] = 30710
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 5.0))
    sitk.WriteImage(image, str(tmp_path / "metal.nrrd"))
    done = thinslicesr(
        "synthesize", tmp_path / "metal.nrrd", tmp_path / "d.nrrd", "--bicubic", tmp_path / "b.nrrd",
        "--weights", tiny_weights, "--values", "hu",
    )  # fmt: skip
    assert done.returncode == 0
    bis = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "b.nrrd")))
    assert bis[15:21].min() > 20000


@pytest.mark.parametrize("matrix", [(8, 64), (64, 8)])
def test_matrices_may_be_as_narrow_as_a_window(tmp_path: Path, tiny_weights: Path, matrix: tuple[int, int]):
    hu = np.full((8, *matrix), 40, np.int16)
    hu[:, :4, :4] = -900
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 5.0))
    sitk.WriteImage(image, str(tmp_path / "narrow.nrrd"))
    done = thinslicesr("synthesize", tmp_path / "narrow.nrrd", tmp_path / "d.nrrd", "--weights", tiny_weights)
    assert done.returncode == 0, done.stderr
    assert sitk.ReadImage(str(tmp_path / "d.nrrd")).GetSize() == (*matrix[::-1], 36)


def test_a_closed_or_full_standard_output_does_not_spoil_the_result(tmp_path: Path, tiny_weights: Path):
    write_thick(tmp_path / "thick.nrrd")
    for number, where in enumerate((">&-", ">/dev/full")):
        command = [
            *COMMAND,
            "synthesize",
            tmp_path / "thick.nrrd",
            tmp_path / f"{number}.nrrd",
            "--weights",
            tiny_weights,
        ]
        line = " ".join(f"'{part}'" for part in command)
        done = subprocess.run(f"{line} {where}", shell=True, capture_output=True, text=True, env=ENVIRONMENT)
        assert (done.returncode, done.stderr) == (0, "")
        assert sitk.ReadImage(str(tmp_path / f"{number}.nrrd")).GetSize() == (32, 32, 16)


def test_an_output_folder_of_the_demo_that_cannot_be_made_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    done = thinslicesr("demo", "--output", tmp_path / "file")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert (tmp_path / "file").read_text() == "mine"
