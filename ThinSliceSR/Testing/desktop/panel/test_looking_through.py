"""The panel looks through all values of a large input, slice by slice, while Slicer goes on answering."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import qt
import slicer
from driving import add_thick_volume, choose, on_cpu, wait_for
from ThinSliceSRLib.desktop.panel import input_section
from ThinSliceSRLib.desktop.scene import seen_values
from ThinSliceSRLib.desktop.scene.input_facts import findings
from ThinSliceSRLib.desktop.scene.seen_values import SeenValues
from ThinSliceSRLib.desktop.worker.piecework import Piecework

pytestmark = pytest.mark.usefixtures("application")

LOOKING = "Looking through all its values"
SLICES = 12


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every volume is too large to be looked at at once."""
    monkeypatch.setattr(input_section, "AT_ONCE_VOXELS", 0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The mean of each array of values that is looked through, from its first piece on."""
    begun: list[int] = []
    look = seen_values.on_values_in_pieces

    def noted(volume: Any, *arguments: Any) -> Iterator[None]:
        begun.append(round(volume.hu.mean()))
        return look(volume, *arguments)

    monkeypatch.setattr(seen_values, "on_values_in_pieces", noted)
    return begun


@contextmanager
def beside(tick: Callable[[], object]) -> Iterator[None]:
    """What else Slicer does: a timer that is answered whenever nothing else is to be done."""
    timer = qt.QTimer()
    timer.timeout.connect(tick)
    timer.start(0)
    yield
    timer.stop()


def looking(module: Any) -> bool:
    return LOOKING in module.ui.findingsLabel.text


def choose_and_hold(module: Any, volume: Any) -> Callable[[], None]:
    """Chooses a volume whose look stands still in its middle; what is returned lets it go on."""
    choose(module.ui.inputSelector, None)  # the selector takes the first volume of a scene by itself
    choose(module.ui.inputSelector, volume)
    look = module.panel._input._look
    pieces, held, goes_on = look._pieces, [], []

    def with_a_halt() -> Iterator[None]:
        held.append(next(pieces))
        while not goes_on:
            yield
        yield from pieces

    look._pieces = with_a_halt()
    wait_for(lambda: held)
    assert looking(module)
    assert not module.ui.applyButton.enabled
    return lambda: goes_on.append(True)


def fill(volume: Any, hu: np.ndarray) -> None:
    slicer.util.updateVolumeFromArray(volume, hu)


def test_other_things_are_answered_slice_by_slice_and_apply_is_offered_at_the_end(module: Any):
    thick = add_thick_volume(slices=SLICES)
    seen: list[tuple[bool, bool]] = []
    with beside(lambda: seen.append((looking(module), module.ui.applyButton.enabled))):
        choose(module.ui.inputSelector, thick)
        assert module.ui.factsLabel.text.startswith(f"{SLICES} slices every 5 mm")
        assert "Nothing says how thick the slices are" in module.ui.findingsLabel.text
        wait_for(lambda: module.ui.applyButton.enabled)
    assert seen.count((True, False)) >= SLICES - 1
    assert (True, True) not in seen
    assert not looking(module)


def test_what_the_values_tell_is_what_a_look_without_a_break_tells(module: Any):
    chest = slicer.util.arrayFromVolume(add_thick_volume(slices=SLICES)).astype(np.float32)
    holes = chest.copy()
    holes[3, 5:9, 20:24] = np.nan
    for name, hu in {"chest": chest, "holes": holes, "offset": chest + 1024, "unit": (chest + 1024) / 3072}.items():
        volume = add_thick_volume(name, slices=SLICES)
        fill(volume, hu)
        choose(module.ui.inputSelector, volume)
        wait_for(lambda: not looking(module))
        shown = module.ui.findingsLabel.text
        assert [finding.message for finding in findings(volume) if finding.message not in shown] == []
        assert module.ui.applyButton.enabled == (name == "chest")


def test_another_input_ends_the_look_at_the_first(module: Any, looks: list[int]):
    first, second = add_thick_volume("First", slices=SLICES), add_thick_volume("Second", slices=SLICES)
    fill(first, slicer.util.arrayFromVolume(first) + 5000)
    choose_and_hold(module, first)
    work = module.panel._input._look
    choose(module.ui.inputSelector, second)
    assert not work.going_on
    wait_for(lambda: module.ui.applyButton.enabled)
    assert "Hounsfield" not in module.ui.findingsLabel.text
    assert len(looks) == 2


def test_values_that_change_meanwhile_are_looked_through_anew(module: Any, looks: list[int]):
    thick = add_thick_volume(slices=SLICES)
    go_on = choose_and_hold(module, thick)
    fill(thick, np.full((SLICES, 40, 40), 7, np.int16))
    go_on()
    wait_for(lambda: "All voxels have the same value (7)" in module.ui.findingsLabel.text)
    assert not module.ui.applyButton.enabled
    assert looks[-1] == 7
    assert len(looks) == 2


def test_voxels_that_a_script_writes_in_place_are_looked_through_anew(module: Any):
    thick = add_thick_volume(slices=SLICES)
    go_on = choose_and_hold(module, thick)
    slicer.util.arrayFromVolume(thick)[:] = 7
    slicer.util.arrayFromVolumeModified(thick)
    go_on()
    wait_for(lambda: "All voxels have the same value (7)" in module.ui.findingsLabel.text)


def test_a_volume_that_is_deleted_meanwhile_is_let_go(module: Any, scene: Any):
    thick = add_thick_volume(slices=SLICES)
    choose_and_hold(module, thick)
    work = module.panel._input._look
    scene.RemoveNode(thick)
    assert not work.going_on
    assert "Choose" in module.ui.factsLabel.text
    assert not module.ui.applyButton.enabled
    assert module.ui.findingsLabel.text == ""


def test_a_scene_that_is_closed_meanwhile_ends_the_look(module: Any, scene: Any):
    choose_and_hold(module, add_thick_volume(slices=SLICES))
    work = module.panel._input._look
    scene.Clear(False)
    assert not work.going_on


def test_a_thickness_or_a_name_does_not_begin_a_new_look(module: Any, looks: list[int]):
    thick = add_thick_volume(slices=SLICES)
    choose(module.ui.inputSelector, thick)
    wait_for(lambda: module.ui.applyButton.enabled)
    module.ui.thicknessSpinBox.value = 4
    assert module.ui.applyButton.enabled
    assert "4 mm thick" in module.ui.factsLabel.text
    thick.SetName("Other")
    told: list[object] = []
    with beside(lambda: told.append(module.ui.applyButton.enabled)):
        wait_for(lambda: not module.panel._input._change_waits)
    assert all(told)
    assert len(looks) == 1


def test_a_run_does_not_look_through_the_values_a_second_time(module: Any, worker_folder: Any, looks: list[int]):
    choose(module.ui.inputSelector, add_thick_volume(slices=6))
    on_cpu(module)
    wait_for(lambda: module.ui.applyButton.enabled)
    module.ui.applyButton.click()
    assert module.ui.applyButton.text == "Cancel"
    wait_for(lambda: module.ui.applyButton.text == "Apply")
    assert "Done" in module.ui.statusLabel.text
    assert len(looks) == 1


def test_a_run_of_values_that_have_changed_since_looks_again(module: Any, worker_folder: Any):
    thick = add_thick_volume(slices=6)
    choose(module.ui.inputSelector, thick)
    on_cpu(module)
    wait_for(lambda: module.ui.applyButton.enabled)
    fill(thick, np.full((6, 40, 40), 7, np.int16))
    module.ui.applyButton.click()
    assert "All voxels have the same value (7)" in module.ui.statusLabel.text
    assert module.ui.applyButton.text == "Apply"


def test_a_scale_that_cannot_be_is_told_after_the_look(module: Any):
    thick = add_thick_volume(slices=SLICES)
    choose(module.ui.inputSelector, thick)
    module.ui.valuesComboBox.currentIndex = module.ui.valuesComboBox.findData("unit")
    assert looking(module)
    wait_for(lambda: not looking(module))
    assert "not on the scale from 0 to 1" in module.ui.findingsLabel.text
    assert not module.ui.applyButton.enabled


def test_slicer_answers_while_a_scripts_input_is_looked_through(module: Any, worker_folder: Any):
    ticks: list[bool] = []
    with beside(lambda: ticks.append(module.logic.session.running)):
        module.logic.synthesize(add_thick_volume(slices=SLICES), device="cpu")
    assert ticks.count(False) >= SLICES - 1


def test_a_look_is_of_the_values_alone(scene: Any, views: Any):
    thick = add_thick_volume()
    seen = SeenValues(thick)
    views.node("Red").SetMappedInLayout(True)
    views.composite("Red").SetBackgroundVolumeID(thick.GetID())
    views.pixels("Red")
    thick.GetImageData().GetScalarRange()
    thick.SetName("Other")
    thick.GetDisplayNode().SetWindow(1000)
    assert seen.is_of(thick)
    assert not seen.is_of(thick, "hu")
    assert not seen.is_of(add_thick_volume())
    thick.GetImageData().GetPointData().GetScalars().Modified()
    assert not seen.is_of(thick)


def test_work_that_fails_is_told_once_and_work_that_was_stopped_not_at_all():
    told: list[object] = []

    def fails() -> Iterator[None]:
        yield
        raise OverflowError("anything")

    work = Piecework(fails(), told.append, told.append)
    wait_for(lambda: told)
    assert [type(what) for what in told] == [OverflowError]
    assert not work.going_on
    stopped: list[Piecework] = []

    def stops() -> Iterator[None]:
        yield
        stopped[0].stop()

    stopped.append(Piecework(stops(), told.append, told.append))
    wait_for(lambda: not stopped[0].going_on)
    for _ in range(5):
        slicer.app.processEvents()
    assert len(told) == 1
