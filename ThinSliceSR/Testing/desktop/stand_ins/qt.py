"""Stands for PythonQt's module `qt`: PySide6's real Qt under one name, with Qt properties as attributes.

As in PythonQt, the or of two flags is a plain int, which no call takes for flags but the setters below. It cannot prove
that PythonQt wraps a class, another overload or another enumeration in the same way.
"""

from __future__ import annotations

import ctypes
import enum
import operator
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


class QDialogButtonBox(QDialogButtonBox):  # noqa: F405
    """PythonQt takes an int for an orientation before it takes it for buttons."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*([] if arguments and type(arguments[0]) is int else arguments))

    def setStandardButtons(self, buttons: int) -> None:
        for button in self.StandardButton:
            if button.value & int(buttons):
                self.addButton(button)


def _kinds_of_flags() -> set[type[enum.Flag]]:
    """Those of the classes above, such as QDialogButtonBox.StandardButton."""
    classes = {base for kind in globals().values() if isinstance(kind, type) for base in kind.__mro__}
    members = [member for kind in classes for member in vars(kind).values()]
    return {kind for kind in members if isinstance(kind, type) and issubclass(kind, enum.Flag)}


for _kind in _kinds_of_flags():
    _kind.__or__ = lambda flag, other: operator.or_(int(flag.value), int(getattr(other, "value", other)))
