"""What the desktop's tests share: a clean scene of slicer-core's real MRML, and an offscreen Qt application."""

from __future__ import annotations

import os
from collections.abc import Iterator

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
