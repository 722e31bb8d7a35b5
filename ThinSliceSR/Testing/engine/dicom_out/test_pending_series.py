"""DICOM out, all or nothing: interrupted, killed, on a full disk, over other files; and every refusal in a sentence."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from derived_series_making import IDENTITY, derive, write_hospital_series
from ThinSliceSRLib.engine.command_line import make_parser
from ThinSliceSRLib.engine.dicom_out import pending_series, series_files
from ThinSliceSRLib.engine.dicom_out.pending_series import DicomOutput, PendingSeries
from ThinSliceSRLib.engine.errors import Cancelled, CannotWrite, MissingLibrary, ThinSliceError, UnusableInput
from ThinSliceSRLib.engine.events.progress import SilentReporter
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.volumes.volume import Volume

WRITER = """
import sys, time
from pathlib import Path
from derived_series_making import derive
from ThinSliceSRLib.engine.dicom_out import pending_series
pending_series.holds = lambda *arguments: print("written", flush=True) or time.sleep(3600)
derive(Path(sys.argv[1]), Path(sys.argv[2]))
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_hospital_series(tmp_path / "source")
    return tmp_path / "source"


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(act: Callable[[], object]) -> ThinSliceError:
    with pytest.raises((UnusableInput, CannotWrite)) as caught:
        act()
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert not [value for value in IDENTITY.values() if len(str(value)) > 3 and str(value) in message]
    return caught.value


def test_the_folder_appears_when_it_is_whole(source: Path, tmp_path: Path, monkeypatch):
    seen = []
    holds = pending_series.holds
    monkeypatch.setattr(pending_series, "holds", lambda *given: seen.append(names(tmp_path)) or holds(*given))
    derive(source, tmp_path / "dicom")
    assert len(seen) == 2
    for held in seen:
        assert [name.startswith(".thinslicesr-") for name in held] == [True, False]
        assert held[1] == "source"
    assert names(tmp_path) == ["dicom", "source"]
    assert names(tmp_path / "dicom") == ["BIS", "DLS"]
    assert names(tmp_path / "dicom" / "DLS") == [f"{number:04d}.dcm" for number in range(1, 17)]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, Cancelled, ValueError])
def test_nothing_is_left_after_an_exception(failure, source: Path, tmp_path: Path, monkeypatch):
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(pending_series, "holds", fail)
    with pytest.raises(failure):
        derive(source, tmp_path / "dicom")
    assert names(tmp_path) == ["source"]


def test_a_discarded_series_stops_being_written(source: Path, tmp_path: Path):
    thick = read_volume(source)
    pending = PendingSeries(DicomOutput(tmp_path / "dicom"), thick)
    pending.discard()
    with pytest.raises(Cancelled), pending:
        pass
    assert names(tmp_path) == ["source"]


