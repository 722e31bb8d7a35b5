"""Stands for slicer.parameterNodeWrapper: typed parameters kept in a real vtkMRMLScriptedModuleNode, tied to widgets.

It knows only what the module uses: bool, str and volume nodes; check boxes and node selectors. It cannot prove how the
real one serialises them, nor when it writes to the widgets.
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from typing import Any

import slicer

NAME = "SlicerParameterName"


def parameterNodeWrapper(kind: type) -> type:
    """Turns a class with annotated members into one whose members live in the node given to its constructor."""
    types = typing.get_type_hints(kind)
    defaults = {name: getattr(kind, name, None) for name in types}

    def initialise(self: Any, node: Any) -> None:
        self.parameterNode = node
        self._observers, self._connections = [], []
        for name, default in defaults.items():
            if not slicer.util.toBool(node.GetParameter(f"{name}.set") or "0"):
                setattr(self, name, default)

    for name, member in types.items():
        setattr(kind, name, _node_member(name) if hasattr(member, "GetImageData") else _text_member(name, member))
    kind.__init__ = initialise
    kind.connectGui, kind.disconnectGui = _connect_gui, _disconnect_gui
    kind.AddObserver = lambda self, event, function, priority=0.0: self.parameterNode.AddObserver(event, function)
    kind.RemoveObserver = lambda self, tag: self.parameterNode.RemoveObserver(tag)
    return kind


def _text_member(name: str, kind: type) -> property:
    def read(self: Any) -> Any:
        text = self.parameterNode.GetParameter(name)
        return text == "True" if kind is bool else text

    def write(self: Any, value: Any) -> None:
        self.parameterNode.SetParameter(f"{name}.set", "1")
        self.parameterNode.SetParameter(name, str(value))

    return property(read, write)


def _node_member(name: str) -> property:
    def read(self: Any) -> Any:
        return self.parameterNode.GetNodeReference(name)

    def write(self: Any, node: Any) -> None:
        self.parameterNode.SetParameter(f"{name}.set", "1")
        self.parameterNode.SetNodeReferenceID(name, node.GetID() if node else None)

    return property(read, write)


def _connect_gui(self: Any, widgets: Any) -> int:
    tied = {widget.property(NAME): widget for widget in vars(widgets).values() if widget.property(NAME)}

    def to_widgets(*_arguments: object) -> None:
        for name, widget in tied.items():
            value = getattr(self, name)
            widget.setCurrentNode(value) if hasattr(widget, "setCurrentNode") else widget.setProperty("checked", value)

    def to_parameter(name: str) -> Callable[..., None]:
        return lambda value: setattr(self, name, value)

    to_widgets()
    for name, widget in tied.items():
        signal = widget.currentNodeChanged if hasattr(widget, "currentNodeChanged") else widget.toggled
        function = to_parameter(name)
        signal.connect(function)
        self._connections.append((signal, function))
    self._observers.append(self.parameterNode.AddObserver("ModifiedEvent", to_widgets))
    return 0


def _disconnect_gui(self: Any, tag: int) -> None:
    for signal, function in self._connections:
        signal.disconnect(function)
    for observer in self._observers:
        self.parameterNode.RemoveObserver(observer)
    self._observers, self._connections = [], []
