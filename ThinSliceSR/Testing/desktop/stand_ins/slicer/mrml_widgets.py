"""Stand for Slicer's MRML widgets in the .ui file, over the application's real scene.

They move on as the real ones do: when the chosen volume leaves the scene, to the entry above it, before an observer of
`NodeRemovedEvent` hears of it (qMRMLSceneModel takes its row away at `NodeAboutToBeRemovedEvent`, priority -10, and Qt
goes to the row above); and a list that was empty chooses the first volume that comes.
They cannot prove the real ones' filtering, nor what else the scene's events do to them.
"""

from __future__ import annotations

import vtk
from PySide6.QtCore import Property, Signal
from PySide6.QtWidgets import QComboBox, QWidget
from slicer.application import mrmlScene

CALLED_LAST, CALLED_FIRST = -10.0, 10.0
"""Priorities of qMRMLSceneModel's observers of the scene."""


class qMRMLWidget(QWidget):  # noqa: N801 - Slicer's name
    def setMRMLScene(self, scene: object) -> None:
        """Every selector follows the application's scene already."""


class qMRMLNodeComboBox(QComboBox):  # noqa: N801 - Slicer's name
    """Chooses a volume of the scene, or none. Its rows hold the nodes' ids; none is the row without one."""

    currentNodeChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None, node_class: str = "vtkMRMLScalarVolumeNode") -> None:
        super().__init__(parent)
        self._node_class = node_class
        self._none_enabled = False
        self._none_display = "None"

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def added(_scene: object, _event: str, node: object) -> None:
            self._add(node)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def about_to_be_removed(_scene: object, _event: str, node: object) -> None:
            self._remove(node)

        self._observations = [
            mrmlScene.AddObserver(mrmlScene.NodeAddedEvent, added, CALLED_FIRST),
            mrmlScene.AddObserver(mrmlScene.NodeAboutToBeRemovedEvent, about_to_be_removed, CALLED_LAST),
            mrmlScene.AddObserver(mrmlScene.EndCloseEvent, lambda *_arguments: self._refill()),
            mrmlScene.AddObserver(mrmlScene.EndImportEvent, lambda *_arguments: self._refill()),
        ]
        self.destroyed.connect(lambda: [mrmlScene.RemoveObserver(tag) for tag in self._observations])
        self._refill()
        self.currentTextChanged.connect(lambda _text: self._emit_current_node_changed())

    def _set_none_enabled(self, enabled: bool) -> None:
        self._none_enabled = enabled
        self._refill()

    def _set_none_display(self, text: str) -> None:
        self._none_display = text
        self._refill()

    noneEnabled = Property(bool, lambda self: self._none_enabled, _set_none_enabled)
    noneDisplay = Property(str, lambda self: self._none_display, _set_none_display)

    def currentNode(self) -> object:
        return mrmlScene.GetNodeByID(self.currentData() or "")

    def setCurrentNode(self, node: object) -> None:
        row = self.findData(node.GetID()) if node is not None else -1
        self.setCurrentIndex(row if row >= 0 else 0 if self._none_enabled else -1)

    def choose_by_hand(self, node: object) -> None:
        """As a click on an entry does: also one that is chosen already is told."""
        before = self.currentNode()
        self.setCurrentNode(node)
        if before is node:
            self.currentNodeChanged.emit(node)

    def _emit_current_node_changed(self) -> None:
        self.currentNodeChanged.emit(self.currentNode())

    def _add(self, node: object) -> None:
        if node.IsA(self._node_class) and not node.GetHideFromEditors() and not mrmlScene.IsImporting():
            self._name_rows()
            self.addItem(node.GetName(), node.GetID())

    def _remove(self, node: object) -> None:
        row = self.findData(node.GetID()) if not mrmlScene.IsClosing() else -1
        if row >= 0:
            self.removeItem(row)  # Qt chooses another row
            if self.currentNode() is None:
                self.setCurrentNode(None)

    def _name_rows(self) -> None:
        blocked = self.blockSignals(True)
        for row in range(self.count()):
            node = mrmlScene.GetNodeByID(self.itemData(row) or "")
            if node is not None:
                self.setItemText(row, node.GetName())
        self.blockSignals(blocked)

    def _refill(self) -> None:
        before = self.currentNode()
        blocked = self.blockSignals(True)
        self.clear()
        if self._none_enabled:
            self.addItem(self._none_display, "")
        count = mrmlScene.GetNumberOfNodesByClass(self._node_class)
        for node in (mrmlScene.GetNthNodeByClass(index, self._node_class) for index in range(count)):
            self._add(node)
        self.setCurrentNode(before)
        self.blockSignals(blocked)
        if self.currentNode() is not before:
            self._emit_current_node_changed()


class LayerSelectors:
    """Stands for the two selectors of a slice view's controller (qMRMLSliceControllerWidget): what is behind, in front.

    What is chosen in them the view shows, and every view that is linked with it; they follow what the view shows, but
    not within a batch. It cannot prove when Qt makes the real controller, nor what its other buttons do.
    """

    def __init__(self, logic: object) -> None:
        self._logic = logic
        self._composite = logic.GetSliceCompositeNode()
        self.background = self._selector("Background")
        self.foreground = self._selector("Foreground")
        self._observation = self._composite.AddObserver("ModifiedEvent", lambda *_arguments: self._follow())
        self._end_of_batch = mrmlScene.AddObserver(mrmlScene.EndBatchProcessEvent, lambda *_arguments: self._follow())
        self._follow()

    def close(self) -> None:
        self._composite.RemoveObserver(self._observation)
        mrmlScene.RemoveObserver(self._end_of_batch)
        for selector in (self.background, self.foreground):
            selector.currentNodeChanged.disconnect()
            for observation in selector._observations:
                mrmlScene.RemoveObserver(observation)
            selector.deleteLater()

    def _selector(self, layer: str) -> qMRMLNodeComboBox:
        selector = qMRMLNodeComboBox(node_class="vtkMRMLVolumeNode")
        selector._set_none_enabled(True)
        selector.currentNodeChanged.connect(lambda node: self._chosen(layer, node))
        return selector

    def _chosen(self, layer: str, node: object) -> None:
        if self._logic.GetSliceCompositeNode() is None:  # removed with the scene
            return
        flag = getattr(self._composite, f"{layer}VolumeFlag")
        self._logic.StartSliceCompositeNodeInteraction(flag)
        getattr(self._composite, f"Set{layer}VolumeID")(node.GetID() if node is not None else None)
        self._logic.EndSliceCompositeNodeInteraction()

    def _follow(self) -> None:
        if mrmlScene.IsBatchProcessing():
            return
        for layer, selector in (("Background", self.background), ("Foreground", self.foreground)):
            shown = mrmlScene.GetNodeByID(getattr(self._composite, f"Get{layer}VolumeID")() or "")
            blocked = selector.blockSignals(True)
            selector.setCurrentNode(shown)
            selector.blockSignals(blocked)
