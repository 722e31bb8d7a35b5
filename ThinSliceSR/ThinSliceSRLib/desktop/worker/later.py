"""Calls something when Qt has done what it is doing now, and then forgets it."""

from __future__ import annotations

from collections.abc import Callable

import qt


def later(action: Callable[[], object], milliseconds: int = 0) -> None:
    """Calls `action` once, after at least this time.

    `qt.QTimer.singleShot` is not Qt's but Slicer's own (slicerqt.py): its timers stay until Slicer quits, each with
    what it has called and all that this holds, such as the volumes of a run.
    """
    timer = qt.QTimer()

    def call() -> None:
        timer.stop()
        timer.deleteLater()
        action()

    timer.timeout.connect(call)
    timer.start(milliseconds)
