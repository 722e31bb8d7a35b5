"""Stands for the GUI half of slicer.util: loads a .ui file by Qt's own loader, with stand-ins of Slicer's widgets."""

from __future__ import annotations

import ctk
import slicer.util
from PySide6.QtCore import QObject
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QWidget
from shiboken6 import Shiboken
from slicer.mrml_widgets import qMRMLNodeComboBox, qMRMLWidget


def forget_meta_objects(kind: type[QObject] = QObject) -> None:
    """Has PySide forget the first meta object of each class that was derived in Python.

    Whoever connects a signal to a method of such an object has PySide make another meta object and free the first. But
    PySide keeps taking for it whatever comes to lie at its address: a widget of a panel, which is missing then.
    """
    for derived in kind.__subclasses__():
        meta_object = vars(derived).get("staticMetaObject")
        if meta_object is not None and not derived.__module__.startswith("PySide6"):
            Shiboken.invalidate(meta_object)
        forget_meta_objects(derived)


def load_ui(path: str) -> QWidget:
    forget_meta_objects()
    loader = QUiLoader()
    for kind in (qMRMLWidget, qMRMLNodeComboBox, ctk.ctkCollapsibleButton):
        loader.registerCustomWidget(kind)
    return loader.load(path)


def child_widget_variables(widget: QWidget) -> object:
    """Every named widget as an attribute."""
    widgets = type("", (), {})()
    for child in widget.findChildren(QWidget):
        if child.objectName() and not child.objectName().startswith("qt_"):
            setattr(widgets, child.objectName(), child)
    return widgets


slicer.util.loadUI = load_ui
slicer.util.childWidgetVariables = child_widget_variables
