"""Named CT windows, set for several volumes at once, and windows that stay alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import slicer
import vtk


@dataclass(frozen=True)
class Window:
    """A CT window in HU: its width and its centre, which radiologists and Slicer call level."""

    width: float
    level: float


WINDOWS = {"lung": Window(1500, -600), "mediastinum": Window(400, 40), "bone": Window(1800, 400)}


def set_window(volumes: Iterable[slicer.vtkMRMLScalarVolumeNode], name: str) -> None:
    """Shows all the volumes in the named window of WINDOWS."""
    _apply(WINDOWS[name], [volume.GetDisplayNode() for volume in volumes if volume.GetDisplayNode()])


class LinkedWindows:
    """Volumes whose windows stay alike while they are compared.

    Slicer's view links carry slice position, pan and zoom but no window, and two volumes in different windows look
    different where they are not.
    """

    def __init__(self) -> None:
        self._displays: list[slicer.vtkMRMLScalarVolumeDisplayNode] = []
        self._observations: list[int] = []
        self._applying = False

    def link(self, volumes: Sequence[slicer.vtkMRMLScalarVolumeNode]) -> None:
        """Gives all the window of the first, and from now on a change of one to all; unlinks those before."""
        self.unlink()
        self._displays = [volume.GetDisplayNode() for volume in volumes if volume.GetDisplayNode()]
        for display in self._displays:
            self._observations.append(display.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_modified))
        if self._displays:
            self._on_modified(self._displays[0], "")

    def unlink(self) -> None:
        """Leaves every volume the window that it has now."""
        for display, observation in zip(self._displays, self._observations, strict=True):
            display.RemoveObserver(observation)
        self._displays, self._observations = [], []

    def _on_modified(self, changed: slicer.vtkMRMLScalarVolumeDisplayNode, _event: str) -> None:
        if self._applying:
            return
        window = Window(changed.GetWindow(), changed.GetLevel())
        others = [display for display in self._displays if display is not changed]
        self._applying = True
        try:
            _apply(window, [display for display in others if Window(display.GetWindow(), display.GetLevel()) != window])
        finally:
            self._applying = False


def _apply(window: Window, displays: Iterable[slicer.vtkMRMLScalarVolumeDisplayNode]) -> None:
    # All displays report their change at the end, once, so that the views draw all volumes in the new window together.
    with ExitStack() as changes:
        for display in displays:
            changes.enter_context(slicer.util.NodeModify(display))
            display.AutoWindowLevelOff()
            display.SetWindowLevel(window.width, window.level)
