"""Stands for what the module uses of CTK: a widget, and the indexer of the DICOM database.

It cannot prove how the real widget looks or folds, nor what the real indexer does in its thread.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Property, QObject, QTimer, Signal
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


class ctkDICOMIndexer(QObject):  # noqa: N801 - CTK's name
    """Copies the files of a folder into the stand-in of the database, after its caller has gone on."""

    indexingComplete = Signal(int, int, int, int)

    def __init__(self) -> None:
        super().__init__()
        self.backgroundImportEnabled = False

    def addDirectory(self, database: object, directoryName: str, copyFile: bool = False) -> None:
        assert self.backgroundImportEnabled, "Slicer would wait for it"
        assert copyFile, "the files will be removed"
        files = [path for path in Path(directoryName).rglob("*") if path.is_file()]

        def index() -> None:
            for path in files:
                database.insert(path)
            self.indexingComplete.emit(0, 0, 0, len(files))

        QTimer.singleShot(20, self, index)
