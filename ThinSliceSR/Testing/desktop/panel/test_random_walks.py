"""Hundreds of random things that a user can do, one after the other: no view ever shows what nobody chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from driving import wait_for
from slice_views import SliceViews
from ThinSliceSRLib.desktop.compare.comparison_layout import is_comparison_layout
from walking import PATIENTS, VIEWS, Walk

pytestmark = pytest.mark.usefixtures("application", "temporary_folder")

ACTIONS = 100
HEADINGS = {"Thick": None, "Bis": "BIS", "Dls": "DLS"}
"""The kind of a column's volumes by the end of the names of its views."""
WEIGHTS = {
    "load": 8, "choose_input": 6, "choose_other": 3, "choose_for_a_view": 6, "apply": 20, "go_on": 6, "cancel": 4,
    "delete": 6, "delete_within_a_batch": 2, "undo": 2, "compare": 10, "fade": 10,
    "flip": 6, "choose_planes": 2, "close": 1, "reload": 2,
}  # fmt: skip


@pytest.fixture(params=[(seed, seed % 2 == 0) for seed in range(1, 4)], ids=lambda param: f"seed {param[0]}")
def walk(request: pytest.FixtureRequest, views: SliceViews, worker_folder: Path) -> Iterator[Walk]:
    walk = Walk(views, worker_folder, *request.param)
    yield walk
    walk.leave()


def test_after_whatever_a_user_does_views_and_selectors_show_what_was_chosen(
    walk: Walk, capfd: pytest.CaptureFixture[str]
):
    done: list[str] = []
    for _step in range(ACTIONS):
        before = State(walk)
        possible = [action for action, can_be_done in walk.possible().items() if can_be_done]
        [action] = walk.chance.choices(possible, [WEIGHTS[action] for action in possible])
        done.append(action)
        walk.ended = False
        getattr(walk, action)()
        walk.settle()
        told = f"after {done[-12:]}"
        output = capfd.readouterr().err
        assert "Traceback" not in output, f"{told}: {output}"
        require_chosen_views(walk, before, told)
        require_chosen_nodes(walk, before, action, told)
        require_compared_columns(walk, told)
        require_no_other_process(walk, told)


class State:
    """The scene before an action."""

    def __init__(self, walk: Walk) -> None:
        self.patients = {volume.GetID(): patient_of(volume) for volume in walk.volumes()}
        self.selected = walk.selected
        self.of_others = {
            volume.GetID()
            for volume in walk.volumes()
            if not (volume.GetAttribute("ThinSliceSR.Synthetic") or walk.results_of(volume))
            and volume not in self.selected.values()
        }


def patient_of(volume: Any) -> str:
    """Whose volume it is: results have the name of their input in theirs."""
    return next(patient for patient in PATIENTS if patient in volume.GetName())


def shown_in(walk: Walk, name: str) -> tuple[str | None, str | None]:
    composite = walk.views.composite(name)
    return composite.GetBackgroundVolumeID(), composite.GetForegroundVolumeID()


def require_chosen_views(walk: Walk, before: State, told: str) -> None:
    """A user's view shows what was put there last; where that is gone, what of the patient was before it, or nothing.

    Where Slicer has moved on because a volume was deleted that has nothing to do with the module, that is taken over.
    """
    faded = [volume.GetID() for volume in walk.module.panel._compare._fade.volumes]
    tops = {name: walk.chosen[name][-1] for name in VIEWS if walk.chosen[name]}
    gone = {top for top in tops.values() if walk.scene.GetNodeByID(top) is None}
    for name in VIEWS:
        behind, in_front = shown_in(walk, name)
        if in_front in faded and in_front is not None:
            assert (behind, in_front) == tuple(faded) or behind in walk.chosen[name] or behind is None, (told, name)
            continue
        assert in_front is None, (told, name)
        left = [volume_id for volume_id in walk.chosen[name] if walk.scene.GetNodeByID(volume_id) is not None]
        allowed = {left[-1] if left else None}
        if tops.get(name) in gone or walk.ended:
            patients = {before.patients.get(volume_id) for volume_id in gone} | {before.patients.get(tops.get(name))}
            allowed |= {None} | {volume_id for volume_id in left if before.patients.get(volume_id) in patients}
        if tops.get(name) in before.of_others & gone or (walk.linked and before.of_others & gone):
            allowed.add(behind)
        assert behind in allowed, (told, name, behind, walk.chosen[name])
        walk.chosen[name] = left[: left.index(behind) + 1] if behind in left else [behind] if behind else []


def require_chosen_nodes(walk: Walk, before: State, action: str, told: str) -> None:
    """A selector holds what was chosen, or nothing once that is gone; an empty one takes the only volume that comes."""
    for name, selected in walk.selected.items():
        former = before.selected[name]
        if action in ("choose_input", "choose_other", "close", "reload") or (name == "input" and former is None):
            continue
        there = former is not None and walk.scene.GetNodeByID(former.GetID()) is not None
        assert selected is (former if there else None), (told, name)
    assert walk.running or walk.selected["input"] is not None or not walk.can_apply, told


def require_compared_columns(walk: Walk, told: str) -> None:
    """Each column of the comparison shows what its heading says, and all but the thin one are of one patient."""
    comparing = is_comparison_layout(walk.views.layout_node.GetViewArrangement())
    assert walk.compares == comparing, told
    patients = set()
    for name in walk.views.shown_names() if comparing else ():
        behind, in_front = shown_in(walk, name)
        assert in_front is None, (told, name)
        volume = walk.scene.GetNodeByID(behind or "")
        assert volume is not None, (told, name)
        kind = volume.GetAttribute("ThinSliceSR.Kind")
        if name.endswith("Thin"):
            assert volume is walk.selected["thin"] or walk.results_of(walk.selected["input"] or volume) == [], told
            continue
        heading = next(heading for heading in HEADINGS if name.endswith(heading))
        assert kind == HEADINGS[heading], (told, name)
        patients.add(patient_of(volume))
    assert len(patients) <= 1, told


def require_no_other_process(walk: Walk, told: str) -> None:
    """But for the moment that a worker takes to end whose scene was closed."""

    def others() -> list[psutil.Process]:
        children = psutil.Process().children(recursive=True)
        return [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

    if not walk.running:
        with suppress(AssertionError):
            wait_for(lambda: not others(), 5)
        assert others() == [], told
