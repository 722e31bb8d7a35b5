"""What the panel says of a run, below its button."""

from __future__ import annotations

from typing import Any

import pytest
from ThinSliceSRLib.desktop.panel.status_texts import RUN_STAGES, export_failure_text, failure_text
from ThinSliceSRLib.desktop.worker.outcome import Outcome, Progress

pytestmark = pytest.mark.usefixtures("application")


@pytest.mark.parametrize("share", [0.0, 0.004, 0.665, 2 / 3, 0.999, 1.0])
def test_the_bar_and_the_line_below_it_tell_the_same_share(module: Any, share: float):
    module.panel._messages.show_progress(Progress("synthesize", share))
    bar = module.ui.progressBar
    assert bar.maximum == 100
    assert module.ui.statusLabel.text.endswith(f": {bar.value} %")


def test_the_line_takes_no_room_while_there_is_nothing_to_tell(module: Any):
    assert not module.ui.statusLabel.visible
    module.panel._messages.show_progress(Progress("start"))
    assert module.ui.statusLabel.visible


def test_every_stage_of_a_run_tells_which_of_how_many_it_is(module: Any):
    told = []
    for stage in RUN_STAGES:
        module.panel._messages.show_progress(Progress(stage))
        told.append(module.ui.statusLabel.text)
    assert [text.split(": ")[0] for text in told] == [f"Step {step} of 7" for step in range(1, 8)]
    module.panel._messages.show_progress(Progress("export", 0.5))
    assert module.ui.statusLabel.text == "Writing DICOM series: 50 %"


def test_where_nothing_is_measured_yet_the_line_says_when_it_will_be(module: Any):
    module.panel._messages.show_progress(Progress("synthesize"))
    assert "is known after the first part" in module.ui.statusLabel.text
    assert module.ui.progressBar.maximum == 0, "the bar moves by itself"


@pytest.mark.parametrize("text", [failure_text, export_failure_text])
def test_the_log_of_an_unexpected_failure_is_spoken_of_only_where_there_is_one(text: Any):
    without = Outcome(False, False, "unexpected", "Look at the Python console.", "")
    assert text(without) == "Look at the Python console."
    assert "look at the log" in text(Outcome(False, False, "unexpected", "Run again.", "Traceback"))
