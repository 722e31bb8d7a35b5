"""The panel's input: what the chosen volume is, and what speaks against it."""

from __future__ import annotations

import html
import logging
from collections.abc import Callable
from typing import Any

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from ...engine.errors import UnusableInput
from ...engine.volumes.pieces import whole
from ..scene.engine_sentences import translated
from ..scene.given_thickness import give_thickness, give_values, given_thickness_mm, given_values
from ..scene.input_facts import facts_line, findings
from ..scene.seen_values import SeenValues
from ..scene.synthetic_mark import is_synthetic
from ..worker.later import later
from ..worker.outcome import unexpected_sentence
from ..worker.piecework import Piecework
from .legible_colours import Colour, legible
from .list_entries import add_entry

SETTLED_MS = 200
# So many are looked through in some 20 ms.
AT_ONCE_VOXELS = 4_000_000
COLOURS: dict[str, Colour] = {"error": (0.85, 0.25, 0.17), "warning": (0.72, 0.53, 0.04)}


class InputSection:
    """Shows the facts and findings of a volume.

    seen: the look at its values; None where there is nothing to look at.
    """

    def __init__(self, ui: Any, on_changed: Callable[[], None]) -> None:
        """on_changed: the watched volume has got another image, place or origin, or all its values are looked at; it is
        to be shown anew."""
        self.seen: SeenValues | None = None
        self._look: Piecework | None = None
        self._ui = ui
        self._on_changed = on_changed
        self._watched: slicer.vtkMRMLScalarVolumeNode | None = None
        self._observations: list[int] = []
        self._change_waits = False
        self._shows = False
        scales = (
            (_("HU, if they can be"), ""),
            (_("HU, whatever they look like"), "hu"),
            (_("0 to 1 for -1024 to 2048 HU"), "unit"),
            (_("HU with 1024 added"), "offset"),
        )
        for label, values in scales:
            add_entry(ui.valuesComboBox, label, values)
        ui.valuesComboBox.enabled = False
        ui.valuesComboBox.currentIndexChanged.connect(lambda *_arguments: self._values_given())
        ui.thicknessSpinBox.valueChanged.connect(lambda *_arguments: self._thickness_given())

    def watch(self, volume: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        """Tells of changes of this volume from now on; None: of none. The look at another one ends."""
        self._forget_look()
        if self._watched is not None:
            for observation in self._observations:
                self._watched.RemoveObserver(observation)
        self._watched = volume
        events = (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLScalarVolumeNode.ImageDataModifiedEvent)
        self._observations = [volume.AddObserver(event, self._changed) for event in events] if volume else []

    def _changed(self, *_arguments: object) -> None:
        """Loading changes a volume many times at once, so it is looked at when that is over."""
        if not self._change_waits:
            self._change_waits = True
            later(self._settled, SETTLED_MS)

    def _settled(self) -> None:
        self._change_waits = False
        if self._watched is not None:
            self._on_changed()

    def show(self, volume: slicer.vtkMRMLScalarVolumeNode | None) -> bool:
        """Tells what the volume is; whether it can be used, as far as it is known by now."""
        self._show_given(volume)
        if volume is None:
            self._forget_look()
            self._ui.factsLabel.text = _("Choose the chest CT with thick slices.")
            self._tell([])
            return False
        try:
            facts, lines = self._looked_at(volume)
        except Exception as error:  # noqa: BLE001 - whatever it is, the user is to know of it
            self._fail(error)
            return False
        self._ui.factsLabel.text = facts
        self._tell(lines)
        return self._look is None and not any(level == "error" for level, _message in lines)

    def _looked_at(self, volume: slicer.vtkMRMLScalarVolumeNode) -> tuple[str, list[tuple[str, str]]]:
        """The facts, and level and sentence of each finding. What is no volume has no facts but a finding."""
        facts = facts_line(volume)
        self._look_at_values(volume)
        found = findings(volume, seen=self.seen)
        lines: list[tuple[str, str]] = [(finding.level, translated(finding.message)) for finding in found]
        if ("error", facts) in lines:
            facts = ""
        if is_synthetic(volume):
            lines.insert(0, ("error", _("This volume is synthetic; choose the original CT.")))
        if self._look is not None:
            lines.append(("note", _("Looking through all its values; Apply is offered when that is done…")))
        return facts, lines

    def _look_at_values(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Begins to look at the values, at once where they are few, unless that is done or goes on."""
        if self.seen is not None and self.seen.is_of(volume) and (self.seen.whole or self._look is not None):
            return
        self._forget_look()
        try:
            self.seen = SeenValues(volume)
        except UnusableInput:
            return  # which is found again below
        if volume.GetImageData().GetNumberOfPoints() <= AT_ONCE_VOXELS:
            whole(self.seen.in_pieces(volume))
        else:
            self._look = Piecework(self.seen.in_pieces(volume), self._look_ended, self._fail)

    def _look_ended(self, _nothing: None) -> None:
        """With all values seen, or with others in the volume, which are looked at anew."""
        self._look = None
        self._on_changed()

    def _forget_look(self) -> None:
        if self._look is not None:
            self._look.stop()
        self._look = self.seen = None

    def _fail(self, error: Exception) -> None:
        logging.error("the input could not be looked at", exc_info=error)
        self._forget_look()
        self._ui.factsLabel.text = ""
        self._tell([("error", unexpected_sentence(error))])

    def _show_given(self, volume: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        self._shows = True  # what is shown is no choice of the user's
        self._ui.thicknessSpinBox.enabled = volume is not None
        self._ui.thicknessSpinBox.value = (given_thickness_mm(volume) if volume else None) or 0.0
        values = (given_values(volume) if volume else None) or ""
        self._ui.valuesComboBox.enabled = volume is not None
        self._ui.valuesComboBox.currentIndex = self._ui.valuesComboBox.findData(values)
        self._shows = False

    def _values_given(self) -> None:
        """The first entry stands for what nobody has said."""
        scales = self._ui.valuesComboBox
        if not self._shows and self._watched is not None and scales.currentIndex >= 0:
            give_values(self._watched, scales.itemData(scales.currentIndex) or None)
            self._on_changed()

    def _thickness_given(self) -> None:
        """The smallest value, 0, stands for what the source says."""
        if not self._shows and self._watched is not None:
            give_thickness(self._watched, self._ui.thicknessSpinBox.value or None)
            self._on_changed()

    def _colours(self) -> dict[str, str]:
        """The colour of each level on the present background, as HTML writes it."""
        window = self._ui.findingsLabel.palette.color(qt.QPalette.Window)
        background = (window.redF(), window.greenF(), window.blueF())
        legibles = {level: legible(colour, background) for level, colour in COLOURS.items()}
        return {level: "#{:02x}{:02x}{:02x}".format(*(round(255 * c) for c in c3)) for level, c3 in legibles.items()}

    def _tell(self, lines: list[tuple[str, str]]) -> None:
        colours = self._colours()
        paragraphs = [_paragraph(message, colours.get(level)) for level, message in lines]  # a note has no colour
        self._ui.findingsLabel.text = "".join(paragraphs)
        self._ui.findingsLabel.visible = bool(lines)


def _paragraph(message: str, colour: str | None) -> str:
    style = f' style="color:{colour}"' if colour else ""
    return f"<p{style}>{html.escape(message)}</p>"
