"""The word SYNTHETIC in every view that shows a synthetic volume, whatever the volume is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import slicer
import vtk

from .synthetic_mark import is_synthetic, kind_of

_VIEW_CLASSES = ("vtkMRMLSliceNode", "vtkMRMLViewNode")
_OBSERVED_CLASSES = (
    *_VIEW_CLASSES,
    "vtkMRMLSliceCompositeNode",
    "vtkMRMLScalarVolumeNode",
    "vtkMRMLVolumeRenderingDisplayNode",
)


def renderer_of_view(view: slicer.vtkMRMLAbstractViewNode) -> vtk.vtkRenderer | None:
    """The renderer that draws over the view's image, or None while no window shows the view.

    In a slice view that is CTK's overlay renderer, the first on layer 1: layer 0 holds the slice, and later markups.
    In a 3D view it is the first renderer, which draws text over everything, as it does for CTK's own corner texts.
    """
    layout_manager = slicer.app.layoutManager()
    if layout_manager is None:
        return None
    if view.IsA("vtkMRMLSliceNode"):
        widget = layout_manager.sliceWidget(view.GetLayoutName())
        return uppermost_renderer(widget.sliceView().renderWindow()) if widget else None
    for index in range(layout_manager.threeDViewCount):
        three_d_view = layout_manager.threeDWidget(index).threeDView()
        if three_d_view.mrmlViewNode() == view:
            return three_d_view.renderWindow().GetRenderers().GetItemAsObject(0)
    return None


def uppermost_renderer(window: vtk.vtkRenderWindow) -> vtk.vtkRenderer:
    """The window's first renderer on layer 1, or where that layer is empty, its first."""
    renderers = window.GetRenderers()
    all_of_them = [renderers.GetItemAsObject(index) for index in range(renderers.GetNumberOfItems())]
    return next((renderer for renderer in all_of_them if renderer.GetLayer() == 1), all_of_them[0])


