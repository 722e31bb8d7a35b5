"""Stands for PythonQt's module `qt`: PySide6's real Qt under one name, with Qt properties as attributes.

It cannot prove that PythonQt wraps a class, an overload or an enumeration in the same way.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

from PySide6.QtCore import *  # noqa: F403
from PySide6.QtGui import *  # noqa: F403
from PySide6.QtUiTools import *  # noqa: F403
from PySide6.QtWidgets import *  # noqa: F403

_timers: list[object] = []

# PySide6 loses a reference to None with each call that returns nothing; before Python 3.12 it would run out of them.
# So there are a million more, in a list that lives for ever.
ctypes.pythonapi.Py_IncRef(ctypes.py_object([None] * 1_000_000))


class QTimer(QTimer):  # noqa: F405
    """Slicer's slicerqt.py puts a `singleShot` of its own in the place of Qt's: its timers stay until Slicer quits."""

    @staticmethod
    def singleShot(msec: int, action: Callable[[], object]) -> None:
        _timers.append((timer := QTimer(), action))
        timer.timeout.connect(timer.stop)
        timer.timeout.connect(action)
        timer.start(msec)
