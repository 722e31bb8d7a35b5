"""Slicer's slice views without Qt: the real layout, link and slice logics, and windows that draw into memory.

Stands for qMRMLLayoutManager, which gives a new slice node a slice logic, a controller and a window. It cannot prove
when Qt makes and sizes the real windows, nor what CTK adds to them.
"""

from __future__ import annotations

import numpy as np
import qt
import slicer
import vtk
from slicer.mrml_widgets import LayerSelectors
from vtk.util.numpy_support import vtk_to_numpy

SIZE = (300, 240)
"""Width and height of a view in pixels."""


class SliceViews:
    """The logics of a scene's views; a slice node added to the scene gets a slice logic."""

    def __init__(self, scene: slicer.vtkMRMLScene) -> None:
        self.scene = scene
        self._application = qt.QApplication.instance() or qt.QApplication([])
        self.logics = vtk.vtkCollection()
        self.selectors: dict[str, LayerSelectors] = {}
        self.application_logic = slicer.vtkMRMLApplicationLogic()
        self.application_logic.SetSliceLogics(self.logics)
        self.application_logic.SetMRMLScene(scene)
        scene.AddNode(slicer.vtkMRMLCrosshairNode())  # as qSlicerCoreApplication does
        slicer.vtkMRMLSliceNode.AddDefaultSliceOrientationPresets(scene)
        self._observation = scene.AddObserver(slicer.vtkMRMLScene.NodeAddedEvent, self._on_node_added)
        self.layout_logic = slicer.vtkMRMLLayoutLogic()
        self.layout_logic.SetMRMLScene(scene)

    @property
    def layout_node(self) -> slicer.vtkMRMLLayoutNode:
        return self.layout_logic.GetLayoutNode()

    def shown_names(self) -> list[str]:
        """The layout names of the views in the current layout, row by row."""
        nodes = self.layout_logic.GetViewNodes()
        return [nodes.GetItemAsObject(index).GetLayoutName() for index in range(nodes.GetNumberOfItems())]

    def node(self, name: str) -> slicer.vtkMRMLSliceNode:
        return self.scene.GetSingletonNode(name, "vtkMRMLSliceNode")

    def composite(self, name: str) -> slicer.vtkMRMLSliceCompositeNode:
        return self.scene.GetSingletonNode(name, "vtkMRMLSliceCompositeNode")

    def logic(self, name: str) -> slicer.vtkMRMLSliceLogic:
        return self.application_logic.GetSliceLogicByLayoutName(name)

    def pixels(self, name: str) -> np.ndarray:
        """What the view shows, as the grey values 0 … 255 of its slice pipeline on black; rows from the top."""
        connection = self.logic(name).GetImageDataConnection()
        connection.GetProducer().Update()
        image = connection.GetProducer().GetOutputDataObject(connection.GetIndex())
        width, height, _depth = image.GetDimensions()
        colours = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(height, width, 4).astype(float)
        return (colours[..., 0] * colours[..., 3] / 255)[::-1]

    def close(self) -> None:
        self.scene.RemoveObserver(self._observation)
        self.layout_logic.SetMRMLScene(None)
        for selectors in self.selectors.values():
            selectors.close()
        for index in range(self.logics.GetNumberOfItems()):
            self.logics.GetItemAsObject(index).SetMRMLScene(None)
        self.application_logic.SetMRMLScene(None)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_node_added(self, scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if not node.IsA("vtkMRMLSliceNode"):
            return
        node.SetDimensions(*SIZE, 1)
        logic = slicer.vtkMRMLSliceLogic()
        self.logics.AddItem(logic)
        logic.SetMRMLApplicationLogic(self.application_logic)
        logic.SetSliceNode(node)
        logic.SetMRMLScene(scene)
        self.selectors[node.GetLayoutName()] = LayerSelectors(logic)


def ball_volume(
    scene: slicer.vtkMRMLScene,
    name: str,
    slice_mm: float,
    *,
    directions: np.ndarray | None = None,
    kind: str | None = None,
) -> slicer.vtkMRMLScalarVolumeNode:
    """A box of 120 mm of air around RAS (10, -20, 30), with a ball of soft tissue right, in front of and above it.

    With 2 mm pixels and slices of that many mm, centred slice on slice as thick and thin ones are; of a kind when
    synthetic.
    """
    directions = np.eye(3) if directions is None else directions
    counts = np.array([61, 61, round(120 / slice_mm) + 1])
    spacing = np.array([2.0, 2.0, slice_mm])
    index_to_ras = np.eye(4)
    index_to_ras[:3, :3] = directions * spacing
    index_to_ras[:3, 3] = np.array([10.0, -20.0, 30.0]) - index_to_ras[:3, :3] @ ((counts - 1) / 2)
    k, j, i = np.meshgrid(*(np.arange(count) for count in counts[::-1]), indexing="ij")
    ras = np.stack([i, j, k], axis=-1) @ index_to_ras[:3, :3].T + index_to_ras[:3, 3]
    ball = np.linalg.norm(ras - [30.0, -5.0, 45.0], axis=-1) < 20
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.SetName(name)
    image = vtk.vtkImageData()
    image.SetDimensions(*(int(count) for count in counts))
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    vtk_to_numpy(image.GetPointData().GetScalars())[:] = np.where(ball, 40, -1000).ravel()
    volume.SetAndObserveImageData(image)
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy(index_to_ras.ravel())
    volume.SetIJKToRASMatrix(matrix)
    if kind:
        volume.SetAttribute("ThinSliceSR.Synthetic", "yes")
        volume.SetAttribute("ThinSliceSR.Kind", kind)
    scene.AddNode(volume)
    volume.CreateDefaultDisplayNodes()
    volume.GetDisplayNode().SetAndObserveColorNodeID(_grey(scene).GetID())
    volume.GetDisplayNode().AutoWindowLevelOff()
    volume.GetDisplayNode().SetWindowLevel(1500, -600)
    return volume


def _grey(scene: slicer.vtkMRMLScene) -> slicer.vtkMRMLColorTableNode:
    """Slicer's grey colours, which its colour logic puts into every scene."""
    grey = scene.GetFirstNode("Grey", "vtkMRMLColorTableNode")
    if grey is None:
        grey = slicer.vtkMRMLColorTableNode()
        grey.SetTypeToGrey()
        grey.SetName("Grey")
        scene.AddNode(grey)
    return grey
