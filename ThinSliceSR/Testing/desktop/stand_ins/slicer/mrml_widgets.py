"""Stand for Slicer's MRML widgets in the .ui file, over the application's real scene.

They cannot prove the real ones' filtering, their signals' order, or what the scene's events do to them.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QWidget
from slicer.application import mrmlScene

SCALAR_VOLUME = "vtkMRMLScalarVolumeNode"


class qMRMLWidget(QWidget):  # noqa: N801 - Slicer's name
    def setMRMLScene(self, scene: object) -> None:
        """Every selector follows the application's scene already."""


class qMRMLNodeComboBox(QComboBox):  # noqa: N801 - Slicer's name
    """Chooses a scalar volume of the scene, or none."""

    currentNodeChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes: list[object] = [None]
        self._observations = [
            mrmlScene.AddObserver(event, lambda *_arguments: self._refill())
            for event in (mrmlScene.NodeAddedEvent, mrmlScene.NodeRemovedEvent, mrmlScene.EndCloseEvent)
        ]
        self.destroyed.connect(lambda: [mrmlScene.RemoveObserver(tag) for tag in self._observations])
        self._refill()
        self.activated.connect(lambda _index: self.currentNodeChanged.emit(self.currentNode()))

    def currentNode(self) -> object:
        return self._nodes[self.currentIndex()] if self.currentIndex() >= 0 else None

    def setCurrentNode(self, node: object) -> None:
        before = self.currentNode()
        self.setCurrentIndex(self._nodes.index(node) if node in self._nodes else 0)
        if self.currentNode() is not before:
            self.currentNodeChanged.emit(self.currentNode())

    def _refill(self) -> None:
        before = self.currentNode()
        count = mrmlScene.GetNumberOfNodesByClass(SCALAR_VOLUME)
        volumes = [mrmlScene.GetNthNodeByClass(index, SCALAR_VOLUME) for index in range(count)]
        self._nodes = [None, *(node for node in volumes if node.IsA(SCALAR_VOLUME) and not node.GetHideFromEditors())]
        self.clear()
        self.addItems([self.property("noneDisplay") or "None", *(node.GetName() for node in self._nodes[1:])])
        self.setCurrentIndex(self._nodes.index(before) if before in self._nodes else 0)
        if before is not None and self.currentNode() is None:
            self.currentNodeChanged.emit(None)
