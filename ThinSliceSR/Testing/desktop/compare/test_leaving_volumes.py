"""Volumes that leave the scene, by a run's end or by the user: nothing moves on to a neighbour that nobody chose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from driving import add_thick_volume, apply_and_wait, choose, wait_for
from fast_worker import tell
from slice_views import SliceViews

pytestmark = pytest.mark.usefixtures("application", "worker_folder")

VIEWS = ("Red", "Yellow", "Green")


@pytest.fixture
def patients(views: SliceViews, module: Any) -> list[Any]:
    """Three volumes of different patients; the first is the input, and the views show it."""
    volumes = [add_thick_volume(name, matrix=12) for name in ("First", "Second", "Third")]
    choose(module.ui.inputSelector, volumes[0])
    for name in VIEWS:
        views.selectors[name].background.choose_by_hand(volumes[0])
    return volumes


def shown(views: SliceViews) -> list[Any]:
    return [views.scene.GetNodeByID(views.composite(name).GetBackgroundVolumeID() or "") for name in VIEWS]


def begin(module: Any, folder: Path) -> Any:
    """A run that shows its first slices; returns its results."""
    tell(folder, "hold")
    module.ui.applyButton.click()
    run = module.panel._run
    wait_for(lambda: run.visible)
    return run.results


def end(module: Any) -> None:
    wait_for(lambda: module.ui.applyButton.text == "Apply")


@pytest.mark.parametrize("way", ["cancel", "failure", "deletion", "leaving"])
def test_whatever_ends_a_run_the_views_show_what_they_showed_before(
    views: SliceViews, module: Any, patients: list[Any], worker_folder: Path, way: str
):
    results = begin(module, worker_folder)
    assert shown(views) == [results.dls] * 3
    if way == "cancel":
        module.ui.applyButton.click()
    elif way == "failure":
        tell(worker_folder, "fail")
    elif way == "deletion":
        views.scene.RemoveNode(results.dls)
    else:
        module.cleanup()
        assert shown(views) == [patients[0]] * 3
        return
    end(module)
    assert shown(views) == [patients[0]] * 3


def test_after_two_runs_a_cancel_shows_the_first_result_again(
    views: SliceViews, module: Any, patients: list[Any], worker_folder: Path
):
    first = apply_and_wait(module)
    begin(module, worker_folder)
    module.ui.applyButton.click()
    end(module)
    assert shown(views) == [first.dls] * 3
    views.scene.RemoveNode(first.dls)
    assert shown(views) == [patients[0]] * 3


@pytest.mark.parametrize("looks_at", ["input", "result"])
def test_a_cancelled_run_that_was_to_fill_an_earlier_result_leaves_the_views_as_they_were(
    views: SliceViews, module: Any, patients: list[Any], worker_folder: Path, looks_at: str
):
    first = apply_and_wait(module)
    choose(module.ui.dlsSelector, first.dls)
    before = patients[0] if looks_at == "input" else first.dls
    for name in VIEWS:
        views.selectors[name].background.choose_by_hand(before)
    begin(module, worker_folder)
    assert shown(views) == [first.dls] * 3
    module.ui.applyButton.click()
    end(module)
    assert shown(views) == [before] * 3


def test_a_view_whose_volume_the_user_chose_meanwhile_keeps_it(
    views: SliceViews, module: Any, patients: list[Any], worker_folder: Path
):
    results = begin(module, worker_folder)
    views.selectors["Yellow"].background.choose_by_hand(patients[2])
    views.selectors["Green"].foreground.choose_by_hand(results.bis)
    module.ui.applyButton.click()
    end(module)
    assert shown(views) == [patients[0], patients[2], patients[0]]
    assert views.composite("Green").GetForegroundVolumeID() is None


@pytest.mark.parametrize("within_a_batch", [False, True])
@pytest.mark.parametrize("linked", [False, True])
def test_a_deleted_input_is_chosen_and_shown_no_more_and_no_other_in_its_place(
    views: SliceViews, module: Any, patients: list[Any], within_a_batch: bool, linked: bool
):
    views.selectors["Green"].background.choose_by_hand(patients[2])
    for name in VIEWS:
        views.composite(name).SetLinkedControl(linked)
    choose(module.ui.inputSelector, patients[1])
    views.selectors["Red"].background.choose_by_hand(patients[1])
    expected = [None, None if linked else patients[0], None if linked else patients[2]]
    if within_a_batch:
        views.scene.StartState(views.scene.BatchProcessState)
    views.scene.RemoveNode(patients[1])
    if within_a_batch:
        views.scene.EndState(views.scene.BatchProcessState)
    assert module.ui.inputSelector.currentNode() is None
    assert not module.ui.applyButton.enabled
    assert "Choose" in module.ui.factsLabel.text
    assert shown(views) == expected


@pytest.mark.parametrize("role", ["dls", "bis", "thin"])
def test_another_choice_that_is_deleted_is_none_from_then_on(
    views: SliceViews, module: Any, patients: list[Any], role: str
):
    chosen = add_thick_volume("Fourth", matrix=12)
    selector = getattr(module.ui, f"{role}Selector")
    choose(selector, chosen)
    views.scene.RemoveNode(chosen)
    assert selector.currentNode() is None
    assert getattr(module._parameters, f"{role}Volume") is None


def test_volumes_of_others_are_left_to_slicer(views: SliceViews, module: Any, patients: list[Any]):
    views.selectors["Red"].background.choose_by_hand(patients[2])
    views.scene.RemoveNode(patients[2])
    assert shown(views) == [patients[1], patients[0], patients[0]]
