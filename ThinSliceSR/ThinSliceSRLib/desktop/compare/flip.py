"""One key that shows thick, BIS and DLS in turn, in the place where the user looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import qt
import slicer

from .comparison import ComparedVolumes
from .view_history import ViewHistory

KEY = "C"
"""Slicer has no use for it: slice views take G, T, F, B, V, R, brackets and arrows (vtkMRMLSliceIntersectionWidget),
the Segment Editor Q, W, Z, Y, I, digits and marks (qMRMLSegmentEditorWidget); the main window's have modifiers."""


class Flip:
    """Turns the views that show one of an input's volumes to the next of them, all to the same one.

    The key works wherever the main window has the keyboard, but not while a text is written.
    """

    def __init__(self, prepare: Callable[[], ComparedVolumes | None], views: ViewHistory) -> None:
        """prepare: makes ready and tells what there is to be shown; None: nothing."""
        self._prepare = prepare
        self._views = views
        self._shortcut: Any = None
        if slicer.util.mainWindow() is not None:
            self._shortcut = qt.QShortcut(qt.QKeySequence(KEY), slicer.util.mainWindow())
            self._shortcut.activated.connect(self.turn)

    def turn(self) -> None:
        """Shows the next: BIS after thick, then DLS, then thick again."""
        compared = self._prepare()
        if compared is None:
            return
        volumes = [volume for column, volume in compared.by_column().items() if column != "thin"]
        ids = [volume.GetID() for volume in volumes]
        views = [view for view in self._views.of_the_user() if view.GetBackgroundVolumeID() in ids]
        if views:
            shown = ids.index(views[0].GetBackgroundVolumeID())
            self._views.turn_to(volumes[(shown + 1) % len(volumes)], views, compared.thick)

    def close(self) -> None:
        if self._shortcut is not None:
            self._shortcut.enabled = False
            self._shortcut.deleteLater()
            self._shortcut = None
