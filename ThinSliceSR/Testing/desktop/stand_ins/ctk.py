"""Stands for CTK's widgets of which the panel uses properties. It cannot prove how the real ones look or fold."""

from __future__ import annotations

from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QGroupBox, QWidget


class ctkCollapsibleButton(QGroupBox):  # noqa: N801 - the name that the .ui file uses
    """A titled box; `collapsed` hides its content."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._collapsed = False

    def _get_collapsed(self) -> bool:
        return self._collapsed

    def _set_collapsed(self, collapsed: bool) -> None:
        changed, self._collapsed = collapsed != self._collapsed, collapsed
        self.setMaximumHeight(24 if collapsed else 16_777_215)
        if changed:
            self.contentsCollapsed.emit(collapsed)

    collapsed = Property(bool, _get_collapsed, _set_collapsed)
    text = Property(str, QGroupBox.title, QGroupBox.setTitle)
