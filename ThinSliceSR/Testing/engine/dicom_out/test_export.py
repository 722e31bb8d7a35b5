"""The verb `export`: volumes that lie in files become DICOM series where their source lies, or are refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from command_line_runs import seconds_to_its_end
from derived_series_making import HU, IDENTITY, SHA256, THICK_SLICES, write_hospital_series
from dicom_making import slice_positions
from models import linear_model
from ThinSliceSRLib.engine.dicom_out.export import on_grid_of
from ThinSliceSRLib.engine.errors import UnusableInput
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs
from ThinSliceSRLib.engine.provenance import bis_header, dls_header, preview_header, thick_slices_entries
from ThinSliceSRLib.engine.synthesis.resampling import interpolate, places_at
from ThinSliceSRLib.engine.synthesis.slab import SlabError
from ThinSliceSRLib.engine.synthesis.synthesize import Synthesis
from ThinSliceSRLib.engine.volumes.slab_profile import SlabProfile
from ThinSliceSRLib.engine.volumes.value_scale import told_scale
from ThinSliceSRLib.engine.volumes.volume import Volume

MODULE = Path(__file__).parents[3]
MODEL = replace(linear_model(), name="cthnet-test", sha256=SHA256, trained=True)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_hospital_series(tmp_path / "source")
    return tmp_path / "source"


def result_of(source: Path, spacing_mm: float = 1.0) -> Volume:
    thick = read_volume(source)
    return interpolate(thick, places_at(spacing_mm, thick))


def header(volume: Volume) -> dict[str, str]:
    return dls_header(
        MODEL,
        Synthesis(volume, SlabProfile(5.0, 5.0), SlabError(0.25, 1.5), "CPU", "float32", "computed"),
        slab_consistent=True,
    )


def write(volume: Volume, path: Path, entries: dict[str, str]) -> Path:
    with PendingOutputs() as outputs:
        outputs.write(volume, path, entries)
    return path


def write_dls(volume: Volume, path: Path) -> Path:
    return write(volume, path, header(volume))


def export(*arguments: object, without_torch: Path | None = None) -> subprocess.CompletedProcess[str]:
    paths = [str(path) for path in (without_torch, MODULE) if path]
    return subprocess.run(
        [sys.executable, "-m", "ThinSliceSRLib.engine", "export", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        check=False,
    )


def slices(folder: Path) -> list[pydicom.Dataset]:
    return [pydicom.dcmread(path) for path in sorted(folder.iterdir())]


def refusal(done: subprocess.CompletedProcess[str], held: Sequence[str], folder: Path) -> str:
    """The sentence of an export that was refused and has left nothing."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(path.name for path in folder.iterdir()) == sorted(held)
    assert not [value for value in IDENTITY.values() if len(str(value)) > 3 and str(value) in done.stderr]
    return done.stderr


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_results_become_series_that_say_what_they_are_without_pytorch(source: Path, tmp_path: Path, suffix: str):
    result = result_of(source)
    dls = write_dls(result, tmp_path / f"dls{suffix}")
    bis = write(result, tmp_path / f"bis{suffix}", bis_header())
    absent = tmp_path / "absent"
    absent.mkdir()
    for package in ("torch", "einops"):
        (absent / f"{package}.py").write_text("raise ImportError('not installed')")
    done = export(dls, bis, tmp_path / "dicom", "--source", source, "--progress", "json", without_torch=absent)
    assert done.returncode == 0, done.stderr
    *progress, finished = [json.loads(line) for line in done.stdout.splitlines()]
    assert [event["done"] for event in progress] == [0, *range(16), *range(16, 33)]
    assert {(event["stage"], event["total"]) for event in progress} == {("export", 32)}
    assert finished["outputs"] == {"dicom": str(tmp_path / "dicom")}
    for name in ("DLS", "BIS"):
        folder = tmp_path / "dicom" / name
        written = read_volume(folder)
        assert written.acquisition.series_uid == finished["series"][name]
        np.testing.assert_array_equal(written.hu, result.hu)
        np.testing.assert_allclose(written.origin_mm, result.origin_mm, atol=1e-9)
        np.testing.assert_allclose(written.direction @ np.diag(written.spacing_mm), np.diag((0.7, 0.8, 1)), atol=1e-9)
        first = slices(folder)[0]
        assert first.StudyInstanceUID == IDENTITY["StudyInstanceUID"]
        assert first.DerivationDescription.startswith(f"{name}: ")
        assert first.SeriesDescription == f"Chest 5.0 {name} 1 mm (synthetic)"
    assert SHA256 in slices(tmp_path / "dicom" / "DLS")[0].DerivationDescription


