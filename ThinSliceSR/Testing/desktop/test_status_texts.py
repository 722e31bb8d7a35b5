"""What the panel says of a run, below its button."""

from __future__ import annotations

from typing import Any

import pytest
from ThinSliceSRLib.desktop.outcome import Outcome, Progress
from ThinSliceSRLib.desktop.status_texts import export_failure_text, failure_text

pytestmark = pytest.mark.usefixtures("application")


@pytest.mark.parametrize("share", [0.0, 0.004, 0.665, 2 / 3, 0.999, 1.0])
def test_the_bar_and_the_line_below_it_tell_the_same_share(module: Any, share: float):
    module.panel._show_progress(Progress("synthesize", share))
    bar = module.ui.progressBar
    assert bar.maximum == 100
    assert module.ui.statusLabel.text.endswith(f": {bar.value} %")


def test_the_line_takes_no_room_while_there_is_nothing_to_tell(module: Any):
    assert not module.ui.statusLabel.visible
    module.panel._show_progress(Progress("start"))
    assert module.ui.statusLabel.visible


@pytest.mark.parametrize("text", [failure_text, export_failure_text])
def test_the_log_of_an_unexpected_failure_is_spoken_of_only_where_there_is_one(text: Any):
    without = Outcome(False, False, "unexpected", "Look at the Python console.", "", {})
    assert text(without) == "Look at the Python console."
    assert "look at the log" in text(Outcome(False, False, "unexpected", "Run again.", "Traceback", {}))
