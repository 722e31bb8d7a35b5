"""The measurement of the event loop finds what keeps it, and tells whose code that was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from driving import add_thick_volume, choose, wait_for

sys.path.append(str(Path(__file__).parents[4]))

from benchmarks import event_loop

pytestmark = pytest.mark.usefixtures("application")


def test_a_gap_is_found_with_the_function_that_made_it(module: Any, capsys: pytest.CaptureFixture[str]):
    heart = event_loop.Heartbeat()
    with heart.row("nothing"):
        pass
    with heart.row("an input"):
        for number in range(40):
            choose(module.ui.inputSelector, add_thick_volume(f"Chest {number}", matrix=128))
        wait_for(lambda: module.ui.applyButton.enabled)
    nothing, chosen = heart.rows
    assert chosen.cpu_ms > nothing.cpu_ms
    assert "." in chosen.place
    assert "an input" in capsys.readouterr().out


def test_the_exit_code_tells_whether_a_gap_is_too_long(monkeypatch: pytest.MonkeyPatch):
    import slicer
    import slicer.util

    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(slicer.app, "temporaryPath", slicer.app.temporaryPath)
    monkeypatch.setattr(slicer.util, "mainWindow", slicer.util.mainWindow)
    for cpu_ms, code in ((99.0, 0), (101.0, 1)):
        rows = [event_loop.Row("it", cpu_ms=cpu_ms)]
        assert event_loop.main([], lambda *_arguments, rows=rows: rows) == code
