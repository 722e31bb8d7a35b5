"""Runs that do not reach their end: cancelled, killed, without their volumes, scene or folder; they leave nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from driving import add_thick_volume, wait_for
from running import Listening, run_to_the_end, start_long_run

pytestmark = pytest.mark.usefixtures("application", "scene")


def test_cancel_leaves_the_scene_as_it_was(session: object, scene: object):
    run, told = start_long_run(session)
    nodes = scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    run.cancel()
    wait_for(lambda: told.outcomes, 2)
    assert told.outcomes[0].cancelled
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == nodes - 2


def test_the_workers_files_are_emptied_bit_by_bit(
    session: object, worker_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    """Gigabytes at once would keep Slicer from all else."""
    import qt
    from ThinSliceSRLib.desktop.worker import private_folder
    from ThinSliceSRLib.desktop.worker.request import Request

    monkeypatch.setattr(private_folder, "FREED_BYTES", 10_000)
    told, sizes = Listening(), []

    def look() -> None:
        file = run._folder / "dls.nrrd"
        sizes.append(file.stat().st_size if file.exists() else None)

    beside = qt.QTimer()
    beside.timeout.connect(look)
    run = session.start(Request(add_thick_volume(slices=6)), **told.listeners)
    beside.start(0)
    wait_for(lambda: told.outcomes and not run._folder.exists())
    beside.stop()
    assert told.outcomes[0].done
    emptying = list(dict.fromkeys(size for size in sizes if size is not None))
    whole = emptying.index(max(emptying))
    assert len(emptying[whole:]) > 3
    assert emptying[whole:] == sorted(emptying[whole:], reverse=True)


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_worker_is_told_once_and_leaves_nothing(session: object, scene: object):
    run, told = start_long_run(session)
    os.kill(run.process_id, signal.SIGKILL)
    wait_for(lambda: told.outcomes)
    assert (told.outcomes[0].done, told.outcomes[0].cancelled) == (False, False)
    assert "unexpectedly" in told.outcomes[0].sentence
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1


@pytest.mark.parametrize("removed", ["input", "result"])
def test_removing_a_volume_ends_its_run_with_a_sentence(session: object, scene: object, removed: str):
    run, told = start_long_run(session)
    scene.RemoveNode(run.request.source if removed == "input" else run.results.dls)
    wait_for(lambda: told.outcomes, 3)
    assert f"{removed} was removed" in told.outcomes[0].sentence
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == (0 if removed == "input" else 1)


def test_a_result_that_is_removed_before_its_worker_begins_is_removed_once(session: object, scene: object):
    import vtk
    from ThinSliceSRLib.desktop.worker.request import Request

    removed = []

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def count(_scene: object, _event: str, node: object) -> None:
        removed.append(node.GetID())

    told = Listening()
    run = session.start(Request(add_thick_volume()), **told.listeners)
    observation = scene.AddObserver(scene.NodeRemovedEvent, count)
    scene.RemoveNode(run.results.dls)
    wait_for(lambda: told.outcomes, 3)
    scene.RemoveObserver(observation)
    assert "result was removed" in told.outcomes[0].sentence
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 1
    assert len(removed) == len(set(removed))


def test_closing_the_scene_ends_the_run_at_once_and_without_a_word(
    session: object, scene: object, monkeypatch: pytest.MonkeyPatch
):
    import psutil

    run, told = start_long_run(session)
    process = psutil.Process(run.process_id)
    with monkeypatch.context() as patch:
        patch.setattr(run._worker, "abandon", lambda: pytest.fail("Slicer waits for the worker"))
        scene.Clear(False)
    assert told.outcomes == []
    assert not session.running
    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 5)
    wait_for(lambda: not run._folder.exists())
    assert told.outcomes == []
    assert not session.running
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_a_run_whose_temporary_folder_is_gone_does_not_begin_and_leaves_the_scene_as_it_was(
    session: object, scene: object, temporary_folder: Path
):
    from ThinSliceSRLib.desktop.worker.request import Request
    from ThinSliceSRLib.engine.errors import CannotWrite

    run_to_the_end(session, Request(add_thick_volume(slices=2), device="cpu"))
    thick = add_thick_volume("Other")
    before = scene.GetNumberOfNodes()
    wait_for(lambda: not list(temporary_folder.glob("*/*")))
    for folder in temporary_folder.iterdir():  # as a program that tidies up does
        folder.rmdir()
    with pytest.raises(CannotWrite, match="No temporary folder can be made"):
        session.start(Request(thick), **Listening().listeners)
    assert not session.running
    assert scene.GetNumberOfNodes() == before


def test_a_session_that_ends_right_after_its_scene_leaves_no_process(session: object, scene: object):
    import psutil

    run, _told = start_long_run(session)
    process = psutil.Process(run.process_id)
    scene.Clear(False)
    session.close()
    assert not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    assert not run._folder.exists()
