"""The panel's comparison: thick, BIS and DLS side by side, windows for all of them, and fading in the user's views."""

from __future__ import annotations

from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ..compare.comparison import ComparedVolumes, Comparison, has_views, no_views_sentence
from ..compare.comparison_layout import COMPARISON_VIEWS, ROWS
from ..compare.doubt_overlay import DoubtOverlay
from ..compare.fade import Fade
from ..compare.flip import KEY
from ..compare.network_difference import DifferenceSection
from ..scene.result_nodes import results_of
from ..scene.result_volume import in_scene
from ..scene.viewed_slice import viewed_position
from ..scene.windows import set_window
from .list_entries import add_entry

FLICKER_MS = 500
PLANES_SETTING = "ThinSliceSR/ComparedPlanes"
ALL_PLANES = "all"


class CompareSection:
    """Offers what can be done with the results that the input has."""

    def __init__(self, ui: Any, overlay: DoubtOverlay) -> None:
        """overlay: gives way to a fade, and follows the comparison."""
        self._ui = ui
        self._overlay = overlay
        self._source: slicer.vtkMRMLScalarVolumeNode | None = None
        self._new_results = False
        self._tool_tip = ui.compareButton.toolTip
        self._comparison = Comparison(on_left=self._left)
        scene = slicer.mrmlScene
        self._observation = scene.AddObserver(scene.NodeRemovedEvent, lambda *_arguments: self.show_input(self._source))
        self._fade = Fade()
        self._difference = DifferenceSection(ui, self.prepare_flip, overlay)
        self._flicker = qt.QTimer()
        self._flicker.timeout.connect(self._fade.flicker)
        planes = [_("Axial only"), _("Coronal only"), _("Sagittal only")]
        for label, value in ((_("Three planes"), ALL_PLANES), *zip(planes, ROWS, strict=True)):
            add_entry(ui.planesComboBox, label, value)
        remembered = ui.planesComboBox.findData(slicer.app.userSettings().value(PLANES_SETTING) or ALL_PLANES)
        ui.planesComboBox.currentIndex = max(0, remembered)
        ui.planesComboBox.currentIndexChanged.connect(lambda *_arguments: self._choose_planes())
        link = _("{link}, or press {key} to see thick, BIS and DLS in turn.")
        ui.compareLink.text = link.format(link=f'<a href="#">{ui.compareButton.text}</a>', key=KEY)
        ui.compareLink.linkActivated.connect(lambda *_arguments: self._follow_link())
        ui.compareButton.toggled.connect(self._compare)
        ui.flickerButton.toggled.connect(self._toggle_flicker)
        ui.fadeSlider.valueChanged.connect(self._fade_to)
        ui.thinSelector.currentNodeChanged.connect(lambda *_arguments: self._show_again())
        for name in ("lung", "mediastinum", "bone"):
            button = getattr(ui, f"{name}Button")
            button.clicked.connect(lambda *_arguments, name=name: self._set_window(name))

    def show_input(self, source: slicer.vtkMRMLScalarVolumeNode | None) -> None:
        """Offers to compare the input's latest results; to be called when either may have changed."""
        self._new_results = self._new_results and source is self._source
        self._source = source
        compared = self._compared()
        self._ui.compareButton.enabled = has_views() and (compared is not None or self._comparison.is_shown)
        self._ui.compareButton.toolTip = self._tool_tip if has_views() else no_views_sentence()
        self._set_quietly(self._ui.compareButton, "checked", self._comparison.is_shown)
        for button in (self._ui.lungButton, self._ui.mediastinumButton, self._ui.boneButton):
            button.enabled = compared is not None
        fades = has_views() and compared is not None and compared.bis is not None
        self._ui.fadeSlider.enabled = fades
        self._ui.flickerButton.enabled = fades
        if self._fade.is_on and (compared is None or self._fade.volumes != (compared.bis, compared.dls)):
            self.end_fade()
        self._difference.offer(compared)
        self._show_again()
        self._ui.compareLink.visible = self._new_results and self._ui.compareButton.enabled

    def owns(self, view: slicer.vtkMRMLSliceCompositeNode) -> bool:
        """Whether the view is one of the comparison's."""
        return view.GetLayoutName() in COMPARISON_VIEWS

    def show_new_results(self) -> None:
        """Offers to compare results that have just become visible, also below what the panel tells of the run."""
        self.end_fade()
        self._new_results = True
        self.show_input(self._source)

    def prepare_flip(self) -> ComparedVolumes | None:
        """Ends a fade, and tells what of the input can be shown in turn."""
        self.end_fade()
        return self._compared()

    def forget_new_results(self) -> None:
        """The run that made them has ended without success, or another begins."""
        self._new_results = False

    def volume_leaves(self, volume: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Ends a fade of the volume; to be called while it is still in the scene."""
        if volume in self._fade.volumes or self._difference.holds(volume):
            self.end_fade()

    def close(self) -> None:
        """Puts the user's own layout and views back."""
        slicer.mrmlScene.RemoveObserver(self._observation)
        self.leave()

    def leave(self) -> None:
        """Back to the user's own layout and views, as when the scene is closed."""
        self.end_fade()
        self._comparison.back()

    def _compared(self) -> ComparedVolumes | None:
        """What there is to compare of the input."""
        return self._with_last_results(self._source, self._ui.thinSelector.currentNode())

    def _with_last_results(
        self, source: slicer.vtkMRMLScalarVolumeNode | None, thin: slicer.vtkMRMLScalarVolumeNode | None
    ) -> ComparedVolumes | None:
        dls, bis = results_of(source) if in_scene(source) else (None, None)
        if dls is None:
            return None
        return ComparedVolumes(source, bis, dls, None if thin in (source, dls, bis) else thin)

    def _compare(self, wanted: bool) -> None:
        compared = self._compared()
        if wanted and compared is not None:
            self.end_fade()
            self._comparison.show(compared, viewed_position(compared.thick), self._rows())
            self._overlay.lay_in_comparison()
        else:
            self._comparison.back()
            self.show_input(self._source)  # what was offered may be no more

    def _follow_link(self) -> None:
        self._ui.compareButton.checked = True

    def _show_again(self) -> None:
        """The comparison that is shown, with what is to be compared now; it ends where nothing is left to compare."""
        shown = self._comparison.volumes
        if not self._comparison.is_shown or shown is None:
            return
        # An input without results leaves the comparison of another as it is, but for what was deleted.
        compared = self._compared() or self._with_last_results(
            shown.thick, shown.thin if in_scene(shown.thin) else None
        )
        if compared is None:
            self._comparison.back()
        elif compared != shown or self._rows() != self._comparison.rows:
            self._comparison.show(compared, rows=self._rows())
            self._overlay.lay_in_comparison()

    def _rows(self) -> tuple[str, ...]:
        planes = self._planes()
        return ROWS if planes == ALL_PLANES else (planes,)

    def _planes(self) -> str:
        choices = self._ui.planesComboBox
        return choices.itemData(choices.currentIndex)

    def _choose_planes(self) -> None:
        """The choice is kept for all scenes, as a matter of taste."""
        slicer.app.userSettings().setValue(PLANES_SETTING, self._planes())
        self._show_again()

    def _left(self) -> None:
        """What was faded was so in the comparison's views, as that begins by ending any other fade."""
        self.end_fade()
        self._set_quietly(self._ui.compareButton, "checked", False)

    def _set_window(self, name: str) -> None:
        compared = self._compared()
        if compared is not None:
            set_window(compared.by_column().values(), name)

    def _fade_to(self, percent: int) -> None:
        self._flicker.stop()
        self._set_quietly(self._ui.flickerButton, "checked", False)
        self._begin_fade()
        self._fade.set_share(percent / 100)

    def _toggle_flicker(self, wanted: bool) -> None:
        if wanted:
            self._begin_fade()
            self._flicker.start(FLICKER_MS)
        else:
            self.end_fade()

    def _begin_fade(self) -> None:
        compared = self._compared()
        if not self._fade.is_on and compared is not None and compared.bis is not None:
            self._difference.leave()
            self._overlay.pause()
            self._fade.begin(compared.bis, compared.dls)

    def end_fade(self) -> None:
        """The views that were faded show again what they showed before."""
        self._difference.leave()
        self._flicker.stop()
        self._fade.end()
        self._overlay.resume()
        self._set_quietly(self._ui.flickerButton, "checked", False)
        self._set_quietly(self._ui.fadeSlider, "value", self._ui.fadeSlider.maximum)

    def _set_quietly(self, widget: Any, name: str, value: Any) -> None:
        """Sets a property that follows what is shown, which is no wish of the user's."""
        blocked = widget.blockSignals(True)
        setattr(widget, name, value)
        widget.blockSignals(blocked)
