"""All outputs or none: interrupted, killed, discarded, or on a disk that is full or loses what it was given."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from ThinSliceSRLib.engine.errors import Cancelled, CannotWrite
from ThinSliceSRLib.engine.files import writing
from ThinSliceSRLib.engine.files.reading import read_volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs, check_targets
from ThinSliceSRLib.engine.outputs.left_overs import remove_left_overs
from ThinSliceSRLib.engine.outputs.unfinished import unfinished_name
from ThinSliceSRLib.engine.volumes.volume import Volume

SUFFIXES = [".nrrd", ".mha", ".nii", ".nii.gz"]
POSIX_ONLY = pytest.mark.skipif(os.name == "nt", reason="the limits and signals of POSIX")

# A process that writes `noise` (incompressible, about 2.4 MB) to the paths it is given, then does `afterwards`.
WRITER = """
import signal, sys, time
from pathlib import Path
import numpy as np
from ThinSliceSRLib.engine.errors import ThinSliceError
from ThinSliceSRLib.engine.volumes.volume import Volume
from ThinSliceSRLib.engine.files.writing import PendingOutputs
{before}
noise = np.random.default_rng(1).integers(-1000, 1000, (30, 200, 200)).astype(np.int16)
try:
    with PendingOutputs() as outputs:
        for path in sys.argv[1:]:
            outputs.write(Volume(noise, (0.7, 0.7, 5.0)), Path(path))
        {afterwards}
except ThinSliceError as error:
    print(error.code, error)
