"""Stands for PythonQt's module `qt`: PySide6's real Qt under one name, with Qt properties as attributes.

It cannot prove that PythonQt wraps a class, an overload or an enumeration in the same way.
"""

from __future__ import annotations

from PySide6.QtCore import *  # noqa: F403
from PySide6.QtGui import *  # noqa: F403
from PySide6.QtUiTools import *  # noqa: F403
from PySide6.QtWidgets import *  # noqa: F403
