"""The runs, searches and exports of one Slicer session: one at a time, with their private folder."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from ...engine.errors import ThinSliceError
from ...engine.events.told import ExportFinished
from ..dicom.dicom_export import DicomExport, ExportRequest
from ..scene.result_nodes import ResultNodes
from ..scene.seen_values import SeenValues
from ..worker.engine_process import StandBy
from ..worker.job import WorkerJob
from ..worker.outcome import Outcome
from ..worker.private_folder import PrivateFolder
from ..worker.request import Request
from .doubt_search import DoubtSearch, SearchRequest
from .run import Run


class Session:
    """Starts runs, and leaves nothing behind when it is closed."""

    def __init__(self) -> None:
        self._folder: PrivateFolder | None = None
        self._run: WorkerJob | None = None
        self.stand_by = StandBy()

    @property
    def running(self) -> bool:
        return self._run is not None and self._run.running

    def start(self, request: Request, *, on_ended: Callable[[Outcome], None], **listeners: Any) -> Run:
        """A run that has begun; its listeners are those of `Run`. Raises ThinSliceError when it cannot begin."""
        return self._begin(Run, request, on_ended, listeners, self.stand_by)

    def start_export(
        self, request: ExportRequest, *, on_ended: Callable[[Outcome], None], **listeners: Any
    ) -> DicomExport:
        """An export that has begun; its listeners are those of `DicomExport`. Raises ThinSliceError as `start`."""
        return self._begin(DicomExport, request, on_ended, listeners)

    def start_search(
        self, request: SearchRequest, *, on_ended: Callable[[Outcome], None], **listeners: Any
    ) -> DoubtSearch:
        """A search for places to doubt that has begun; its listeners are those of `DoubtSearch`. Raises ThinSliceError
        as `start`."""
        return self._begin(DoubtSearch, request, on_ended, listeners, self.stand_by)

    def synthesize(self, request: Request) -> ResultNodes:
        """Runs to the end, for scripts, while Slicer goes on answering. Raises ThinSliceError with what went wrong."""
        seen = SeenValues(request.source, request.values)
        for _piece in seen.in_pieces(request.source):
            slicer.app.processEvents()
        request = replace(request, seen=seen)
        outcomes: list[Outcome] = []
        ignore = {"on_progress": lambda _: None, "on_notice": lambda _: None, "on_visible": lambda _: None}
        run = self.start(request, on_ended=outcomes.append, **ignore)
        _wait_for(run)
        _require_done(outcomes)
        return run.results

    def export(self, request: ExportRequest) -> Path:
        """Exports to the end and returns the folder of the series, while Slicer shows what changes but takes no input.

        Raises ThinSliceError with what went wrong.
        """
        outcomes: list[Outcome] = []
        export = self.start_export(request, on_ended=outcomes.append, on_progress=lambda _: None)
        _wait_for(export, qt.QEventLoop.ExcludeUserInputEvents)
        _require_done(outcomes)
        return Path(outcomes[0].told(ExportFinished).outputs["dicom"])

    def cancel(self) -> None:
        """Ends the run that is going on, whoever has started it."""
        if self._run is not None:
            self._run.cancel()

    def _begin(
        self,
        kind: type[Any],
        request: Any,
        on_ended: Callable[[Outcome], None],
        listeners: dict[str, Any],
        stand_by: StandBy | None = None,
    ) -> Any:
        def ended(outcome: Outcome) -> None:
            self._run = None  # its volumes are the scene's now
            on_ended(outcome)

        if self.running:
            raise ThinSliceError(_("A run is going on already; wait for its end or cancel it."), "running")
        if self._run is not None:
            self._run.abandon()  # one whose scene was closed may not be gone yet
        if self._folder is None:
            self._folder = PrivateFolder(Path(slicer.app.temporaryPath))
            atexit.register(self._folder.remove)  # a script need not close its session
        self._run = kind(request, self._folder, on_ended=ended, **listeners)
        self._run.start(stand_by)
        return self._run

    def close(self) -> None:
        """Ends a run that is going on and the process that stands by, and removes all temporary files."""
        self.stand_by.close()
        if self._run is not None:
            self._run.abandon()
            self._run = None
        if self._folder is not None:
            atexit.unregister(self._folder.remove)
            self._folder.remove()
            self._folder = None


def _wait_for(job: WorkerJob, *events: object) -> None:
    """events: which ones of the application are answered meanwhile; all, unless told otherwise."""
    while job.running:
        slicer.app.processEvents(*events)
        time.sleep(0.01)  # the worker needs the processor more than this loop


def _require_done(outcomes: list[Outcome]) -> None:
    if not outcomes:
        raise ThinSliceError(_("The scene was closed, so the run was ended."), "cancelled")
    if not outcomes[0].done:
        raise ThinSliceError(outcomes[0].sentence or _("The run was cancelled."))
