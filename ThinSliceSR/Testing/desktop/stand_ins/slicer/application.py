"""Stands for `slicer.app` and the application's scene: slicer-core's real MRML scene and layout logic, no windows.

It cannot prove what Slicer's layout manager, settings and module manager do with them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from types import SimpleNamespace

from slicer.slicer_core import vtkMRMLScene


class Application:
    """What the module asks of `slicer.app`."""

    def __init__(self) -> None:
        self.temporaryPath = tempfile.gettempdir()
        self.applicationVersion = "5.13.0"
        self.revision = "0"
        self._settings_folder = tempfile.TemporaryDirectory()
        self.startup_completed: list[Callable[[], None]] = []

    def connect(self, signal: str, function: Callable[[], None]) -> None:
        """Of the application's signals the module uses one."""
        assert signal == "startupCompleted()"
        self.startup_completed.append(function)

    def clipboard(self) -> object:
        import qt

        return qt.QGuiApplication.clipboard()

    def userSettings(self) -> object:
        """Real Qt settings, in a file of this process."""
        import qt

        return qt.QSettings(f"{self._settings_folder.name}/Slicer.ini", qt.QSettings.IniFormat)

    def topLevelWidgets(self) -> list[object]:
        """None of them is Slicer's main window, which this Slicer lacks."""
        return []

    def layoutManager(self) -> None:
        """None, as in a Slicer without a main window."""
        return

    def testingEnabled(self) -> bool:
        return False

    def processEvents(self, *events: object) -> None:
        """Through a loop of its own: PySide6's processEvents loses a reference to None at each call."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(2, loop.quit)
        loop.exec(*events)


app = Application()
modules = SimpleNamespace()
mrmlScene = vtkMRMLScene()
