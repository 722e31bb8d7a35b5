"""New results beside their input without looking for them: the same place, a link to compare, a key to flip."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qt
import slicer
from driving import add_thick_volume, apply_and_wait, choose, open_module, properties_as_in_slicer, wait_for
from fast_worker import tell
from PySide6.QtTest import QTest
from slice_views import SliceViews
from ThinSliceSRLib.desktop.compare.comparison_layout import view_name

pytestmark = pytest.mark.usefixtures("application", "worker_folder", "temporary_folder")

VIEWS = ("Red", "Yellow", "Green")


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Slicer's main window, with the keyboard."""
    properties_as_in_slicer(__name__)
    window = qt.QMainWindow()
    monkeypatch.setattr(slicer.util, "mainWindow", lambda: window)
    window.show()
    yield window
    window.close()


@pytest.fixture
def module(views: SliceViews, window: Any) -> Iterator[Any]:
    module = open_module(__name__)
    thick = add_thick_volume("Thick", matrix=12)
    for name in VIEWS:
        views.node(name).SetMappedInLayout(True)
        views.selectors[name].background.choose_by_hand(thick)
    choose(module.ui.inputSelector, thick)
    yield module
    module.cleanup()


def kinds(views: SliceViews) -> set[str | None]:
    """What the user's views show."""
    volumes = [views.scene.GetNodeByID(views.composite(name).GetBackgroundVolumeID()) for name in VIEWS]
    return {volume.GetAttribute("ThinSliceSR.Kind") for volume in volumes}


def press_key(window: Any) -> None:
    window.activateWindow()
    wait_for(lambda: window.isActiveWindow, 10)
    QTest.keyClick(window, qt.Qt.Key.Key_C)
    slicer.app.processEvents()


def test_the_viewed_slice_stays_and_the_link_compares_there(views: SliceViews, module: Any, worker_folder: Path):
    views.logic("Red").SetSliceOffset(-285.0)
    views.logic("Yellow").SetSliceOffset(-7.0)
    before = [slicer.util.arrayFromVTKMatrix(views.node(name).GetSliceToRAS()) for name in VIEWS]
    tell(worker_folder, "hold")
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.compareLink.visible)
    after = [slicer.util.arrayFromVTKMatrix(views.node(name).GetSliceToRAS()) for name in VIEWS]
    np.testing.assert_allclose(after, before)
    assert kinds(views) == {"DLS"}
    module.ui.compareLink.linkActivated.emit("#")
    assert module.ui.compareButton.checked
    assert views.node(view_name("Axial", "DLS")).GetSliceOffset() == pytest.approx(-285.0)
    assert views.node(view_name("Sagittal", "thick")).GetSliceOffset() == pytest.approx(-7.0)
    module.ui.applyButton.click()
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert not module.ui.compareLink.visible


def test_the_link_goes_with_another_input(views: SliceViews, module: Any):
    apply_and_wait(module)
    assert module.ui.compareLink.visible
    choose(module.ui.inputSelector, add_thick_volume("Other"))
    assert not module.ui.compareLink.visible


def test_a_key_shows_thick_bis_and_dls_in_turn_where_the_user_looks(views: SliceViews, module: Any, window: Any):
    results = apply_and_wait(module)
    views.node("Red").SetSliceOffset(-285.0)
    seen = []
    for _press in range(4):
        press_key(window)
        [kind] = kinds(views)
        seen.append(kind)
    assert seen == [None, "BIS", "DLS", None]
    assert views.node("Red").GetSliceOffset() == -285.0
    press_key(window)
    views.scene.RemoveNode(results.bis)
    assert kinds(views) == {None}
    assert "key C" in module.ui.compareButton.toolTip


def test_the_key_leaves_views_of_others_alone_and_ends_with_the_panel(views: SliceViews, module: Any, window: Any):
    apply_and_wait(module)
    other = add_thick_volume("Other")
    views.selectors["Green"].background.choose_by_hand(other)
    press_key(window)
    assert views.composite("Green").GetBackgroundVolumeID() == other.GetID()
    shown = views.composite("Red").GetBackgroundVolumeID()
    assert shown == module.ui.inputSelector.currentNode().GetID()
    module.panel._flip.close()
    press_key(window)
    assert views.composite("Red").GetBackgroundVolumeID() == shown
