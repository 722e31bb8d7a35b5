"""Windows that views draw into, in memory, and the labels in them."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from slice_views import SIZE
from ThinSliceSRLib.desktop.scene.synthetic_label import uppermost_renderer
from vtk.util.numpy_support import vtk_to_numpy

UPPER_EDGE = 40
"""The label's rows of pixels."""


class Windows:
    """A window per view, in layers as in CTK's slice view; counts how often a view is asked to draw itself."""

    def __init__(self) -> None:
        self.by_view: dict[str, vtk.vtkRenderWindow] = {}
        self.requests: dict[str, int] = {}

    def renderer_of(self, view: slicer.vtkMRMLAbstractViewNode) -> vtk.vtkRenderer | None:
        window = self.by_view.get(view.GetID())
        return uppermost_renderer(window) if window else None

    def open(self, view: slicer.vtkMRMLAbstractViewNode) -> vtk.vtkRenderWindow:
        window = vtk.vtkRenderWindow()
        window.OffScreenRenderingOn()
        window.SetSize(*SIZE)
        window.SetNumberOfLayers(2)
        for layer in (0, 1):
            renderer = vtk.vtkRenderer()
            renderer.SetLayer(layer)
            window.AddRenderer(renderer)
        interactor = vtk.vtkGenericRenderWindowInteractor()
        window.SetInteractor(interactor)
        interactor.SetEnableRender(False)  # as CTK does, which draws later, when asked by RenderEvent
        self.requests[view.GetID()] = 0
        interactor.AddObserver(vtk.vtkCommand.RenderEvent, lambda *_: self._count(view.GetID()))
        self.by_view[view.GetID()] = window
        return window

    def picture(self, view: slicer.vtkMRMLAbstractViewNode) -> np.ndarray:
        """Red, green, blue 0 … 255; rows from the top."""
        window = self.by_view[view.GetID()]
        window.Render()
        grab = vtk.vtkWindowToImageFilter()
        grab.SetInput(window)
        grab.ReadFrontBufferOff()
        grab.Update()
        return vtk_to_numpy(grab.GetOutput().GetPointData().GetScalars()).reshape(*SIZE[::-1], 3)[::-1].astype(int)

    def _count(self, view_id: str) -> None:
        self.requests[view_id] += 1


def label_in(windows: Windows, view: slicer.vtkMRMLAbstractViewNode) -> str | None:
    """The text in the view's window; None where there is none. More than one is an error."""
    texts = []
    renderers = windows.by_view[view.GetID()].GetRenderers()
    for index in range(renderers.GetNumberOfItems()):
        props = renderers.GetItemAsObject(index).GetViewProps()
        for prop_index in range(props.GetNumberOfItems()):
            if props.GetItemAsObject(prop_index).IsA("vtkTextActor"):
                texts.append(props.GetItemAsObject(prop_index).GetInput())
    assert len(texts) <= 1
    return texts[0] if texts else None


def amber(picture: np.ndarray) -> np.ndarray:
    red, green, blue = np.moveaxis(picture, -1, 0)
    return (red > 150) & (green > 100) & (blue < green - 50)
