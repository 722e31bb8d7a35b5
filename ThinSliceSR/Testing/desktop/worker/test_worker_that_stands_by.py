"""A process that stands by: taken by the next worker, and gone when nobody wants it any more."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
import qt
import slicer
from driving import add_thick_volume, choose, wait_for
from fast_worker import tell
from ThinSliceSRLib.desktop.panel import panel
from ThinSliceSRLib.desktop.setup.requirements import Missing
from ThinSliceSRLib.desktop.worker.engine_process import StandBy
from ThinSliceSRLib.desktop.worker.worker_process import Ending, Worker

pytestmark = pytest.mark.usefixtures("standing_by")


@pytest.fixture
def stand_by(application: object) -> Iterator[StandBy]:
    stand_by = StandBy()
    yield stand_by
    stand_by.close()


def own_processes(of: str = "ThinSliceSRLib.engine") -> list[psutil.Process]:
    """Those of the engine, or of another program, that were started to stand by and have not ended."""
    found = []
    for process in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            arguments = process.cmdline()
            if "--stand-by" in arguments and any(of in argument for argument in arguments):
                found.append(process)
    return found


def ready(stand_by: StandBy) -> psutil.Process:
    """The process that stands by, once it can be taken."""
    stand_by.prepare()
    wait_for(lambda: stand_by.ready)
    (process,) = own_processes()
    return process


def run(stand_by: StandBy, *arguments: str) -> tuple[Worker, list[Ending]]:
    endings: list[Ending] = []
    worker = Worker(arguments, on_ended=endings.append, stand_by=stand_by)
    worker.start()
    return worker, endings


def test_it_runs_the_next_verb_and_only_that(stand_by: StandBy):
    process = ready(stand_by)
    worker, endings = run(stand_by, "weights", "list", "--json")
    assert worker.process_id == process.pid
    assert not stand_by.tried
    wait_for(lambda: endings)
    assert (endings[0].exit_code, "cthnet-small" in endings[0].output) == (0, True)
    second, more = run(stand_by, "weights", "list", "--json")
    assert second.process_id != process.pid
    wait_for(lambda: more)
    assert more[0].output == endings[0].output


def test_it_is_prepared_once(stand_by: StandBy):
    process = ready(stand_by)
    stand_by.prepare()
    taken = stand_by.take(["weights", "list"])
    assert taken.processId() == process.pid
    assert not stand_by.tried
    wait_for(lambda: taken.state() == qt.QProcess.NotRunning)  # as Qt wants it before it may go


def test_what_it_refuses_is_told_as_by_any_worker(stand_by: StandBy):
    ready(stand_by)
    _worker, endings = run(stand_by, "check", "not there.nrrd")
    wait_for(lambda: endings)
    assert endings[0].exit_code == 2
    assert endings[0].sentence.startswith("The volume is not fit")


def test_one_that_died_is_replaced_by_an_ordinary_process(stand_by: StandBy):
    process = ready(stand_by)
    process.kill()
    wait_for(lambda: not stand_by.ready)
    _worker, endings = run(stand_by, "weights", "list", "--json")
    wait_for(lambda: endings)
    assert endings[0].exit_code == 0
    assert stand_by.tried  # it is not again


def test_without_a_python_to_run_it_there_is_none(stand_by: StandBy, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    stand_by.prepare()
    for _turn in range(10):
        slicer.app.processEvents()
    assert (stand_by.tried, stand_by.ready, stand_by.take([])) == (True, False, None)


def test_one_that_knows_a_former_environment_is_not_taken(stand_by: StandBy, monkeypatch: pytest.MonkeyPatch):
    ready(stand_by)
    monkeypatch.setenv("THINSLICESR_WEIGHTS", "elsewhere")
    assert stand_by.take([]) is None
    wait_for(lambda: own_processes() == [])


def test_a_run_that_is_cancelled_while_it_still_loads_is_gone_soon(stand_by: StandBy):
    process = ready(stand_by)
    worker, endings = run(stand_by, "weights", "list")
    worker.cancel()
    wait_for(lambda: endings)
    assert endings[0].done or endings[0].cancelled
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_it_ends_when_it_is_dismissed_and_can_be_prepared_again(stand_by: StandBy):
    process = ready(stand_by)
    stand_by.dismiss()
    wait_for(lambda: not own_processes())
    assert ready(stand_by).pid != process.pid


def test_when_slicer_quits_it_is_gone(stand_by: StandBy):
    ready(stand_by)
    stand_by.close()
    assert own_processes() == []


@pytest.mark.skipif(os.name == "nt", reason="a launcher as a shell script")
def test_when_slicer_quits_what_its_launcher_started_is_gone_too(
    stand_by: StandBy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    launcher = tmp_path / "launcher.sh"
    launcher.write_text("#!/bin/sh\nsleep 1000 &\nwait\n")  # what does not hear that its input has ended
    launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(sys, "executable", str(launcher))
    stand_by.prepare()
    wait_for(lambda: stand_by.ready)
    (process,) = [child for child in psutil.Process().children() if str(launcher) in child.cmdline()]
    wait_for(lambda: process.children())
    (child,) = process.children()
    stand_by.close()
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert not process.is_running()


def run_can_be_asked_for(module: Any, worker_folder: Path) -> psutil.Process:
    """The process that stands by because the panel has an input; runs hold once they have begun."""
    tell(worker_folder, "hold")
    assert own_processes("fast_worker") == []
    choose(module.ui.inputSelector, add_thick_volume())
    wait_for(lambda: module.logic.session.stand_by.ready and own_processes("fast_worker"))
    (process,) = own_processes("fast_worker")
    return process


def test_the_panels_next_run_is_done_by_it_and_then_another_one_stands_by(module: Any, worker_folder: Path):
    process = run_can_be_asked_for(module, worker_folder)
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.progressBar.value > 0)
    assert own_processes("fast_worker") == [process]
    tell(worker_folder, "finish")
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert "Done" in module.ui.statusLabel.text
    wait_for(lambda: own_processes("fast_worker") not in ([], [process]))


def test_it_ends_when_the_user_goes_to_another_module_and_is_there_again_on_return(module: Any, worker_folder: Path):
    run_can_be_asked_for(module, worker_folder)
    module.exit()
    wait_for(lambda: own_processes("fast_worker") == [])
    module.enter()
    wait_for(lambda: own_processes("fast_worker"))


def test_none_stands_by_where_something_is_missing(module: Any, worker_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(panel, "missing_requirements", lambda: Missing(torch=True))
    choose(module.ui.inputSelector, add_thick_volume())
    wait_for(lambda: module.ui.applyButton.enabled)
    assert not module.logic.session.stand_by.tried


def test_none_stands_by_while_something_is_being_installed(
    module: Any, worker_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    import slicer.packaging

    monkeypatch.setattr(slicer.packaging, "isPipInstallInProgress", lambda: True)
    choose(module.ui.inputSelector, add_thick_volume())
    wait_for(lambda: module.ui.applyButton.enabled)
    assert not module.logic.session.stand_by.tried


def test_closing_the_panel_ends_it(module: Any, worker_folder: Path):
    run_can_be_asked_for(module, worker_folder)
    module.cleanup()
    assert own_processes("fast_worker") == []


def test_a_widget_that_is_left_after_its_end_does_nothing(module: Any):
    module.cleanup()
    module.exit()
    assert not module.logic.session.stand_by.tried
