"""The panel's button that exports the latest results of the input to DICOM."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..dicom.dicom_database import has_study, is_from_dicom, not_from_dicom_sentence
from ..dicom.dicom_export import ExportRequest
from ..dicom.export_dialog import ExportChoice
from ..scene.result_nodes import all_results_of, of_last_run, results_beside
from ..scene.result_volume import in_scene
from ..scene.synthetic_mark import is_synthetic


class ExportSection:
    """Offers the export where there is something to export and a study for it, else says what is missing."""

    def __init__(
        self, ui: Any, choose: Callable[[bool], ExportChoice | None], start: Callable[[ExportRequest], None]
    ) -> None:
        """choose: asks the user; its argument tells whether there is a BIS volume. start: begins the export."""
        self._button = ui.exportButton
        self._choose = choose
        self._start = start
        self._source: slicer.vtkMRMLScalarVolumeNode | None = None
        self._running = False
        self._button.clicked.connect(lambda *_arguments: self._export())
        scene = slicer.mrmlScene
        self._observation = scene.AddObserver(scene.NodeRemovedEvent, lambda *_arguments: self._show())

    def show_input(self, source: slicer.vtkMRMLScalarVolumeNode | None, running: bool) -> None:
        """To be called when the input, its results, or what is going on may have changed."""
        self._source, self._running = source, running
        self._show()

    def close(self) -> None:
        slicer.mrmlScene.RemoveObserver(self._observation)

    def _results(self) -> tuple[Any, Any]:
        """The last run's DLS and BIS volumes that are no DICOM series already; each None when there is none."""
        if not in_scene(self._source):
            return None, None
        results = results_beside(self._source) if is_synthetic(self._source) else all_results_of(self._source)
        return of_last_run(result for result in results if not is_from_dicom(result))

    def _show(self) -> None:
        obstacle = self._obstacle()
        self._button.enabled = not obstacle
        offer = _(
            "Make new DICOM series of the latest results, in the study of the input; each says that it is synthetic."
        )
        self._button.toolTip = obstacle or offer

    def _obstacle(self) -> str:
        """Why nothing can be exported now, in a sentence; empty when it can."""
        if not in_scene(self._source):
            return _("Choose the volume whose results are to be exported, or a result.")
        if not (has_study(self._source) if is_synthetic(self._source) else is_from_dicom(self._source)):
            return not_from_dicom_sentence()
        if self._running:
            return _("A run or an export is going on; wait for its end or cancel it.")
        if self._results()[0] is None:
            return _("There is no result yet; press Apply first.")
        return ""

    def _export(self) -> None:
        dls, bis = self._results()
        choice = self._choose(bis is not None)
        if choice is not None:
            results = (dls, bis) if choice.with_bis and bis is not None else (dls,)
            self._start(ExportRequest(results, choice.folder, choice.compressed, choice.anonymous))
