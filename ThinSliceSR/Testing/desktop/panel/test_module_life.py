"""The life of the module in Slicer: start-up, a developer's reload, its self-test."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from driving import start_long_run

pytestmark = pytest.mark.usefixtures("application")


def test_reload_brings_a_fresh_library_and_ends_what_went_on(
    module: Any, temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    import slicer

    before = {name: sys.modules[name] for name in sys.modules if name.startswith("ThinSliceSRLib")}
    instance = slicer.modules.ThinSliceSRInstance
    start_long_run(module)
    entered: list[str] = []

    def reload(name: str) -> None:
        """What Slicer's does with the widget, but for the new one that it makes, of which only that it is entered."""
        module.cleanup()
        instance.startLabels()
        widget = SimpleNamespace(enter=lambda: entered.append(name))
        monkeypatch.setattr(slicer.modules, "ThinSliceSRWidget", widget, raising=False)

    monkeypatch.setattr(slicer.util, "reloadScriptedModule", reload)
    try:
        module.onReload()
        assert entered == ["ThinSliceSR"]
        assert list(temporary_folder.iterdir()) == []
        assert type(instance.labels) is not before["ThinSliceSRLib.desktop.scene.synthetic_label"].SyntheticLabels
    finally:
        for name in [name for name in sys.modules if name.startswith("ThinSliceSRLib")]:
            del sys.modules[name]
        sys.modules.update(before)


def test_at_start_up_samples_are_offered_and_synthetic_volumes_labelled(module: Any):
    import slicer

    slicer.modules.ThinSliceSRInstance.stopLabels()
    slicer.app.startup_completed[-1]()
    assert slicer.modules.ThinSliceSRInstance.labels is not None
    assert len(slicer.modules.sampleDataSources["ThinSliceSR"]) == 2


@pytest.mark.usefixtures("standing_by")
def test_the_self_test_of_the_module_passes(
    scene: Any, temporary_folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from ThinSliceSR import ThinSliceSRTest

    clock = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: 10 * clock())  # a computer that is ten times as slow
    ThinSliceSRTest().runTest()
    assert "ThinSliceSR self-test passed" in capsys.readouterr().out
    assert list(temporary_folder.iterdir()) == []


def test_no_widget_of_the_panel_is_taken_for_what_a_class_of_python_has_left_behind():
    """Of the stand-in alone: Slicer's PythonQt does not keep such an address."""
    import slicer
    from PySide6.QtWidgets import QPushButton
    from shiboken6 import Shiboken

    class Listener(QPushButton):
        def listen(self, *_: object) -> None:
            pass

    first, listener = Listener.staticMetaObject, Listener()
    address = Shiboken.getCppPointer(first)
    listener.clicked.connect(listener.listen)
    assert Shiboken.getCppPointer(listener.metaObject()) != address  # the first is freed, its address may be given away
    slicer.util.loadUI(str(Path(__file__).parents[3] / "Resources" / "UI" / "ThinSliceSR.ui"))
    assert not Shiboken.isValid(first)
