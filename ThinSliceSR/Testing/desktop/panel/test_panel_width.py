"""The panel in a dock of 330 px, in English and in Chinese: it asks for no more, and no text is cut off."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chinese import speaking
from driving import add_thick_volume, choose, open_module
from panel_width import assert_fits
from result_making import finished
from running import done_outcome
from ThinSliceSRLib.desktop.run.doubt_places import Place
from ThinSliceSRLib.desktop.run.doubt_search import SearchRequest
from ThinSliceSRLib.desktop.setup.weights_list import ListedModel, WeightsList
from ThinSliceSRLib.desktop.worker.outcome import Outcome, Progress

LONG = "cthnet_of_our_own_clinic_trained_on_five_thousand_pairs_of_thick_and_thin_slices"
GPU = {"device": "cuda:0", "name": "NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition", "memory_bytes": 96e9}
DEVICE = "cuda:0 NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition"


@pytest.fixture(params=["English", "Chinese"])
def language(application: Any, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    with speaking(request.param, tmp_path):
        yield request.param


@pytest.fixture
def module(language: str, views: Any, temporary_folder: Path) -> Iterator[Any]:
    widget = open_module(__name__)
    yield widget
    widget.cleanup()


def unfold(module: Any) -> None:
    """Opens all sections, with models and devices of long names in them."""
    panel = module.panel
    panel._available.devices = {"devices": [GPU]}  # not asked for
    for name in ("inputSection", "outputSection", "compareSection", "doubtSection", "advancedSection", "modelsSection"):
        getattr(module.ui, name).collapsed = False
    model = ListedModel(LONG, 4_000_000, "local", "own", Path(LONG), used=True, trained=False)
    lost = ListedModel("cthnet-base", 42_000_000, "missing")
    panel._models.show(WeightsList((model, lost), Path(), (LONG, "cthnet-small")))
    panel._advanced.offer_devices({"devices": [GPU]})
    module._parameters.device = "cuda:0"


def in_many_states(module: Any) -> Iterator[str]:
    """Brings the panel from one state to the next, and names each."""
    yield "empty"
    unfold(module)
    yield "unfolded"
    for spacing_mm in (1.0, 5.0, 9.5):
        choose(module.ui.inputSelector, add_thick_volume(f"{LONG} of {spacing_mm}", spacing_mm=spacing_mm))
        yield f"an input of {spacing_mm} mm"
    module.panel._advanced.offer_devices(None, looking=True)
    module.panel._models.say("The models cannot be listed; " * 5)
    yield "asking"
    module.ui.progressBar.visible = True
    module.panel._messages.show_notice(
        "The slices are 9.5 mm apart, but the network is made for 5 mm; look at it with care."
    )
    module.panel._messages.show_progress(Progress("synthesize", 0.4, 5000))
    yield "running"
    module.panel._run_ended(Outcome(False, False, "not_enough_memory", "There is no memory.", "log"))
    yield "failed"
    from ThinSliceSRLib.desktop.panel.status_texts import done_text

    done = done_outcome(LONG, DEVICE, seconds=5000)
    module.panel._messages.tell(
        done_text(done, "Chest CT 5 mm DLS 1 mm (synthetic)", "Chest CT 5 mm BIS 1 mm", with_doubt=True)
    )
    yield "done"
    thick = module.ui.inputSelector.currentNode()
    choose(module.ui.inputSelector, None)
    results = finished(thick, wants_doubt=True)
    choose(module.ui.inputSelector, thick)
    yield "a doubt"
    request = SearchRequest(results.dls, results.bis, results.doubt)
    module.panel._doubt.show_places(request, [])
    yield "no places"
    places = [
        Place((0, 0, 0), (120, 250, 319), 10.0, -1024, -1000, 1900, kind)
        for kind in ("stands", "vanishes")
        for _ in "123456"
    ]
    module.panel._doubt.show_places(request, places)
    module.ui.doubtFromSlider.value = 200
    yield "places"
    module.panel._doubt_choice.show_weights(
        WeightsList((ListedModel(LONG, 1, "local", used=True),), None, (LONG, LONG))
    )
    module._parameters.model = LONG
    yield "a model without doubt"


def test_the_panel_fits_in_330_px_and_its_texts_are_whole(module: Any):
    for state in in_many_states(module):
        assert assert_fits(module, state) > 10


def test_a_model_of_a_long_name_is_shown_in_part_and_its_tooltip_tells_the_whole(module: Any):
    import qt

    unfold(module)
    models = module.ui.modelComboBox
    label = models.itemData(1, qt.Qt.ToolTipRole)
    assert label.startswith(LONG)
    assert models.itemText(1) != label
    assert "…" in models.itemText(1)
    assert LONG in module.ui.modelsList.item(0).toolTip()


@pytest.mark.skipif("QT_SCALE_FACTOR" in os.environ, reason="this is the scaled one")
def test_it_fits_where_everything_is_drawn_half_as_large_again():
    """Qt takes the scale when a process starts."""
    scaled = {**os.environ, "QT_SCALE_FACTOR": "1.5"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__]
    done = subprocess.run(command, env=scaled, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
