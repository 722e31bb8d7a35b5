"""What the desktop's tests share: a clean scene of slicer-core's real MRML, and an offscreen Qt application."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture
def scene() -> Iterator[object]:
    """The application's scene (`slicer.mrmlScene`), empty before and after the test."""
    import slicer

    slicer.mrmlScene.Clear(True)
    yield slicer.mrmlScene
    if hasattr(slicer.modules, "ThinSliceSRInstance"):  # the test has opened the module
        slicer.modules.ThinSliceSRInstance.stopLabels()
    slicer.mrmlScene.Clear(True)


@pytest.fixture(scope="session")
def application() -> object:
    """The one Qt application of the test process, which draws into memory."""
    import qt

    return qt.QApplication.instance() or qt.QApplication([])


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """A stand-in of Slicer's DICOM database, without anything in it."""
    import slicer
    from slicer.dicom import Database

    database = Database(tmp_path / "database")
    monkeypatch.setattr(slicer, "dicomDatabase", database, raising=False)
    return database


@pytest.fixture
def thick_from_dicom(scene: object, database: object, tmp_path: Path) -> object:
    """A thick volume of the scene that was loaded from the database."""
    from hospital import load_into_scene, write_thick_series

    write_thick_series(tmp_path / "files")
    return load_into_scene(database, tmp_path / "files")
