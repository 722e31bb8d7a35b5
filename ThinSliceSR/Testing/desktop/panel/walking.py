"""A user who does random things with the panel and the views, and what each view may show by what was chosen so far."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from driving import add_thick_volume, choose, open_module, wait_for
from fast_worker import tell
from slice_views import SliceViews

VIEWS = ("Red", "Yellow", "Green")
PATIENTS = ("First", "Second", "Third")
SELECTORS = ("input", "dls", "bis", "thin")


class Walk:
    """The panel over a scene with up to three patients.

    `chosen` holds by view what the user or a run has put there, by node id, the latest last, and `ended` whether a run
    has ended since the last action without success, which takes back what it has put there.
    """

    def __init__(self, views: SliceViews, folder: Path, seed: int, linked: bool) -> None:
        self.views, self.scene, self.folder, self.linked = views, views.scene, folder, linked
        self.chance = random.Random(seed)
        self.chosen: dict[str, list[str]] = {}
        self.put_by_run: dict[str, str] = {}
        self.ended = False
        self.module = open_module(__name__)
        self.scene.SetUndoOn()
        self.begin_scene()

    def begin_scene(self) -> None:
        self.chosen, self.put_by_run = {name: [] for name in VIEWS}, {}
        for name in VIEWS:
            self.views.node(name).SetMappedInLayout(True)
            self.views.composite(name).SetLinkedControl(self.linked)

    @property
    def ui(self) -> Any:
        return self.module.ui

    @property
    def running(self) -> bool:
        return bool(self.module.logic.session.running)

    @property
    def can_apply(self) -> bool:
        return bool(self.ui.applyButton.enabled)

    @property
    def compares(self) -> bool:
        """Whether the button says so."""
        return bool(self.ui.compareButton.checked)

    @property
    def selected(self) -> dict[str, Any]:
        return {name: getattr(self.ui, f"{name}Selector").currentNode() for name in SELECTORS}

    def volumes(self) -> list[Any]:
        import slicer

        return slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode")

    def results_of(self, source: Any) -> list[Any]:
        return [
            volume for volume in self.volumes() if volume.GetNodeReferenceID("ThinSliceSR.Source") == source.GetID()
        ]

    def settle(self) -> None:
        """Waits until nothing goes on but a run that is held."""
        if self.module.panel._run is None:
            return

        def has_settled() -> bool:
            run = self.module.panel._run
            held = (self.folder / "behaviour").read_text() == "hold"
            return not self.running or (held and run.visible and not self.is_ending(run))

        wait_for(has_settled, 20)
        if not self.running and not self.module.panel._messages.outcome.done:
            self.take_back()

    def is_ending(self, run: Any) -> bool:
        """Whether it is being cancelled, or will be because a volume of it is gone."""
        volumes = [run.request.source, *run.results._volumes.values()]
        nodes = [getattr(volume, "node", volume) for volume in volumes]
        return run._cancelling or not all(self.scene.IsNodePresent(node) for node in nodes)

    def take_back(self) -> None:
        """What a run has put into views, now that it has ended without success."""
        self.ended = True
        for name, volume_id in self.put_by_run.items():
            if self.chosen[name] and self.chosen[name][-1] == volume_id:
                self.chosen[name].pop()
        self.put_by_run = {}

    def put_into(self, names: Iterable[str], volume: Any) -> None:
        for name in names:
            self.chosen[name] = [*self.chosen[name], volume.GetID()] if volume is not None else []

    # What a user does

    def possible(self) -> dict[str, bool]:
        """What can be done now, by the name of the method that does it."""
        there, idle = bool(self.volumes()), not self.running
        return {
            "load": bool(self.missing()),
            "choose_input": there and idle,
            "choose_other": there and idle,
            "choose_for_a_view": there,
            "apply": idle and self.can_apply,
            "cancel": self.running,
            "go_on": self.running,
            "delete": there,
            "delete_within_a_batch": there,
            "undo": self.scene.GetNumberOfUndoLevels() > 0,
            "compare": bool(self.ui.compareButton.enabled),
            "fade": bool(self.ui.fadeSlider.enabled),
            "flip": there,
            "choose_planes": True,
            "close": True,
            "reload": True,
        }

    def missing(self) -> list[str]:
        return [name for name in PATIENTS if self.scene.GetFirstNodeByName(name) is None]

    def load(self) -> None:
        self.scene.SaveStateForUndo()
        volume = add_thick_volume(self.chance.choice(self.missing()), matrix=8, slices=4)
        volume.SetUndoEnabled(True)
        self.views.application_logic.GetSelectionNode().SetActiveVolumeID(volume.GetID())
        self.views.application_logic.PropagateVolumeSelection(0)
        self.put_into(VIEWS, volume)

    def choose_input(self) -> None:
        choose(self.ui.inputSelector, self.chance.choice(self.volumes()))

    def choose_other(self) -> None:
        selector = getattr(self.ui, self.chance.choice(["dlsSelector", "bisSelector", "thinSelector"]))
        choose(selector, self.chance.choice([None, *self.volumes()]))

    def choose_for_a_view(self) -> None:
        """Any but those that are faded: to choose one of them is not to be told from the fade."""
        faded = self.module.panel._compare._fade.volumes
        others = [volume for volume in self.volumes() if volume not in faded]
        name, volume = self.chance.choice(VIEWS), self.chance.choice([None, *others, *others])
        self.views.selectors[name].background.choose_by_hand(volume)
        self.put_into(VIEWS if self.linked else [name], volume)

    def apply(self) -> None:
        tell(self.folder, self.chance.choice(["hold", "hold", "finish", "fail"]))
        source = self.ui.inputSelector.currentNode()
        self.ui.applyButton.click()
        run = self.module.panel._run
        if run is None:  # it was refused, as for an output that holds other data
            return
        of_source = {volume.GetID() for volume in (source, *self.results_of(source))}
        wait_for(lambda: run.visible or not self.running, 20)
        self.put_by_run = {}
        for name in VIEWS if run.visible else ():
            if self.chosen[name] and self.chosen[name][-1] in of_source - {run.results.dls.GetID()}:
                self.chosen[name].append(run.results.dls.GetID())
                self.put_by_run[name] = run.results.dls.GetID()
        if not self.running and not self.module.panel._messages.outcome.done:
            self.take_back()

    def cancel(self) -> None:
        self.ui.applyButton.click()

    def go_on(self) -> None:
        tell(self.folder, self.chance.choice(["finish", "fail"]))

    def delete(self) -> None:
        self.scene.SaveStateForUndo()
        self.scene.RemoveNode(self.chance.choice(self.volumes()))

    def delete_within_a_batch(self) -> None:
        self.scene.StartState(self.scene.BatchProcessState)
        self.delete()
        self.scene.EndState(self.scene.BatchProcessState)

    def undo(self) -> None:
        self.scene.Undo()

    def compare(self) -> None:
        self.ui.compareButton.click()

    def fade(self) -> None:
        self.ui.fadeSlider.value = self.chance.randint(0, 99)

    def flip(self) -> None:
        """A view that shows the input or a result of it shows another of them, and the input when that goes."""
        self.module.panel._flip.turn()
        source = self.selected["input"]
        of_source = [source, *self.results_of(source)] if source is not None else []
        for name in VIEWS:
            shown = self.scene.GetNodeByID(self.views.composite(name).GetBackgroundVolumeID() or "")
            if shown in of_source and self.chosen[name] and self.chosen[name][-1] != shown.GetID():
                self.put_into([name], source)
                self.put_into([name], shown)

    def choose_planes(self) -> None:
        self.ui.planesComboBox.currentIndex = self.chance.randrange(4)

    def close(self) -> None:
        self.scene.Clear(False)
        self.begin_scene()

    def leave(self) -> None:
        self.ui.planesComboBox.currentIndex = 0  # it is kept beyond the scene
        self.module.cleanup()

    def reload(self) -> None:
        if self.running:
            self.take_back()
        self.module.cleanup()
        self.module = open_module(__name__)
