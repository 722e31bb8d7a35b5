"""Stands for the GUI half of slicer.util: loads a .ui file by Qt's own loader, with stand-ins of Slicer's widgets."""

from __future__ import annotations

import ctk
import slicer.util
from PySide6.QtUiTools import QUiLoader
from PySide6.QtWidgets import QWidget
from slicer.mrml_widgets import qMRMLNodeComboBox, qMRMLWidget


def load_ui(path: str) -> QWidget:
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
