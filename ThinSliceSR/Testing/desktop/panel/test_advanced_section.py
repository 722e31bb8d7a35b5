"""The panel's lists of models and devices, where a scene or a computer is not like the last one."""

from __future__ import annotations

from typing import Any

import pytest
from driving import add_thick_volume, apply_and_wait, choose, on_cpu, wait_for
from ThinSliceSRLib.desktop.setup.weights_list import ListedModel, WeightsList
from ThinSliceSRLib.desktop.worker.speed import Speed

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


def labels(choices: Any) -> list[str]:
    return [choices.itemText(index) for index in range(choices.count)]


def test_the_best_quality_reaches_the_worker_and_the_results_say_so(module: Any, worker_folder: Any):
    choose(module.ui.inputSelector, add_thick_volume(slices=6))
    on_cpu(module)
    qualities = module.ui.qualityComboBox
    assert qualities.itemData(qualities.currentIndex) == "standard"
    qualities.currentIndex = qualities.findData("best")
    assert module._parameters.quality == "best"
    results = apply_and_wait(module)
    assert results.dls.GetAttribute("ThinSliceSR.Quality") == "best"
    module._parameters.quality = "standard"
    assert qualities.currentIndex == qualities.findData("standard")
    assert apply_and_wait(module).dls.GetAttribute("ThinSliceSR.Quality") == "standard"


def test_each_quality_tells_how_long_it_will_take_for_this_volume_once_that_is_known(module: Any):
    import slicer

    module._parameters.model = "of-this-test"
    qualities = module.ui.qualityComboBox
    choose(module.ui.inputSelector, add_thick_volume(slices=8))
    assert labels(qualities) == ["Standard", "Best (8 times as long)"]
    Speed(slicer.app.userSettings(), "auto", "auto", "auto").learn("of-this-test", "standard", 8 * 40 * 40, 30)
    choose(module.ui.inputSelector, add_thick_volume("Large", slices=16))
    assert labels(qualities) == ["Standard (about 60 s)", "Best (about 8 min)"]
    qualities.currentIndex = 1
    module._parameters.model = "another"
    assert labels(qualities) == ["Standard", "Best (8 times as long)"]
    assert module._parameters.quality == "best"
    assert qualities.currentIndex == 1


def test_each_model_tells_how_long_it_will_take_once_one_has_run(module: Any):
    import slicer

    listed = [
        ListedModel(name, 1, "local", used=True, multiplications_per_voxel=work)
        for name, work in (("plain", 1e5), ("deep", 3e5), ("odd", None))
    ]
    models, parameters = module.ui.modelComboBox, module._parameters
    module.panel._advanced.offer_models(WeightsList(tuple(listed), None, ("deep", "plain")))
    parameters.model, parameters.threads = "deep", "1"
    choose(module.ui.inputSelector, add_thick_volume(slices=8))
    assert labels(models)[1:] == ["Fast: plain", "Best: deep", "odd"]
    Speed(slicer.app.userSettings(), "auto", "auto", "1").learn("plain", "standard", 8 * 40 * 40, 20)
    choose(module.ui.inputSelector, None)
    choose(module.ui.inputSelector, add_thick_volume("Other", slices=8))
    assert labels(models)[1:] == ["Fast: plain (about 20 s)", "Best: deep (about 60 s)", "odd"]
    assert labels(module.ui.qualityComboBox) == ["Standard (about 60 s)", "Best (about 8 min)"]
    parameters.quality = "best"
    assert labels(models)[1:] == ["Fast: plain (about 3 min)", "Best: deep (about 8 min)", "odd"]
    assert models.itemData(models.currentIndex) == parameters.model == "deep"
    Speed(slicer.app.userSettings(), "cpu", "auto", "1").learn("plain", "standard", 8 * 40 * 40, 20)
    parameters.quality, parameters.device = "standard", "cpu"
    assert labels(models)[0].endswith("(about 20 s)")
    module.panel._advanced.offer_models(WeightsList(tuple(listed), None, ("deep", "deep")))
    assert labels(models)[0] == "Automatic (deep) (about 60 s)"  # what it took before was of another model


def test_a_run_that_is_done_tells_how_long_the_next_will_take(module: Any, worker_folder: Any):
    choose(module.ui.inputSelector, add_thick_volume(slices=6))
    on_cpu(module)
    apply_and_wait(module)
    assert labels(module.ui.qualityComboBox) == ["Standard (about 1 s)", "Best (about 1 s)"]