def test_a_cancelled_writing_ends_at_the_next_slice_and_leaves_nothing(source: Path, tmp_path: Path, monkeypatch):
    fsync, written, pending = os.fsync, [], []
    create = PendingSeries.__init__
    monkeypatch.setattr(
        PendingSeries, "__init__", lambda self, *given, **how: pending.append(self) or create(self, *given, **how)
    )

    def cancel_at_the_third(descriptor: int) -> None:
        written.append(descriptor)
        if len(written) == 3:
            pending[0].discard()
        fsync(descriptor)

    monkeypatch.setattr(series_files.os, "fsync", cancel_at_the_third)
    with pytest.raises(Cancelled):
        derive(source, tmp_path / "dicom")
    assert len(written) == 3
    assert names(tmp_path) == ["source"]


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
def test_a_killed_run_leaves_no_series_and_the_next_run_tidies_up(source: Path, tmp_path: Path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", WRITER, str(source), str(tmp_path / "dicom")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout.readline() == "written\n"
        process.send_signal(signal.SIGKILL)
    assert len(names(tmp_path)) == 2
    assert names(tmp_path)[0].startswith(".thinslicesr-")
    PendingSeries(DicomOutput(tmp_path / "other"), read_volume(source))
    assert names(tmp_path) == ["source"]


def test_a_full_disk_is_told_and_leaves_nothing(source: Path, mounted):
    folder = mounted("size=48k")
    error = refusal(lambda: derive(source, folder / "dicom"))
    assert error.code == "no_room"
    assert names(folder) == []


def test_a_wrong_value_on_the_disk_is_noticed(source: Path, tmp_path: Path, monkeypatch):
    derived = pending_series.derived_series

    def damaged(source, volume: Volume, *rest: object):
        for dataset in derived(source, volume, *rest):
            dataset.PixelData = dataset.PixelData[:-2] + b"\x07\x00"
            yield dataset

    monkeypatch.setattr(pending_series, "derived_series", damaged)
    assert refusal(lambda: derive(source, tmp_path / "dicom")).code == "cannot_write"
    assert names(tmp_path) == ["source"]


def test_an_empty_folder_is_filled(source: Path, tmp_path: Path):
    (tmp_path / "dicom").mkdir()
    assert len(derive(source, tmp_path / "dicom").slices()) == 16


def test_a_former_result_is_replaced_only_where_that_is_allowed(source: Path, tmp_path: Path):
    former = derive(source, tmp_path / "dicom").slices()[0].SeriesInstanceUID
    assert refusal(lambda: derive(source, tmp_path / "dicom")).code == "target_exists"
    now = derive(source, tmp_path / "dicom", overwrite=True).slices()
    assert former not in {item.SeriesInstanceUID for item in now}
    assert names(tmp_path) == ["dicom", "source"]


@pytest.mark.parametrize("other", ["notes.txt", "DLS/notes.txt", "thesis/chapter.dcm"])
def test_other_peoples_files_are_never_replaced(other: str, source: Path, tmp_path: Path):
    derive(source, tmp_path / "dicom")
    path = tmp_path / "dicom" / other
    path.parent.mkdir(exist_ok=True)
    path.write_text("years of work")
    assert refusal(lambda: derive(source, tmp_path / "dicom", overwrite=True)).code == "target_exists"
    assert path.read_text() == "years of work"


def test_a_folder_that_was_filled_meanwhile_is_left_alone(source: Path, tmp_path: Path, monkeypatch):
    def fill(*_: object) -> bool:
        (tmp_path / "dicom").mkdir(exist_ok=True)
        (tmp_path / "dicom" / "notes.txt").write_text("of another run")
        return True

    monkeypatch.setattr(pending_series, "holds", fill)
    assert refusal(lambda: derive(source, tmp_path / "dicom")).code == "target_exists"
    assert names(tmp_path / "dicom") == ["notes.txt"]
    assert names(tmp_path) == ["dicom", "source"]


@pytest.mark.parametrize("place", ["source", "source/dicom", "."])
def test_the_folder_of_the_input_is_no_place_for_the_output(place: str, source: Path, tmp_path: Path):
    before = names(source)
    assert refusal(lambda: derive(source, tmp_path / place, overwrite=True)).code == "same_target"
    assert names(source) == before


@pytest.mark.parametrize(("place", "code"), [("missing/dicom", "no_folder"), ("a file", "target_exists")])
def test_a_place_that_cannot_be_is_refused(place: str, code: str, source: Path, tmp_path: Path):
    (tmp_path / "a file").touch()
    assert refusal(lambda: derive(source, tmp_path / place)).code == code


def test_a_volume_that_is_no_dicom_series_is_refused(thick_volume: Volume, tmp_path: Path):
    error = refusal(lambda: PendingSeries(DicomOutput(tmp_path / "dicom"), thick_volume))
    assert error.code == "no_study"


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("PatientID", "4712", "mixed_slices"),
        ("PatientName", "Other^One", "mixed_slices"),
        ("StudyInstanceUID", "1.2.3", "mixed_slices"),
        ("FrameOfReferenceUID", "1.2.3", "mixed_slices"),
        ("StudyInstanceUID", None, "no_study"),
    ],
)
def test_files_of_several_patients_or_studies_are_refused(keyword: str, value, code: str, source: Path, tmp_path: Path):
    for number, path in enumerate(sorted(source.iterdir()), start=1):  # of two values, the files would be parted
        dataset = pydicom.dcmread(path)
        setattr(dataset, keyword, value and f"{value}{number}")
        dataset.save_as(path)
    assert refusal(lambda: derive(source, tmp_path / "dicom")).code == code


