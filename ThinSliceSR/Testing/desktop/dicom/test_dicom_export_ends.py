"""Exports that are cancelled, killed or abandoned, and those that the database or Slicer lets down."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import weakref
from pathlib import Path
from typing import Any

import pytest
import qt
from driving import wait_for
from hospital import (
    Told,
    export,
    new_series,
    results_of_run,
)
from slicer.dicom import Database
from ThinSliceSRLib.desktop.dicom.dicom_export import ExportRequest
from ThinSliceSRLib.desktop.run.session import Session

pytestmark = pytest.mark.usefixtures("application")


def start_and_wait_for_slices(session: Session, request: ExportRequest) -> tuple[Any, Told]:
    told = Told()
    work = session.start_export(request, on_progress=told.progress.append, on_ended=told.outcomes.append)
    wait_for(lambda: any(progress.share for progress in told.progress))
    return work, told


def test_a_cancelled_export_leaves_nothing(thick_from_dicom: Any, database: Database, session: Session, tmp_path: Path):
    results = results_of_run(thick_from_dicom)
    (tmp_path / "chosen").mkdir()
    _work, told = start_and_wait_for_slices(session, ExportRequest((results.dls, results.bis), tmp_path / "chosen"))
    session.cancel()
    wait_for(lambda: told.outcomes, 5)
    assert told.outcomes[0].cancelled
    assert list((tmp_path / "chosen").iterdir()) == []
    assert not session.running


@pytest.mark.skipif(os.name == "nt", reason="no such signal")
def test_a_killed_worker_is_told_and_nothing_reaches_the_database(
    thick_from_dicom: Any, database: Database, session: Session
):
    results = results_of_run(thick_from_dicom)
    work, told = start_and_wait_for_slices(session, ExportRequest((results.dls, results.bis)))
    os.kill(work._worker.process_id, signal.SIGKILL)
    wait_for(lambda: told.outcomes)
    assert "ended unexpectedly" in told.outcomes[0].sentence
    assert new_series(database) == []


def test_a_database_that_takes_nothing_in_is_told(
    thick_from_dicom: Any, database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
):
    results = results_of_run(thick_from_dicom)
    monkeypatch.setattr(database, "insert", lambda path: None)
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert not outcome.done
    assert "did not take in the series" in outcome.sentence


def test_what_goes_wrong_in_slicer_ends_the_export(
    thick_from_dicom: Any, database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
):
    results = results_of_run(thick_from_dicom)
    monkeypatch.delattr(Database, "databaseChanged")
    outcome, _told = export(session, ExportRequest((results.dls,)))
    assert not outcome.done
    assert "unexpected" in outcome.sentence
    assert not session.running


def test_an_export_that_is_cancelled_at_once_never_begins(thick_from_dicom: Any, database: Database, session: Session):
    results = results_of_run(thick_from_dicom)
    told = Told()
    session.start_export(ExportRequest((results.dls,)), on_progress=told.progress.append, on_ended=told.outcomes.append)
    session.cancel()
    assert told.outcomes[0].cancelled
    assert told.progress == []


def without_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a disk that has none."""

    def refuse(file: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    monkeypatch.setattr(os, "link", refuse)


def test_files_that_can_only_be_copied_are_copied_while_slicer_answers(
    thick_from_dicom: Any, database: Database, session: Session, monkeypatch: pytest.MonkeyPatch
):
    without_links(monkeypatch)
    results = results_of_run(thick_from_dicom)
    told, counts = Told(), set()
    work = session.start_export(
        ExportRequest((results.dls,)), on_progress=told.progress.append, on_ended=told.outcomes.append
    )
    beside = qt.QTimer()
    beside.timeout.connect(lambda: counts.add(len(list(work._folder.glob("source/*.dcm")))))
    beside.start(0)
    wait_for(lambda: told.outcomes)
    beside.stop()
    assert told.outcomes[0].done
    assert len(counts - {0}) > 2


def test_files_that_cannot_be_copied_are_told_and_nothing_is_left(
    thick_from_dicom: Any, session: Session, monkeypatch: pytest.MonkeyPatch
):
    without_links(monkeypatch)
    copied: list[Path] = []

    def fail(file: Path, target: Path) -> None:
        copied.append(target)
        if len(copied) == 2:
            raise OSError(28, "No space left on device")
        target.write_bytes(b"")

    monkeypatch.setattr(shutil, "copyfile", fail)
    outcome, _told = export(session, ExportRequest((results_of_run(thick_from_dicom).dls,)))
    assert not outcome.done
    assert "cannot be read or copied (No space left on device)" in outcome.sentence
    wait_for(lambda: not copied[0].parent.parent.exists())  # it is removed piece by piece


def test_an_export_that_is_cancelled_too_late_is_kept_and_said_to_be(
    thick_from_dicom: Any, database: Database, session: Session
):
    results = results_of_run(thick_from_dicom)
    told = Told()

    def cancel_when_written(progress: Any) -> None:
        if progress.stage == "import":
            session.cancel()

    session.start_export(ExportRequest((results.dls,)), on_progress=cancel_when_written, on_ended=told.outcomes.append)
    wait_for(lambda: told.outcomes, 60)
    assert told.outcomes[0].done
    assert len(new_series(database)) == 1


def test_an_export_can_be_abandoned(thick_from_dicom: Any, session: Session):
    results = results_of_run(thick_from_dicom)
    _work, told = start_and_wait_for_slices(session, ExportRequest((results.dls, results.bis)))
    session.close()
    assert told.outcomes == []
    assert not session.running


def test_nothing_keeps_an_export_with_its_volumes_once_it_has_ended(
    thick_from_dicom: Any, database: Database, session: Session
):
    told = Told()
    request = ExportRequest((results_of_run(thick_from_dicom).bis,))
    listeners = {"on_progress": told.progress.append, "on_ended": told.outcomes.append}
    kept = weakref.ref(session.start_export(request, **listeners))
    wait_for(lambda: told.outcomes)
    assert told.outcomes[0].done
    wait_for(lambda: gc.collect() >= 0 and kept() is None)
