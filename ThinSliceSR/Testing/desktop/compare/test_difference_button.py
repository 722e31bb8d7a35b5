"""The button of what the network added: the difference comes into the views, and goes, also while it is made."""

from __future__ import annotations

import sys
from typing import Any

import pytest
import slicer
from driving import add_thick_volume, choose, darken, wait_for
from ThinSliceSRLib.desktop.compare import network_difference
from ThinSliceSRLib.desktop.scene.result_nodes import results_of

pytestmark = pytest.mark.usefixtures("application")


def in_front(view: Any) -> str | None:
    volume = slicer.mrmlScene.GetNodeByID(view.GetForegroundVolumeID() or "")
    return volume and volume.GetName()


def show(module: Any) -> None:
    """Presses the button, and waits for what it puts into the views."""
    module.ui.differenceButton.click()
    assert module.ui.differenceButton.checked
    wait_for(differences_in_front)


def differences_in_front() -> bool:
    views = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    return any("DLS-BIS" in (in_front(view) or "") for view in views)


def test_the_button_puts_it_over_dls_and_takes_it_away(module: Any, red: Any):
    behind = red.GetBackgroundVolumeID()
    show(module)
    assert module.ui.differenceButton.checked
    assert in_front(red).startswith("synthetic DLS-BIS of ")
    assert red.GetBackgroundVolumeID() == behind
    module.ui.differenceButton.click()
    assert not module.ui.differenceButton.checked
    assert in_front(red) is None
    assert red.GetBackgroundVolumeID() == behind


def test_a_fade_takes_its_place_and_it_that_of_a_fade(module: Any, red: Any):
    show(module)
    module.ui.fadeSlider.value = 40
    assert not module.ui.differenceButton.checked
    assert "DLS-BIS" not in in_front(red)
    show(module)
    assert "DLS-BIS" in in_front(red)
    assert module.ui.fadeSlider.value == module.ui.fadeSlider.maximum
    module.ui.differenceButton.click()
    assert in_front(red) is None


def test_it_goes_with_its_volume_and_with_another_input(module: Any, red: Any, scene: Any):
    behind = red.GetBackgroundVolumeID()
    show(module)
    scene.RemoveNode(scene.GetNodeByID(red.GetForegroundVolumeID()))
    assert not module.ui.differenceButton.checked
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)
    show(module)
    choose(module.ui.inputSelector, add_thick_volume("Other", slices=6))
    assert not module.ui.differenceButton.checked
    assert not module.ui.differenceButton.enabled
    assert (red.GetBackgroundVolumeID(), in_front(red)) == (behind, None)


def test_without_bis_it_is_not_offered(module: Any, red: Any, scene: Any):
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])
    assert not module.ui.differenceButton.enabled


def test_without_bis_any_more_it_goes(module: Any, red: Any, scene: Any):
    show(module)
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])
    assert not module.ui.differenceButton.checked
    assert in_front(red) is None


def press_again(module: Any, _scene: Any) -> None:
    module.ui.differenceButton.click()


def delete_dls(module: Any, scene: Any) -> None:
    scene.RemoveNode(results_of(module._parameters.inputVolume)[0])


def delete_bis(module: Any, scene: Any) -> None:
    scene.RemoveNode(results_of(module._parameters.inputVolume)[1])


def close_the_scene(_module: Any, scene: Any) -> None:
    scene.Clear(False)


def fade(module: Any, _scene: Any) -> None:
    module.ui.fadeSlider.value = 40


def flip(module: Any, _scene: Any) -> None:
    module.panel._flip.turn()


def compare(module: Any, _scene: Any) -> None:
    module.ui.compareButton.click()


def choose_another(module: Any, _scene: Any) -> None:
    choose(module.ui.inputSelector, None)


def close_the_module(module: Any, _scene: Any) -> None:
    module.cleanup()


def change_the_values(module: Any, _scene: Any) -> None:
    darken(results_of(module._parameters.inputVolume)[1])


MEANWHILE = [
    press_again,
    delete_dls,
    delete_bis,
    close_the_scene,
    fade,
    flip,
    compare,
    choose_another,
    close_the_module,
    change_the_values,
]


@pytest.mark.parametrize("happens", MEANWHILE, ids=lambda happens: happens.__name__)
def test_what_happens_while_it_is_made_ends_it_and_nothing_of_it_is_left(
    happens: Any, module: Any, red: Any, scene: Any, monkeypatch: pytest.MonkeyPatch
):
    raised: list[Any] = []
    monkeypatch.setattr(sys, "excepthook", lambda *what: raised.append(what))
    module.ui.differenceButton.click()
    making = module.panel._compare._difference._making
    slicer.app.processEvents()
    assert making.going_on
    happens(module, scene)
    wait_for(lambda: not making.going_on)
    slicer.app.processEvents()
    assert not module.ui.differenceButton.checked
    assert not differences_in_front()
    names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")]
    assert [name for name in names if "DLS-BIS" in name] == []
    assert raised == []


def test_a_comparison_that_is_left_meanwhile_or_then_takes_it_along(module: Any, red: Any):
    module.ui.compareButton.click()
    module.ui.differenceButton.click()
    making = module.panel._compare._difference._making
    module.ui.compareButton.click()
    assert not making.going_on
    assert not module.ui.differenceButton.checked
    module.ui.compareButton.click()
    show(module)
    module.ui.compareButton.click()
    assert not module.ui.differenceButton.checked
    assert not differences_in_front()


def test_what_goes_wrong_is_told(module: Any, red: Any, monkeypatch: pytest.MonkeyPatch):
    def refuse(size: Any) -> Any:
        raise MemoryError

    told: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", told.append)
    monkeypatch.setattr(network_difference, "image_of_zeros", refuse)
    module.ui.differenceButton.click()
    wait_for(lambda: told)
    assert "memory" in told[0]
    assert not module.ui.differenceButton.checked