class SyntheticLabels:
    """Keeps the label in every view that needs it, from start() to stop().

    The label is at the middle of the upper edge, the one place that Slicer leaves free: the Data Probe writes into the
    corners on the left and at the top right, the orientation marker stands at the bottom right, the ruler at the middle
    of the lower edge, the colour legend on the right.
    """

    def __init__(
        self, renderer_of: Callable[[slicer.vtkMRMLAbstractViewNode], vtk.vtkRenderer | None] = renderer_of_view
    ) -> None:
        self._renderer_of = renderer_of
        self._labels: dict[str, _Label] = {}  # by the view node's id
        self._shown_in_3d: dict[str, tuple[bool, int]] = {}  # by the slice node's id
        self._follows_layout = False
        self._scene_observations: list[int] = []
        self._node_observations: dict[slicer.vtkMRMLNode, int] = {}

    def start(self) -> None:
        """Labels what is shown now, and from now on follows every change."""
        self.stop()
        for event in (slicer.vtkMRMLScene.NodeAddedEvent, slicer.vtkMRMLScene.NodeRemovedEvent):
            self._scene_observations.append(slicer.mrmlScene.AddObserver(event, self._on_node_added_or_removed))
        # Closing, loading and restoring a scene are batches, too.
        end_of_batch = slicer.vtkMRMLScene.EndBatchProcessEvent
        self._scene_observations.append(slicer.mrmlScene.AddObserver(end_of_batch, self._on_end_of_batch))
        if slicer.app.layoutManager() is not None:
            slicer.app.layoutManager().layoutChanged.connect(self._on_layout_changed)
            self._follows_layout = True
        self._observe_nodes()
        self.update()

    def stop(self) -> None:
        """Removes every label and observer. Needed before the module is reloaded."""
        if self._follows_layout and slicer.app.layoutManager() is not None:
            slicer.app.layoutManager().layoutChanged.disconnect(self._on_layout_changed)
        self._follows_layout = False
        for observation in self._scene_observations:
            slicer.mrmlScene.RemoveObserver(observation)
        for node, observation in self._node_observations.items():
            node.RemoveObserver(observation)
        for label in self._labels.values():
            label.remove()
        self._scene_observations, self._node_observations = [], {}
        self._labels, self._shown_in_3d = {}, {}

    def update(self) -> None:
        """Brings every view's label up to date and draws the views anew whose label changed."""
        views = {view.GetID(): view for name in _VIEW_CLASSES for view in slicer.util.getNodesByClass(name)}
        for view_id in self._labels.keys() - views.keys():
            self._labels.pop(view_id).remove()
        for view_id, view in views.items():
            text = label_text(view)
            renderer = self._renderer_of(view) if text else None
            label = self._labels.get(view_id)
            if label is not None and label.renderer is not renderer:
                self._labels.pop(view_id).remove()
                label = None
            if renderer is None:
                continue
            if label is None:
                self._labels[view_id] = _Label(renderer, text)
            else:
                label.set_text(text)

    def _observe_nodes(self) -> None:
        nodes = {node for name in _OBSERVED_CLASSES for node in slicer.util.getNodesByClass(name)}
        for node in self._node_observations.keys() - nodes:
            node.RemoveObserver(self._node_observations.pop(node))
        for node in nodes - self._node_observations.keys():
            self._node_observations[node] = node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._on_node_modified)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _on_node_added_or_removed(self, _scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if any(node.IsA(name) for name in _OBSERVED_CLASSES):
            self._observe_nodes()
            self.update()

    def _on_end_of_batch(self, _scene: slicer.vtkMRMLScene, _event: str) -> None:
        self._observe_nodes()
        self.update()

    def _on_layout_changed(self, _layout: int) -> None:
        self.update()  # only now have new views a window

    def _on_node_modified(self, node: slicer.vtkMRMLNode, _event: str) -> None:
        if node.IsA("vtkMRMLSliceNode"):
            # It changes with every step of the mouse wheel; only where it shows the slice in 3D matters here.
            shown_in_3d = bool(node.GetSliceVisible()), node.GetNumberOfThreeDViewIDs()
            if self._shown_in_3d.get(node.GetID()) == shown_in_3d:
                return
            self._shown_in_3d[node.GetID()] = shown_in_3d
        self.update()


def label_text(view: slicer.vtkMRMLAbstractViewNode) -> str:
    """What the label of the view says, e.g. "SYNTHETIC (DLS)"; empty where nothing synthetic is shown.

    Not translated: VTK's own fonts have Latin letters only, and the word must be there in every language.
    """
    kinds = _kinds_in_slice(view) if view.IsA("vtkMRMLSliceNode") else _kinds_in_3d(view)
    known = " + ".join(dict.fromkeys(kind for kind in kinds if kind))
    return "" if not kinds else f"SYNTHETIC ({known})" if known else "SYNTHETIC"


def _kinds_in_slice(view: slicer.vtkMRMLSliceNode) -> list[str]:
    """The kinds of the synthetic volumes in the view, from the lowest layer up."""
    composite = slicer.vtkMRMLSliceLogic.GetSliceCompositeNode(view)
    if composite is None:
        return []
    kinds: list[str] = []
    for volume, opacity in _layers(composite):
        if volume is not None and opacity > 0 and is_synthetic(volume):
            if opacity == 1 and kind_of(volume) != "DOUBT":  # which lies on few of its voxels
                kinds = []  # this one hides those below, which are of the same patient and place
            kinds.append(kind_of(volume) or "")
    return kinds


def _layers(composite: slicer.vtkMRMLSliceCompositeNode) -> Iterator[tuple[slicer.vtkMRMLVolumeNode | None, float]]:
    for layer in range(slicer.vtkMRMLSliceCompositeNode.Layer_Last + composite.GetNumberOfAdditionalLayers()):
        yield composite.GetNthLayerVolume(layer), composite.GetNthLayerOpacity(layer)


def _kinds_in_3d(view: slicer.vtkMRMLViewNode) -> list[str]:
    """The kinds of the synthetic volumes whose slices or rendering the 3D view shows."""
    kinds = []
    for slice_node in slicer.util.getNodesByClass("vtkMRMLSliceNode"):
        if slice_node.GetSliceVisible() and slice_node.IsDisplayableInThreeDView(view.GetID()):
            kinds += _kinds_in_slice(slice_node)
    for display in slicer.util.getNodesByClass("vtkMRMLVolumeRenderingDisplayNode"):
        volume = display.GetVolumeNode()
        if volume is not None and display.GetVisibility(view.GetID()) and is_synthetic(volume):
            kinds.append(kind_of(volume) or "")
    return kinds


class _Label:
    """One label in one renderer; draws the view anew when it comes, changes or goes."""

    def __init__(self, renderer: vtk.vtkRenderer, text: str) -> None:
        self.renderer = renderer
        self._actor = vtk.vtkTextActor()
        self._actor.SetInput(text)
        self._actor.PickableOff()
        position = self._actor.GetPositionCoordinate()
        position.SetCoordinateSystemToNormalizedViewport()
        position.SetValue(0.5, 0.985)
        style = self._actor.GetTextProperty()
        style.SetFontSize(14)
        style.BoldOn()
        style.SetColor(1.0, 0.75, 0.2)
        style.SetBackgroundColor(0.0, 0.0, 0.0)
        style.SetBackgroundOpacity(0.6)
        style.SetJustificationToCentered()
        style.SetVerticalJustificationToTop()
        renderer.AddViewProp(self._actor)
        self._draw()

    def set_text(self, text: str) -> None:
        if text != self._actor.GetInput():
            self._actor.SetInput(text)
            self._draw()

    def remove(self) -> None:
        self.renderer.RemoveViewProp(self._actor)
        self._draw()

    def _draw(self) -> None:
        # In Slicer the interactor does not draw at once; it asks CTK's view to draw when it is next due.
        window = self.renderer.GetRenderWindow()
        if window is not None and window.GetInteractor() is not None:
            window.GetInteractor().Render()
