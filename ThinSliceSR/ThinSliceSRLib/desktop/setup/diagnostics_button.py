"""The button that puts a text about this installation and the last run on the clipboard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from ..worker.outcome import Outcome
from .diagnostics import diagnostics_text
from .requirements import missing_requirements
from .weights_list import WeightsList


@dataclass(frozen=True)
class Known:
    """What is known by now: the devices and the models that the engine has told of, and how the last run ended."""

    devices: dict[str, Any] | None
    weights: WeightsList | None
    outcome: Outcome | None


class DiagnosticsButton:
    """Copies the text, once it is known what this computer has."""

    def __init__(
        self,
        button: Any,
        ask: Callable[[Callable[[], None]], None],
        known: Callable[[], Known],
        tell: Callable[[str], None],
        busy: Callable[[], bool],
    ) -> None:
        """ask: asks about this computer, and calls what it is given when that is over. tell: shows a sentence, where a
        run tells how far it is while one goes on, as `busy` says."""
        self._button = button
        self._ask = ask
        self._known = known
        self._tell = tell
        self._busy = busy
        button.clicked.connect(lambda *_arguments: self._copy_when_known())

    def _copy_when_known(self) -> None:
        if self._known().devices is not None or missing_requirements():
            self._copy()
            return
        self._button.enabled = False
        if not self._busy():
            self._tell(_("Asking the background program about this computer…"))
        self._ask(self._copy)

    def _copy(self) -> None:
        self._button.enabled = True
        known = self._known()
        names = [node.GetName() for node in slicer.util.getNodesByClass("vtkMRMLVolumeNode")]
        log = known.outcome.log.splitlines() if known.outcome else []
        facts = known.outcome.facts if known.outcome else None
        slicer.app.clipboard().setText(diagnostics_text(known.devices, known.weights, facts, log, names))
        self._tell(_("The diagnostics are on the clipboard; paste them into your report."))
