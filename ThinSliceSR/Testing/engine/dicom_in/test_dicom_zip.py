"""ZIP files of DICOM files: read as the folder that was packed, without a trace, or refused in one sentence."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pydicom
import pytest
from derived_series_making import IDENTITY, THICK_SLICES, write_hospital_series
from dicom_making import compress, slice_positions, write_multi_frame, write_series
from models import TINY
from ThinSliceSRLib.engine.dicom_in import zip_file
from ThinSliceSRLib.engine.dicom_in.series_index import find_series
from ThinSliceSRLib.engine.errors import CannotWrite, ThinSliceError, UnusableInput
from ThinSliceSRLib.engine.files.reading import opened_input, read_volume
from ThinSliceSRLib.engine.findings.checked_input import check_input
from ThinSliceSRLib.engine.weights.weights_file import save_weights, untrained_network

HU = np.random.default_rng(5).integers(-1000, 400, (5, 16, 18))

READER = """
import sys, time
from pathlib import Path
from ThinSliceSRLib.engine.files.reading import opened_input
with opened_input(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    time.sleep(3600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, this test's alone; the processes that it starts use it too."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """study.zip, in which a series lies two folders deep beside what is no image."""
    folder = tmp_path / "study"
    write_series(folder / "Nobody^Should^Read^This" / "CT", HU)
    (folder / "__MACOSX").mkdir()
    (folder / "__MACOSX" / "._1.dcm").write_bytes(b"left by a Mac")
    (folder / ".DS_Store").write_bytes(b"\0" * 200)
    (folder / "README.txt").write_text("Open with the viewer.")
    (folder / "viewer.exe").write_bytes(b"MZ" + bytes(500))
    media = pydicom.dcmread(next((folder / "Nobody^Should^Read^This" / "CT").iterdir()))
    media.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    del media.SeriesInstanceUID
    media.save_as(folder / "DICOMDIR")
    return Path(shutil.make_archive(str(folder), "zip", folder))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(path: Path) -> ThinSliceError:
    with pytest.raises((UnusableInput, CannotWrite)) as caught:
        read_volume(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    assert "Nobody" not in message
    assert names(Path(tempfile.gettempdir())) == []
    return caught.value


def test_it_is_read_as_its_folder_is_and_leaves_nothing(packed, temporary, capfd):
    zipped, folder = read_volume(packed), read_volume(packed.with_suffix(""))
    np.testing.assert_array_equal(zipped.hu, folder.hu)
    assert zipped.origin_mm == folder.origin_mm
    assert zipped.acquisition.slice_positions_mm == folder.acquisition.slice_positions_mm
    assert zipped.acquisition.slice_files == ()
    assert names(temporary) == []
    assert capfd.readouterr() == ("", "")


def test_its_ending_may_be_in_capitals(packed):
    packed.rename(packed.with_suffix(".ZIP"))
    np.testing.assert_array_equal(read_volume(packed.with_suffix(".ZIP")).hu, HU)


def test_a_series_within_is_named_and_listed(packed):
    with zipfile.ZipFile(packed, "a") as archive:
        write_series(packed.parent / "more", HU[:3], slice_positions(3, 3.0), SeriesInstanceUID="1.2.3", SeriesNumber=3)
        for path in (packed.parent / "more").iterdir():
            archive.write(path, f"more/{path.name}")
    assert read_volume(packed, "3").size[2] == 3
    assert refusal(packed).code == "several_series"
    checked = check_input(packed, "2")
    assert [series.number for series in checked.series] == [2, 3]
    assert checked.chosen.number == 2


@pytest.mark.parametrize("compressor", [None, "Deflated", "JPEG"])
def test_its_series_are_listed_as_those_of_its_folder_without_unpacking_it(compressor, tmp_path, temporary):
    write_series(tmp_path / "study" / "CT", HU)
    if compressor:
        for path in (tmp_path / "study" / "CT").iterdir():
            compress(path, compressor)
    write_multi_frame(tmp_path / "study" / "multi.dcm", HU, SeriesInstanceUID="1.2.3", SeriesNumber=3)
    path = Path(shutil.make_archive(str(tmp_path / "study"), "zip", tmp_path / "study"))
    temporary.rmdir()
    in_zip, in_folder = find_series(path), find_series(tmp_path / "study")
    temporary.mkdir()
    assert [series.number for series in in_folder] == [2, 3]
    for packed, plain in zip(in_zip, in_folder, strict=True):
        assert str(packed) == str(plain)
        assert packed.uid == plain.uid
        assert packed.positions_mm == plain.positions_mm
    with opened_input(path) as folder:
        assert {item.path.name for series in in_zip for item in series.slices} == set(names(folder))


def test_a_multi_frame_file_within_is_read(tmp_path):
    write_multi_frame(tmp_path / "study" / "1.dcm", HU)
    path = Path(shutil.make_archive(str(tmp_path / "study"), "zip", tmp_path / "study"))
    np.testing.assert_array_equal(read_volume(path).hu, HU)


def test_what_is_unpacked_is_this_users_alone_and_tells_no_names(packed, temporary):
    with opened_input(packed) as folder:
        assert folder.parent == temporary
        assert names(folder) == [f"{number:06d}.dcm" for number in range(1, len(HU) + 2)]  # one is the DICOMDIR
        assert folder.name.startswith(".thinslicesr-")
        if os.name != "nt":
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert names(temporary) == []


def test_a_run_that_is_ended_from_outside_can_remove_it(packed, temporary):
    with ExitStack() as undo, opened_input(packed, undo):
        undo.close()
        assert names(temporary) == []


@pytest.mark.skipif(os.name == "nt", reason="the signals of POSIX")
def test_what_a_killed_process_left_is_removed_by_the_next_one(packed, temporary):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", READER, str(packed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        folder = Path(process.stdout.readline().strip())
        process.send_signal(signal.SIGKILL)
    assert names(temporary) == [folder.name]
    read_volume(packed)
    assert names(temporary) == []


def test_names_that_point_elsewhere_lead_nowhere(packed, temporary, tmp_path):
    path = tmp_path / "slip.zip"
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(path, "w") as target:
        for number, name in enumerate(name for name in source.namelist() if name.endswith("1.dcm")):
            target.writestr(f"../../slipped{number}.dcm", source.read(name))
            target.writestr(f"/tmp/../slipped{number}.dcm", source.read(name))
    before = names(tmp_path)
    with opened_input(path) as folder:
        assert all(len(name) == len("000001.dcm") for name in names(folder))
    assert names(tmp_path) == before


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_one_that_was_cut_short_is_refused(kept, packed):
    content = packed.read_bytes()
    packed.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    assert refusal(packed).code == "truncated"


def test_a_flipped_byte_anywhere_gives_the_same_values_or_a_sentence(packed):
    content = packed.read_bytes()
    generator = np.random.default_rng(3)
    refused = 0
    for place in generator.integers(0, len(content), 60):
        damaged = bytearray(content)
        damaged[place] ^= int(generator.integers(1, 256))
        packed.write_bytes(damaged)
        try:
            hu = read_volume(packed).hu
        except UnusableInput:
            assert refusal(packed).exit_code == 2
            refused += 1
        else:
            np.testing.assert_array_equal(hu, HU)
    assert refused > 20


def rewritten_headers(path: Path, field: int, value: bytes) -> None:
    """Replaces a field in the local and the central header of every entry; field: its place in the local one."""
    content = bytearray(path.read_bytes())
    for signature, place in ((b"PK\x03\x04", field), (b"PK\x01\x02", field + 2)):
        start = content.find(signature)
        while start >= 0:
            content[start + place : start + place + len(value)] = value
            start = content.find(signature, start + 4)
    path.write_bytes(content)


def test_an_encrypted_one_is_refused(packed):
    rewritten_headers(packed, 6, b"\x01\x00")
    error = refusal(packed)
    assert error.code == "encrypted"
    assert "unpack it" in str(error)


@pytest.mark.parametrize("method", [9, 12, 14, 93])
def test_a_compression_other_than_the_usual_is_refused(method, packed):
    rewritten_headers(packed, 8, bytes([method, 0]))
    assert refusal(packed).code == "unknown_compression"


def test_one_without_dicom_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "letters.zip", "w") as archive:
        archive.writestr("letter.txt", "no image")
    assert refusal(tmp_path / "letters.zip").code == "no_series"


def test_one_of_other_zip_files_is_refused_with_advice(packed, tmp_path):
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(packed, "inner.zip")
    error = refusal(tmp_path / "outer.zip")
    assert error.code == "no_series"
    assert "other ZIP files" in str(error)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(zip_file, "ALWAYS_ALLOWED_BYTES", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.dcm", bytes(1 << 22))
    monkeypatch.setattr(zip_file.shutil, "copyfileobj", lambda *_: pytest.fail("It was unpacked."))
    assert refusal(tmp_path / "bomb.zip").code == "too_large"


def test_a_lack_of_room_is_told_before_it_is_unpacked(packed, temporary, monkeypatch):
    monkeypatch.setattr(zip_file.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(100, 90, 10))
    error = refusal(packed)
    assert error.code == "no_room"
    assert str(temporary) in str(error)


def test_a_disk_that_fills_up_meanwhile_is_told(packed, mounted, monkeypatch):
    disk = mounted("size=64k")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    monkeypatch.setattr(zip_file, "_require_room", lambda *_: None)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("noise.dcm", np.random.default_rng(1).bytes(1 << 17))
    assert refusal(packed).code == "no_room"


def test_another_failure_of_the_disk_is_told(packed, monkeypatch):
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(zip_file.shutil, "copyfileobj", fail)
    assert refusal(packed).code == "not_readable"


def test_a_missing_one_is_named(tmp_path):
    error = refusal(tmp_path / "nowhere.zip")
    assert error.code == "not_found"
    assert "nowhere.zip" in str(error)


def test_the_command_makes_dicom_series_from_it(tmp_path, temporary):
    write_hospital_series(tmp_path / "source")
    path = Path(shutil.make_archive(str(tmp_path / "source"), "zip", tmp_path / "source"))
    save_weights(tmp_path / "tiny.safetensors", untrained_network(TINY), "tiny", trained=False)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [
        sys.executable, "-m", "ThinSliceSRLib.engine", "synthesize", path, tmp_path / "dls.nrrd",
        "--dicom-out", tmp_path / "dicom", "--weights", tmp_path / "tiny.safetensors", "--progress", "bar",
    ]  # fmt: skip
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert 'DICOM series "Chest 5.0"' in done.stderr
    assert names(temporary) == []
    derived = pydicom.dcmread(tmp_path / "dicom" / "DLS" / "0001.dcm")
    assert derived.PatientName == IDENTITY["PatientName"]
    assert derived.StudyInstanceUID == IDENTITY["StudyInstanceUID"]
    sources = {str(pydicom.dcmread(file).SOPInstanceUID) for file in (tmp_path / "source").iterdir()}
    assert len(sources) == THICK_SLICES
    assert {str(item.ReferencedSOPInstanceUID) for item in derived.SourceImageSequence} <= sources