"""


@pytest.fixture(scope="session")
def noise() -> Volume:
    """A volume of about 2.4 MB that cannot be compressed to less than 1 MB."""
    hu = np.random.default_rng(1).integers(-1000, 1000, (30, 200, 200)).astype(np.int16)
    return Volume(hu, (0.7, 0.7, 5.0))


def write_all(
    volume: Volume, *targets: Path, overwrite: bool = False, then: Callable[[], object] | None = None
) -> None:
    """Writes `volume` to every target as one set of outputs; `then` runs before they get their names."""
    with PendingOutputs(overwrite) as outputs:
        for target in targets:
            outputs.write(volume, target)
        if then is not None:
            then()


def writer(before: str, afterwards: str, *paths: Path) -> subprocess.Popen:
    program = WRITER.format(before=before, afterwards=afterwards)
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, paths)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_outputs_appear_together_at_the_end(thick_volume, tmp_path):
    targets = [tmp_path / "dls.nrrd", tmp_path / "bis.nii.gz"]
    with PendingOutputs() as outputs:
        for target in targets:
            outputs.write(thick_volume, target)
            assert not any(target.exists() for target in targets)
        temporary = list(tmp_path.iterdir())
        assert len(temporary) == 2
        for path in temporary:
            assert path.name.startswith(".thinslicesr-")
            assert "dls" not in path.name
            assert "bis" not in path.name
    assert sorted(tmp_path.iterdir()) == sorted(targets)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, Cancelled, ValueError])
def test_nothing_is_left_after_an_exception(failure, thick_volume, tmp_path):
    (tmp_path / "bis.nrrd").write_text("an older result")

    def fail() -> None:
        raise failure

    with pytest.raises(failure):
        write_all(thick_volume, tmp_path / "dls.nrrd", tmp_path / "bis.nrrd", overwrite=True, then=fail)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["an older result"]


def test_outputs_discarded_by_a_signal_handler_are_not_committed(thick_volume, tmp_path):
    outputs = PendingOutputs()
    outputs.write(thick_volume, tmp_path / "dls.nrrd")
    outputs.discard()
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Cancelled):
        outputs.__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == []


def test_an_existing_output_is_replaced_only_where_that_is_allowed(thick_volume, tmp_path):
    target = tmp_path / "dls.nrrd"
    target.write_text("an older result")
    with pytest.raises(CannotWrite) as caught:
        write_all(thick_volume, target)
    assert caught.value.code == "target_exists"
    assert target.read_text() == "an older result"
    write_all(thick_volume, target, overwrite=True)
    assert read_volume(target).size == thick_volume.size


def test_an_output_that_appeared_meanwhile_is_not_replaced(thick_volume, tmp_path):
    target = tmp_path / "dls.nrrd"
    with pytest.raises(CannotWrite) as caught:
        write_all(thick_volume, target, then=lambda: target.write_text("of another run"))
    assert caught.value.code == "target_exists"
    assert [path.read_text() for path in tmp_path.iterdir()] == ["of another run"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_full_disk_is_told_and_leaves_nothing(suffix, noise, mounted, capfd):
    folder = mounted("size=1m")
    with pytest.raises(CannotWrite, match="no room") as caught:
        write_all(noise, folder / f"large{suffix}")
    assert caught.value.code == "no_room"
    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_the_outputs_written_before_the_disk_was_full_are_removed_too(noise, thick_volume, mounted):
    folder = mounted("size=1m")
    outputs = PendingOutputs()
    outputs.write(thick_volume, folder / "small.nrrd")
    with pytest.raises(CannotWrite), outputs:
        outputs.write(noise, folder / "large.nrrd")
    assert list(folder.iterdir()) == []


@POSIX_ONLY
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_cannot_grow_is_told_and_leaves_nothing(suffix, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10**6, 10**6))"
    output, errors = writer(limit, "", tmp_path / f"large{suffix}").communicate()
    assert output.startswith("cannot_write The output could not be written whole")
    assert output.count("\n") == 1
    assert errors == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_output_that_the_disk_lost_half_of_is_noticed(suffix, thick_volume, tmp_path, monkeypatch):
    write, write_nrrd = sitk.WriteImage, writing.write_nrrd

    def write_half(image: sitk.Image, name: str, **options) -> None:
        write(image, name, **options)
        os.truncate(name, os.path.getsize(name) // 2)

    def write_half_nrrd(volume: Volume, path: Path, *rest, **options) -> None:
        write_nrrd(volume, path, *rest, **options)
        os.truncate(path, path.stat().st_size // 2)

    monkeypatch.setattr(writing.sitk, "WriteImage", write_half)
    monkeypatch.setattr(writing, "write_nrrd", write_half_nrrd)
    with pytest.raises(CannotWrite):
        write_all(thick_volume, tmp_path / f"v{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
def test_an_output_with_a_wrong_value_is_noticed(suffix, thick_volume, tmp_path, monkeypatch):
    write, write_nrrd = sitk.WriteImage, writing.write_nrrd

    def write_others_in_nrrd(volume: Volume, *rest, **options) -> None:
        write_nrrd(replace(volume, hu=volume.hu + 1), *rest, **options)

    monkeypatch.setattr(writing.sitk, "WriteImage", lambda image, *rest, **options: write(image + 1, *rest, **options))
    monkeypatch.setattr(writing, "write_nrrd", write_others_in_nrrd)
    with pytest.raises(CannotWrite):
        write_all(thick_volume, tmp_path / f"v{suffix}")
    assert list(tmp_path.iterdir()) == []


@POSIX_ONLY
def test_a_killed_run_leaves_no_output_and_the_next_run_tidies_up(tmp_path):
    targets = [tmp_path / "dls.nrrd", tmp_path / "bis.nrrd"]
    process = writer("", "print('written', flush=True); time.sleep(3600)", *targets)
    assert process.stdout.readline() == "written\n"
    left = sorted(tmp_path.iterdir())
    assert len(left) == 2
    check_targets(targets)
    assert sorted(tmp_path.iterdir()) == left  # it still runs
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert sorted(tmp_path.iterdir()) == left
    check_targets(targets)
    assert list(tmp_path.iterdir()) == []


@POSIX_ONLY
def test_an_interrupt_does_not_wait_for_the_writing(thick_volume, tmp_path, monkeypatch):
    finished = threading.Event()

    def write_for_long(image: sitk.Image, name: str, **options) -> None:
        Path(name).touch()
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        for _ in range(100):  # 10 s, deaf to signals as ITK is
            with contextlib.suppress(KeyboardInterrupt):
                finished.wait(0.1)

    monkeypatch.setattr(writing.sitk, "WriteImage", write_for_long)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_all(thick_volume, tmp_path / "dls.mha")
        assert list(tmp_path.iterdir()) == []
    finally:
        finished.set()


@POSIX_ONLY
def test_an_interrupted_run_leaves_nothing(tmp_path):
    process = writer("", "print('written', flush=True); time.sleep(3600)", tmp_path / "dls.nrrd")
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGINT)
    process.communicate()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has files without a name")
def test_a_process_that_ends_while_it_asks_for_a_place_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "unlink", lambda path, **_: pytest.fail("it has a name until then"))
    check_targets([tmp_path / "dls.nrrd"])
    assert list(tmp_path.iterdir()) == []


def test_unfinished_files_of_other_machines_and_other_files_are_left_alone(tmp_path):
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    own = unfinished_name(".nrrd")
    dead = own.replace(f"-{os.getpid()}-", f"-{int(gone.stdout)}-")
    _, host, _, number = dead.rsplit("-", 3)
    elsewhere = f".thinslicesr-{'0' * len(host)}-{int(gone.stdout)}-{number}"
    names = [own, dead, elsewhere, "scan.nrrd", ".thinslicesr-notes.txt"]
    for name in names:
        (tmp_path / name).touch()
    assert remove_left_overs(tmp_path) == [tmp_path / dead]
    assert {path.name for path in tmp_path.iterdir()} == {*names} - {dead}


def test_what_other_machines_left_is_removed_when_it_has_not_changed_for_long(tmp_path):
    old, new = (tmp_path / f".thinslicesr-{'0' * 8}-{pid}-abcd0123.part" for pid in (1, 2))
    for folder in (old, new):
        folder.mkdir()
    os.utime(old, (time.time() - 100,) * 2)
    assert remove_left_overs(tmp_path, of_others_after_s=50) == [old]
    assert list(tmp_path.iterdir()) == [new]
