"""The panel's section on where the thin slices may be wrong: the overlay, its threshold, and the list of places."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..compare.comparison import has_views, no_views_sentence
from ..compare.doubt_overlay import DoubtOverlay, views_under
from ..run.doubt_places import Place, mark_places, marked_places, places_in, remove_places, show_place
from ..run.doubt_search import SearchRequest
from ..scene.doubt_colours import WINDOW, repair_colours, show_from, shown_from
from ..scene.result_nodes import doubt_of, results_of
from ..scene.result_volume import in_scene
from ..scene.synthetic_mark import ATTRIBUTE_PREFIX
from ..worker.later import later
from .doubt_choice import DoubtChoice
from .doubt_table import DoubtTable


class DoubtSection:
    """Offers what can be done with the doubt of the input's latest results, and says why where there is none."""

    def __init__(self, ui: Any, choice: DoubtChoice, search: Callable[[SearchRequest], None]) -> None:
        """search: begins to look for places, which `show_places` is told."""
        self.overlay = DoubtOverlay()
        self._ui = ui
        self._choice = choice
        self._search = search
        self._source: slicer.vtkMRMLScalarVolumeNode | None = None
        self._running = False
        self._table = DoubtTable(ui.placesTable, self._show_place)
        self._listed: slicer.vtkMRMLMarkupsFiducialNode | None = None
        self._listed_observation = 0
        scene = slicer.mrmlScene
        self._observation = scene.AddObserver(scene.NodeRemovedEvent, lambda *_arguments: self._show())
        ui.doubtButton.toggled.connect(lambda *_arguments: self._toggle())
        ui.doubtFromSlider.valueChanged.connect(lambda *_arguments: self._show_from())
        ui.doubtOpacitySlider.valueChanged.connect(lambda *_arguments: self._set_opacity())
        ui.placesButton.clicked.connect(lambda *_arguments: self._list_places())
        self._show()

    def show_input(self, source: slicer.vtkMRMLScalarVolumeNode | None, running: bool) -> None:
        """To be called when the input, its results, or what is going on may have changed."""
        self._source, self._running = source, running
        self._show()

    def show_places(self, request: SearchRequest, places: list[Place]) -> None:
        """Lists what was found, unless the doubt is no more."""
        if in_scene(request.doubt):
            mark_places(places, request.doubt, f"places to doubt in {request.dls.GetName()}")
        self._show()

    def volume_leaves(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Takes the doubt out of the views when it or DLS goes; to be called while the volume is still in the scene."""
        if volume in (self.overlay.dls, self.overlay.doubt):
            self._end_overlay()
        markups = marked_places(doubt_of(volume) or volume)
        if markups is not None:  # else marks would stay of what nobody can look at any more
            later(lambda: remove_places(markups))

    def leave(self) -> None:
        """Puts the views back, as when the scene is closed, and forgets its nodes."""
        self._end_overlay()
        self._source = None
        self._show()

    def close(self) -> None:
        slicer.mrmlScene.RemoveObserver(self._observation)
        self._end_overlay()
        self._watch(None)

    def _results(self) -> tuple[Any, Any, Any]:
        """The input's latest DLS and BIS volumes, and the doubt; each None when there is none."""
        dls, bis = results_of(self._source) if in_scene(self._source) else (None, None)
        return dls, bis, doubt_of(dls) if dls is not None else None

    def _show(self) -> None:
        dls, bis, doubt = self._results()
        if self.overlay.is_on and (self.overlay.dls, self.overlay.doubt) != (dls, doubt):
            self._end_overlay()
        if doubt is not None:
            repair_colours(doubt)
            views = [] if self.overlay.is_on else list(views_under(doubt, dls))
            if views:  # of a scene that was saved so
                self.overlay.set_opacity(views[0].GetForegroundOpacity())
                self.overlay.begin(dls, doubt)
            self._set_quietly(self._ui.doubtFromSlider, "value", shown_from(doubt))
            self._set_quietly(self._ui.doubtOpacitySlider, "value", round(self.overlay.opacity * 100))
        obstacle = self._obstacle(dls, doubt)
        self._set_quietly(self._ui.doubtButton, "checked", self.overlay.is_on)
        self._ui.doubtButton.enabled = not obstacle
        for name in ("FromLabel", "FromSlider", "OpacityLabel", "OpacitySlider", "LegendBar", "LegendLabel"):
            getattr(self._ui, f"doubt{name}").visible = not obstacle
        self._ui.placesButton.visible = doubt is not None
        self._ui.doubtStateLabel.text = obstacle
        self._ui.doubtStateLabel.visible = bool(obstacle)
        self._show_legend()
        self._offer_places(bis, doubt)

    def _obstacle(self, dls: slicer.vtkMRMLScalarVolumeNode | None, doubt: object) -> str:
        """Why no doubt can be laid over DLS, in a sentence; empty when it can."""
        if doubt is not None:
            return "" if has_views() else no_views_sentence()
        choice, weights = self._ui.makeDoubtCheckBox.text, self._choice.weights
        model = dls.GetAttribute(ATTRIBUTE_PREFIX + "Model") or "" if dls is not None else ""
        if weights is not None and weights.cannot_doubt(model):
            sentence = _("The model {name}, which made these thin slices, cannot tell where they may be wrong.")
            return sentence.format(name=model)
        if self._choice.obstacle:
            return self._choice.obstacle
        if dls is None:
            return _("There are no thin slices yet; check “{choice}” and press Apply.").format(choice=choice)
        sentence = _("Nothing was told of where these thin slices may be wrong; check “{choice}” and press Apply.")
        return sentence.format(choice=choice)

    # The overlay

    def _toggle(self) -> None:
        dls, _bis, doubt = self._results()
        if self._ui.doubtButton.checked and doubt is not None:
            self.overlay.begin(dls, doubt)
        else:
            self.overlay.end()

    def _end_overlay(self) -> None:
        self.overlay.end()
        self._set_quietly(self._ui.doubtButton, "checked", False)

    def _show_from(self) -> None:
        doubt = self._results()[2]
        if doubt is not None:
            show_from(doubt, self._ui.doubtFromSlider.value)
        self._show_legend()

    def _set_opacity(self) -> None:
        self.overlay.set_opacity(self._ui.doubtOpacitySlider.value / 100)

    def _show_legend(self) -> None:
        hu = self._ui.doubtFromSlider.value
        self._ui.doubtFromLabel.text = _("Show where the error may exceed {hu} HU").format(hu=hu)
        legend = _(
            "Amber marks where the network expects to be wrong by more than {hu} HU; the brightest, by {most} HU or "
            "more. What is not marked is not proven: low doubt is no proof."
        )
        self._ui.doubtLegendLabel.text = legend.format(hu=hu, most=round(WINDOW.width))

    # The places

    def _offer_places(self, bis: object, doubt: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        self._ui.placesButton.enabled = doubt is not None and bis is not None and not self._running
        lacks_bis = doubt is not None and bis is None
        told = _("The list needs BIS to compare with; check the BIS volume and press Apply.") if lacks_bis else ""
        markups = marked_places(doubt) if doubt is not None else None
        if markups is not self._listed:
            self._watch(markups)
            self._fill_table()
        if markups is not None:
            count = markups.GetNumberOfControlPoints()
            told = _("{count} places: choose one, and all views go there. There may be others.").format(count=count)
            if count == 1:
                told = _("One place: choose it, and all views go there. There may be others.")
            if not count:
                told = _("No place was found. That is no proof that there is none.")
        self._ui.placesLabel.text = told
        self._ui.placesLabel.visible = bool(told)

    def _watch(self, markups: slicer.vtkMRMLMarkupsFiducialNode | None) -> None:
        """Follows this list from now on: the user may delete points of it."""
        if self._listed is not None:
            self._listed.RemoveObserver(self._listed_observation)
        self._listed = markups
        if markups is not None:
            event = slicer.vtkMRMLMarkupsNode.PointRemovedEvent
            self._listed_observation = markups.AddObserver(event, lambda *_arguments: self._points_changed())

    def _points_changed(self) -> None:
        self._fill_table()
        self._show()

    def _fill_table(self) -> None:
        self._table.show(places_in(self._listed) if self._listed is not None else ())
        self._ui.placesTable.visible = self._listed is not None and self._listed.GetNumberOfControlPoints() > 0

    def _list_places(self) -> None:
        dls, bis, doubt = self._results()
        if bis is not None and doubt is not None:
            self._search(SearchRequest(dls, bis, doubt))

    def _show_place(self, place: Place) -> None:
        dls, bis, doubt = self._results()
        thin = self._ui.thinSelector.currentNode()
        volumes = [volume for volume in (self._source, dls, bis, doubt, thin) if volume is not None]
        if dls is not None:
            show_place(place, dls, volumes)

    def _set_quietly(self, widget: Any, name: str, value: Any) -> None:
        """Sets a property that follows what is shown, which is no wish of the user's."""
        blocked = widget.blockSignals(True)
        setattr(widget, name, value)
        widget.blockSignals(blocked)
