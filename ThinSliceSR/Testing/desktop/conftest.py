"""What the desktop's tests share: a clean scene of slicer-core's real MRML, and an offscreen Qt application."""

from __future__ import annotations

import ctypes
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

GARBAGE = 20_000  # new objects after which it is looked for what can go
# For each panel that is used PySide gives back some twenty references to True that it never took. Before Python 3.12
# the process ends when none is left, wherever it is then, so it has these to spare, for ever.
SPARE_REFERENCES = 100_000
for value in (True, False):
    for _ in range(SPARE_REFERENCES):
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


@pytest.fixture(autouse=True)
def garbage_collected_in_this_thread() -> Iterator[None]:
    """Collects garbage between tests instead of anywhere in them.

    Slicer's Python has one thread. pytest-xdist has another, in which Python may collect too, and a timer or a process
    of Qt's that ends in a thread that is not its own takes the test process with it.
    """
    gc.disable()
    yield
    if gc.get_count()[0] > GARBAGE:
        gc.collect()


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
def temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The application's folder for temporary files, empty."""
    import slicer

    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(slicer.app, "temporaryPath", str(folder))
    return folder


@pytest.fixture
def session(temporary_folder: Path) -> Iterator[object]:
    """A session; at its end, none of its temporary files may stay there."""
    from driving import wait_for
    from ThinSliceSRLib.desktop.run.session import Session

    session = Session()
    yield session
    wait_for(lambda: not list(temporary_folder.glob("*/*")), 5)
    session.close()
    assert list(temporary_folder.iterdir()) == []


@pytest.fixture
def module(scene: object, temporary_folder: Path, request: pytest.FixtureRequest) -> Iterator[object]:
    """The module's widget as the user has just opened it."""
    from driving import open_module

    widget = open_module(request.module.__name__)
    yield widget
    widget.cleanup()
    assert list(temporary_folder.iterdir()) == []


@pytest.fixture
def views(scene: object) -> Iterator[object]:
    """Slice views of the scene that draw into memory."""
    from slice_views import SliceViews

    views = SliceViews(scene)
    yield views
    views.close()


@pytest.fixture
def comparison(views: object, application: object) -> Iterator[object]:
    """A comparison, which is left at the end."""
    from ThinSliceSRLib.desktop.compare.comparison import Comparison

    comparison = Comparison()
    yield comparison
    comparison.back()


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


@pytest.fixture(autouse=True)
def nothing_stands_by(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """No panel has a worker stand by, which takes a second to load, but in tests that are about that."""
    if "standing_by" not in request.fixturenames:
        from ThinSliceSRLib.desktop.worker.engine_process import StandBy

        monkeypatch.setattr(StandBy, "prepare", lambda self: None)


@pytest.fixture
def standing_by() -> None:
    """Workers stand by, as for users."""


@pytest.fixture
def worker_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the fast worker, which runs from now on, looks for what it does; see fast_worker.py."""
    import sys

    from fast_worker import install

    folder = tmp_path / "worker"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(install(folder)))
    return folder


@pytest.fixture
def thick(views: object, module: object) -> object:
    """The panel's input, in a view of the user's."""
    from driving import add_thick_volume, choose, on_cpu

    thick = add_thick_volume(slices=6)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    views.node("Red").SetMappedInLayout(True)
    views.composite("Red").SetBackgroundVolumeID(thick.GetID())
    return thick


@pytest.fixture
def doubted(module: object, thick: object, worker_folder: Path) -> object:
    """The results of a run of which it was told where they may be wrong."""
    from driving import apply_and_wait

    module.ui.makeDoubtCheckBox.click()
    return apply_and_wait(module)


@pytest.fixture
def arrivals(scene: object) -> Iterator[object]:
    """What marks results that come into the scene by other ways than a run, at work."""
    from ThinSliceSRLib.desktop.dicom.synthetic_arrivals import SyntheticArrivals

    arrivals = SyntheticArrivals()
    arrivals.start()
    yield arrivals
    arrivals.stop()


@pytest.fixture
def red(views: object, module: object) -> object:
    """A view that shows the DLS volume of the panel's input."""
    from driving import add_thick_volume, choose
    from result_making import finished

    thick = add_thick_volume(slices=6)
    choose(module.ui.inputSelector, None)
    dls = finished(thick).dls
    choose(module.ui.inputSelector, thick)
    views.node("Red").SetMappedInLayout(True)
    red = views.composite("Red")
    red.SetBackgroundVolumeID(dls.GetID())
    return red
