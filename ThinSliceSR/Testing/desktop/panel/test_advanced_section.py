"""The panel's lists of models and devices, where a scene or a computer is not like the last one."""

from __future__ import annotations

from typing import Any

import pytest
from driving import add_thick_volume, choose, wait_for

pytestmark = pytest.mark.usefixtures("application")


def test_a_model_that_only_another_computer_has_stays_chosen_and_is_told(module: Any):
    module._parameters.model = "their-model"
    models = module.ui.modelComboBox
    assert models.itemData(models.currentIndex) == "their-model"
    module.ui.advancedSection.collapsed = False
    wait_for(lambda: models.findData("cthnet-small") > 0)
    assert models.itemText(models.currentIndex) == "their-model (not found)"
    assert module._parameters.model == "their-model"


@pytest.mark.parametrize(
    ("saved", "label"),
    [
        ("auto", "1 mm (recommended)"),
        ("native", "A fifth of the thick slices' distance"),
        ("1.0", "Exactly 1.0 mm"),
        ("0.7", "Exactly 0.7 mm"),
    ],
)
def test_the_spacing_of_a_saved_scene_stays_what_it_was(saved: str, label: str, module: Any):
    assert module._parameters.spacing == "auto"
    choose(module.ui.inputSelector, add_thick_volume())
    module._parameters.spacing = saved
    spacings = module.ui.spacingComboBox
    assert (spacings.itemData(spacings.currentIndex), spacings.itemText(spacings.currentIndex)) == (saved, label)
    assert module.panel._request().spacing == module._parameters.spacing == saved
    spacings.currentIndex = 0
    assert module._parameters.spacing == "auto"


def test_gpus_are_offered_with_their_memory_where_it_is_known(module: Any):
    told = [
        {"device": "cuda:0", "name": "NVIDIA H100", "memory_bytes": 80_000_000_000},
        {"device": "mps", "name": "Apple M3", "memory_bytes": None},
        {"device": "cpu", "name": "CPU", "memory_bytes": 16_000_000_000},
    ]
    module.panel._advanced.offer_devices({"devices": told})
    devices = module.ui.deviceComboBox
    offered = {devices.itemData(index): devices.itemText(index) for index in range(devices.count)}
    assert offered == {"auto": "Automatic", "cuda:0": "NVIDIA H100 (80 GB)", "mps": "Apple M3", "cpu": "CPU"}
    devices.currentIndex = 1
    assert module._parameters.device == "cuda:0"