def test_compressed_and_anonymous_series_share_one_study_of_nobody(source: Path, tmp_path: Path):
    result = result_of(source)
    dls, bis = write_dls(result, tmp_path / "dls.nrrd"), write(result, tmp_path / "bis.nrrd", bis_header())
    done = export(
        dls, bis, tmp_path / "dicom", "--source", source, "--anonymous", "--dicom-compression", "rle"
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    written = [*slices(tmp_path / "dicom" / "DLS"), *slices(tmp_path / "dicom" / "BIS")]
    assert len({dataset.StudyInstanceUID for dataset in written} | {IDENTITY["StudyInstanceUID"]}) == 2
    assert {str(dataset.PatientName) for dataset in written} == {"Anonymous^Patient"}
    assert {dataset.file_meta.TransferSyntaxUID.name for dataset in written} == {"RLE Lossless"}
    np.testing.assert_array_equal(read_volume(tmp_path / "dicom" / "DLS").hu, result.hu)


def test_a_window_lies_on_the_scale_that_the_result_was_made_with(source: Path, tmp_path: Path):
    result = result_of(source)
    thick = told_scale(read_volume(source), "offset")
    dls = write(result, tmp_path / "dls.nrrd", header(result) | thick_slices_entries(thick, 1.0, 1.0))
    assert export(dls, tmp_path / "dicom", "--source", source).returncode == 0
    assert slices(tmp_path / "dicom" / "DLS")[0].WindowCenter == [40 - 1024, -600 - 1024]


def moved(result: Volume) -> Volume:
    return replace(result, origin_mm=(result.origin_mm[0] + 0.3, *result.origin_mm[1:]))


def turned(result: Volume) -> Volume:
    return replace(result, direction=np.diag((-1.0, 1.0, 1.0)))


def resampled(result: Volume) -> Volume:
    return replace(result, hu=result.hu[:, ::2, ::2], spacing_mm=(1.4, 1.6, 1.0))


@pytest.mark.parametrize(
    "change",
    [
        moved,
        turned,
        resampled,
        lambda result: replace(result, hu=result.hu[:, :-1]),
        lambda result: replace(result, hu=result.hu[:-1]),
        lambda result: replace(result, hu=np.repeat(result.hu, 2, axis=0)),
        lambda result: replace(result, spacing_mm=(0.7, 0.8, 1.02)),
    ],
    ids=["moved", "turned", "resampled", "a row less", "a slice less", "twice the slices", "stretched"],
)
def test_a_volume_that_does_not_lie_where_its_source_lies_is_refused(source: Path, tmp_path: Path, change):
    dls = write_dls(change(result_of(source)), tmp_path / "dls.nrrd")
    done = export(dls, tmp_path / "dicom", "--source", source)
    assert "moved, cropped or resampled" in refusal(done, ["source", "dls.nrrd"], tmp_path)


@pytest.mark.parametrize("spacing_mm", [1.0, 0.7])
def test_a_result_on_any_slice_spacing_lies_where_the_source_says(tmp_path: Path, spacing_mm: float):
    positions = slice_positions(THICK_SLICES, 5.03).round(1)
    write_hospital_series(tmp_path / "source", HU, positions=positions)
    thick = read_volume(tmp_path / "source")
    result = interpolate(thick, places_at(spacing_mm, thick))
    # As a program that takes the slices for upright and the steps for even has it.
    rounded = replace(result, direction=np.eye(3), spacing_mm=(0.7, 0.8, spacing_mm))
    assert on_grid_of(rounded, thick).direction is thick.direction
    with pytest.raises(UnusableInput, match="moved"):
        on_grid_of(moved(rounded), thick)


@pytest.mark.parametrize(
    "entries",
    [{}, {"ThinSliceSR_content": "DLS: of nothing"}, preview_header(MODEL), {"Kind": "DLS"}],
    ids=["none", "no model", "a preview", "others"],
)
def test_a_volume_that_does_not_say_how_it_was_made_is_refused(source: Path, tmp_path: Path, entries: dict[str, str]):
    volume = write(result_of(source), tmp_path / "some.nrrd", entries)
    done = export(volume, tmp_path / "dicom", "--source", source)
    assert "does not say how it was made" in refusal(done, ["source", "some.nrrd"], tmp_path)


def test_a_dicom_series_is_no_result_and_a_file_no_source(source: Path, tmp_path: Path):
    dls = write_dls(result_of(source), tmp_path / "dls.nrrd")
    held = ["source", "dls.nrrd"]
    assert "how it was made" in refusal(export(source, tmp_path / "dicom", "--source", source), held, tmp_path)
    assert "DICOM series" in refusal(export(dls, tmp_path / "dicom", "--source", dls), held, tmp_path)


def test_voxels_that_are_no_whole_hu_are_refused(source: Path, tmp_path: Path):
    result = result_of(source)
    dls = write_dls(replace(result, hu=result.hu + np.float32(0.5)), tmp_path / "dls.nrrd")
    done = export(dls, tmp_path / "dicom", "--source", source)
    assert "no whole numbers" in refusal(done, ["source", "dls.nrrd"], tmp_path)


def test_two_volumes_of_one_kind_are_refused(source: Path, tmp_path: Path):
    result = result_of(source)
    first, second = (write_dls(result, tmp_path / f"{name}.nrrd") for name in ("first", "second"))
    done = export(first, second, tmp_path / "dicom", "--source", source)
    assert "Two of the volumes are DLS" in refusal(done, ["source", "first.nrrd", "second.nrrd"], tmp_path)


def test_a_cancelled_export_leaves_nothing(source: Path, tmp_path: Path):
    dls = write_dls(result_of(source, 0.05), tmp_path / "dls.nrrd")
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", "export", str(dls), str(tmp_path / "dicom")]
    command += ["--source", str(source), "--progress", "json", "--cancel-with-input"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(MODULE)},
    )
    with process:
        process.stdin.write("listening\n")
        process.stdin.flush()
        while json.loads(process.stdout.readline()).get("done", 0) < 5:
            pass
        process.stdin.close()
        assert seconds_to_its_end(process) < 5
        assert process.returncode == 130
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dls.nrrd", "source"]