def test_a_file_that_is_gone_is_told(source: Path, tmp_path: Path):
    thick = read_volume(source)
    next(source.iterdir()).unlink()
    assert refusal(lambda: PendingSeries(DicomOutput(tmp_path / "dicom"), thick)).code == "truncated"


def test_a_compression_that_is_not_installed_is_refused(source: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(series_files, "PYDICOM_2", True)
    with pytest.raises(MissingLibrary, match="pylibjpeg-openjpeg") as refused:
        derive(source, tmp_path / "dicom", "jpeg2000")
    assert refused.value.code == "no_compression"


def test_slices_too_small_for_a_compression_are_refused(tmp_path: Path):
    write_hospital_series(tmp_path / "source", np.zeros((3, 8, 8)))
    assert refusal(lambda: derive(tmp_path / "source", tmp_path / "dicom", "jpeg2000")).code == "not_compressed"
    assert names(tmp_path) == ["source"]


def thinslicesr(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "ThinSliceSRLib.engine", "synthesize", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_the_command_writes_both_series_with_the_volumes(source: Path, tmp_path: Path, tiny_weights: Path):
    done = thinslicesr(
        source, tmp_path / "dls.nrrd", "--bicubic", tmp_path / "bis.nrrd", "--dicom-out", tmp_path / "dicom",
        "--weights", tiny_weights, "--progress", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[-1]["outputs"]["dicom"] == str(tmp_path / "dicom")
    assert [(event["done"], event["total"]) for event in events if event.get("stage") == "write"] == [
        (step, 4) for step in range(5)
    ]
    for name in ("DLS", "BIS"):
        image = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / f"{name.lower()}.nrrd")))
        np.testing.assert_array_equal(read_volume(tmp_path / "dicom" / name).hu, image)
    assert pydicom.dcmread(tmp_path / "dicom" / "DLS" / "0001.dcm").SoftwareVersions[2] == "model tiny (untrained)"
    assert names(tmp_path) == ["bis.nrrd", "dicom", "dls.nrrd", "source"]


def test_without_bicubic_there_is_the_dls_series_alone(source: Path, tmp_path: Path, tiny_weights: Path):
    done = thinslicesr(
        source, tmp_path / "dls.nrrd", "--dicom-out", tmp_path / "dicom", "--anonymous", "--dicom-compression", "rle",
        "--weights", tiny_weights, "--spacing", "1.0",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert names(tmp_path / "dicom") == ["DLS"]
    dataset = pydicom.dcmread(tmp_path / "dicom" / "DLS" / "0001.dcm")
    assert dataset.PatientIdentityRemoved == "YES"
    assert dataset.file_meta.TransferSyntaxUID == pydicom.uid.RLELossless


def test_the_command_refuses_before_it_computes(source: Path, tmp_path: Path):
    sitk.WriteImage(read_volume(source).to_image(), str(tmp_path / "thick.nrrd"))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").touch()
    (tmp_path / "empty").mkdir()
    for arguments, word in (
        ((tmp_path / "thick.nrrd", tmp_path / "d.nrrd", "--dicom-out", tmp_path / "dicom"), "DICOM series"),
        ((source, tmp_path / "d.nrrd", "--dicom-out", tmp_path / "full"), "not empty"),
        ((source, tmp_path / "empty" / "d.nrrd", "--dicom-out", tmp_path / "empty"), "around"),
        ((source, tmp_path / "d.nrrd", "--anonymous"), "--dicom-out"),
    ):
        # The weights are missing too, but that would be found later.
        given = make_parser().parse_args(["synthesize", *map(str, arguments), "--weights", "missing.safetensors"])
        with ExitStack() as undo:
            error = refusal(lambda given=given, undo=undo: given.run(given, SilentReporter(), undo))
        assert error.exit_code == 2
        assert word in str(error)
    assert names(tmp_path) == ["empty", "full", "source", "thick.nrrd"]
