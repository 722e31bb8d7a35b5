"""The panel's input: what the chosen volume is, and what speaks against it."""

from __future__ import annotations

import html
from typing import Any

import slicer
from slicer.i18n import tr as _

from .input_facts import facts_line, findings
from .result_volume import is_synthetic

# Legible on light and on dark backgrounds.
COLOURS = {"error": "#d9402b", "warning": "#b8860b"}


class InputSection:
    """Shows the facts and findings of a volume."""

    def __init__(self, ui: Any) -> None:
        self._ui = ui

    def show(self, volume: slicer.vtkMRMLScalarVolumeNode | None) -> bool:
        """Tells what the volume is; whether it can be used."""
        if volume is None:
            self._ui.factsLabel.text = _("Choose the chest CT with thick slices.")
            self._tell([])
            return False
        self._ui.factsLabel.text = facts_line(volume)
        lines = [(finding.level, finding.message) for finding in findings(volume)]
        if is_synthetic(volume):
            lines.insert(0, ("error", _("This volume is synthetic; choose the original CT.")))
        self._tell(lines)
        return not any(level == "error" for level, _message in lines)

    def _tell(self, lines: list[tuple[str, str]]) -> None:
        paragraphs = [f'<p style="color:{COLOURS[level]}">{html.escape(message)}</p>' for level, message in lines]
        self._ui.findingsLabel.text = "".join(paragraphs)
        self._ui.findingsLabel.visible = bool(lines)
