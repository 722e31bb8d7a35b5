"""The runs of one Slicer session: one at a time, with their private folder."""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..engine.errors import ThinSliceError
from .private_folder import PrivateFolder
from .result_nodes import ResultNodes
from .run import Outcome, Request, Run


class Session:
    """Starts runs, and leaves nothing behind when it is closed."""

    def __init__(self) -> None:
        self._folder: PrivateFolder | None = None
        self._run: Run | None = None

    @property
    def running(self) -> bool:
        return self._run is not None and self._run.running

    def start(self, request: Request, *, on_ended: Callable[[Outcome], None], **listeners: Any) -> Run:
        """A run that has begun; its listeners are those of `Run`. Raises ThinSliceError when it cannot begin."""

        def ended(outcome: Outcome) -> None:
            self._run = None  # its volumes are the scene's now
            on_ended(outcome)

        if self.running:
            raise ThinSliceError(_("A run is going on already; wait for its end or cancel it."), "running")
        if self._folder is None:
            self._folder = PrivateFolder(Path(slicer.app.temporaryPath))
            atexit.register(self._folder.remove)  # a script need not close its session
        self._run = Run(request, self._folder, on_ended=ended, **listeners)
        self._run.start()
        return self._run

    def synthesize(self, request: Request) -> ResultNodes:
        """Runs to the end, for scripts, while Slicer goes on answering. Raises ThinSliceError with what went wrong."""
        outcomes: list[Outcome] = []
        ignore = {"on_progress": lambda _: None, "on_notice": lambda _: None, "on_visible": lambda _: None}
        run = self.start(request, on_ended=outcomes.append, **ignore)
        while run.running:
            slicer.app.processEvents()
            time.sleep(0.01)  # the worker needs the processor more than this loop
        if not outcomes:
            raise ThinSliceError(_("The scene was closed, so the run was ended."), "cancelled")
        if not outcomes[0].done:
            raise ThinSliceError(outcomes[0].sentence or _("The run was cancelled."))
        return run.results

    def cancel(self) -> None:
        """Ends the run that is going on, whoever has started it."""
        if self.running:
            self._run.cancel()

    def close(self) -> None:
        """Ends a run that is going on, and removes all temporary files."""
        if self._run is not None:
            self._run.abandon()
            self._run = None
        if self._folder is not None:
            atexit.unregister(self._folder.remove)
            self._folder.remove()
            self._folder = None
