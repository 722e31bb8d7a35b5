"""The worker: real processes of the engine's command line, really cancelled and really killed."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import qt
import SimpleITK as sitk
import slicer
from driving import wait_for
from ThinSliceSRLib.desktop.worker import private_folder
from ThinSliceSRLib.desktop.worker.event_lines import EventLines
from ThinSliceSRLib.desktop.worker.private_folder import PrivateFolder, removal_in_pieces
from ThinSliceSRLib.desktop.worker.worker_process import Ending, Worker
from ThinSliceSRLib.engine.busy_machine import NICENESS
from ThinSliceSRLib.engine.events.told import Event, Failed, Finished, Noted, Started


@pytest.fixture
def thick_file(tmp_path: Path) -> Path:
    """A volume that takes minutes."""
    hu = np.random.default_rng(0).choice(np.array([-1000, -850, 40, 60], np.int16), (40, 256, 256))
    image = sitk.GetImageFromArray(hu)
    image.SetSpacing((0.7, 0.7, 5.0))
    sitk.WriteImage(image, str(tmp_path / "thick.nrrd"))
    return tmp_path / "thick.nrrd"


class Told:
    """What a worker told, and the worker, which must be held while it runs."""

    def __init__(self) -> None:
        self.worker: Worker | None = None
        self.events: list[Event] = []
        self.endings: list[Ending] = []


def is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def start(told: Told, *arguments: str | Path, events: bool = True) -> Worker:
    on_event = told.events.append if events else None
    told.worker = Worker([str(a) for a in arguments], on_event=on_event, on_ended=told.endings.append)
    told.worker.start()
    return told.worker


def start_computing(told: Told, thick_file: Path) -> Worker:
    """A worker in the middle of its synthesis."""
    output = thick_file.with_name("dls.nrrd")
    worker = start(told, "synthesize", thick_file, output, "--progress", "json", "--device", "cpu")
    wait_for(lambda: told.endings or any(getattr(event, "stage", "") == "synthesize" for event in told.events))
    assert not told.endings
    return worker


class TellsAtOnce:
    """Stands by with a program that, once it is listened to, tells a note and its failure in one piece."""

    EVENTS = (
        '{"event": "note", "code": "b", "message": "c"}\\n'
        '{"event": "failed", "code": "not_found", "message": "There is none."}\\n'
    )

    def take(self, _: list[str]) -> qt.QProcess:
        process = qt.QProcess()
        process.start(sys.executable, ["-c", f"import sys; input(); sys.stdout.write('{self.EVENTS}'); sys.exit(2)"])
        process.waitForStarted()
        return process


def test_a_listener_that_fails_hears_of_all_that_follows_and_of_the_end(application: object):
    events: list[Event] = []
    endings: list[Ending] = []

    def fail(event: Event) -> None:
        events.append(event)
        raise RuntimeError("the window of this listener is gone")

    worker = Worker(["synthesize"], on_event=fail, on_ended=endings.append, stand_by=TellsAtOnce())
    worker.start()
    wait_for(lambda: endings)
    assert [type(event) for event in events] == [Noted, Failed]
    assert endings[0].code == "not_found"


def test_events_are_cut_from_pieces_of_any_length():
    lines = EventLines()
    stream = (
        b'{"event": "started"}\nnoise\n\n{"event": "of_later"}\n'
        b'{"event": "note", "code": "b", "message": "\xc3\xa9", "of_later": 1}\n{"event": "finished"}'
    )
    events = [event for at in range(0, len(stream), 3) for event in lines.feed(stream[at : at + 3])]
    assert events == [Started(), Noted("b", "é")]
    assert lines.other_lines == ["noise"]
    assert lines.feed(b"\n") == [Finished()]


def test_a_verb_without_events_hands_over_what_it_prints(application: object):
    told = Told()
    start(told, "weights", "list", "--json", events=False)
    wait_for(lambda: told.endings)
    assert told.endings[0].done
    assert "cthnet-small" in [model["name"] for model in json.loads(told.endings[0].output)["weights"]]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has priority classes instead")
def test_the_process_gives_way_to_slicer(application: object, thick_file: Path):
    worker = start_computing(told := Told(), thick_file)
    process = psutil.Process(worker.process_id)
    assert process.nice() == min(os.getpriority(os.PRIO_PROCESS, 0) + NICENESS, 19)
    worker.cancel()
    wait_for(lambda: told.endings)


def test_a_failure_is_told_in_the_engines_sentence_with_its_exit_code(application: object, tmp_path: Path):
    told = Told()
    start(told, "synthesize", tmp_path / "nothing.nrrd", tmp_path / "dls.nrrd", "--progress", "json")
    wait_for(lambda: told.endings)
    ending = told.endings[0]
    assert ending.exit_code == 2
    assert "nothing.nrrd" in ending.sentence
    assert ending.code == told.events[-1].code
    assert ending.log.startswith(ending.sentence)


def test_cancel_ends_the_whole_process_tree_within_two_seconds(application: object, thick_file: Path):
    told = Told()
    worker = start_computing(told, thick_file)
    family = [psutil.Process(worker.process_id), *psutil.Process(worker.process_id).children(recursive=True)]
    began = time.process_time()  # as in wait_for
    worker.cancel()
    wait_for(lambda: told.endings)
    assert time.process_time() - began < 2
    assert told.endings == [Ending(130, "cancelled", "", "", told.endings[0].log)]
    assert all(is_gone(member) for member in family)
    assert [path.name for path in thick_file.parent.iterdir()] == ["thick.nrrd"]


@pytest.mark.skipif(os.name == "nt", reason="a launcher as a shell script")
def test_a_launcher_that_hands_on_nothing_is_ended_with_its_child(
    application: object, thick_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    launcher = tmp_path / "launcher.sh"
    launcher.write_text(f'#!/bin/sh\ntrap "" TERM\n"{sys.executable}" "$@" < /dev/null\n')
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(launcher))
    told = Told()
    worker = start_computing(told, thick_file)
    child = psutil.Process(worker.process_id).children(recursive=True)[0]
    began = time.process_time()  # as in wait_for
    worker.cancel()
    wait_for(lambda: told.endings)
    wait_for(lambda: is_gone(child), 1)  # it was killed, but by nobody waited for
    assert time.process_time() - began < 2
    assert told.endings[0].cancelled


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_worker_is_told_as_a_crash_in_one_sentence(application: object, thick_file: Path):
    told = Told()
    worker = start_computing(told, thick_file)
    os.kill(worker.process_id, signal.SIGKILL)
    wait_for(lambda: told.endings)
    assert told.endings[0].code == "crashed"
    assert told.endings[0].exit_code is None
    assert told.endings[0].sentence.count(".") == 1


def test_an_abandoned_worker_is_gone_and_says_no_more(application: object, thick_file: Path):
    told = Told()
    worker = start_computing(told, thick_file)
    process = psutil.Process(worker.process_id)
    worker.abandon()
    assert is_gone(process)
    assert told.endings == []


def test_a_python_that_is_not_there_is_told(application: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    told = Told()
    start(told, "devices", events=False)
    wait_for(lambda: told.endings)
    assert told.endings[0].code == "not_started"


def test_the_private_folder_is_the_users_alone_and_goes_with_all_it_holds(tmp_path: Path):
    folder = PrivateFolder(tmp_path)
    (folder.new_folder() / "thick.nrrd").write_bytes(b"x")
    assert os.name == "nt" or stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.remove()
    assert list(tmp_path.iterdir()) == []


def test_a_runs_folder_is_removed_bit_by_bit_but_what_has_another_name_elsewhere_keeps_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(private_folder, "FREED_BYTES", 10)
    theirs, run = tmp_path / "theirs.dcm", tmp_path / "run"
    (run / "source").mkdir(parents=True)
    theirs.write_bytes(bytes(range(100)))
    if os.name != "nt":  # where not everybody may
        (run / "source" / "symlink.dcm").symlink_to(theirs)
    (run / "source" / "link.dcm").hardlink_to(theirs)
    (run / "dls.nrrd").write_bytes(bytes(95))
    sizes = [(run / "dls.nrrd").stat().st_size for _piece in removal_in_pieces(run) if (run / "dls.nrrd").exists()]
    assert sizes == [85, 75, 65, 55, 45, 35, 25, 15, 5]
    assert not run.exists()
    assert theirs.read_bytes() == bytes(range(100))


def test_a_folder_that_goes_while_one_of_its_runs_is_removed_goes_whole(
    application: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(private_folder, "FREED_BYTES", 10)
    folder, truncate, sizes = PrivateFolder(tmp_path), os.truncate, []
    file = folder.new_folder() / "dls.nrrd"
    file.write_bytes(bytes(95))

    def note(path: Path, size: int) -> None:
        truncate(path, size)
        sizes.append(size)
        if len(sizes) == 2:  # Slicer quits
            folder.remove()

    monkeypatch.setattr(os, "truncate", note)
    folder.remove_later(file.parent)
    wait_for(lambda: len(sizes) == 2)
    slicer.app.processEvents()
    assert sizes == [85, 75]
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_session_that_died_goes_when_the_next_begins(tmp_path: Path):
    dead = PrivateFolder(tmp_path)
    abandoned = dead.path.with_name(dead.path.name.replace(f"-{os.getpid()}-", "-999999999-"))
    dead.path.rename(abandoned)
    (abandoned / "thick.nrrd").write_bytes(b"x")
    living = PrivateFolder(tmp_path)
    assert list(tmp_path.iterdir()) == [living.path]
    assert PrivateFolder(tmp_path).path.exists()
    assert living.path.exists()
