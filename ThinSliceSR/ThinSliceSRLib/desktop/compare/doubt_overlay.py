"""The doubt over the DLS volume that it belongs to, in whichever views show that one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import slicer
import vtk

from ..scene.doubt_colours import keep_window
from .comparison_layout import COMPARISON_VIEWS

COMPOSITE = "vtkMRMLSliceCompositeNode"


class DoubtOverlay:
    """Lays the doubt in front of DLS, and gives each view back what was in front before.

    Views come to show DLS, and cease to, by the comparison, by flipping and by hand: the doubt comes and goes with it,
    so that it never lies over another volume. A volume that the user puts in front meanwhile stays there.
    """

    def __init__(self) -> None:
        self.dls: slicer.vtkMRMLScalarVolumeNode | None = None
        self.doubt: slicer.vtkMRMLScalarVolumeNode | None = None
        self._opacity = 0.5
        self._paused = False
        self._laid: dict[slicer.vtkMRMLSliceCompositeNode, _Front] = {}
        self._behind: dict[slicer.vtkMRMLSliceCompositeNode, str | None] = {}
        self._observations: list[tuple[slicer.vtkMRMLNode | slicer.vtkMRMLScene, int]] = []

    @property
    def is_on(self) -> bool:
        return self.doubt is not None

    def begin(self, dls: slicer.vtkMRMLScalarVolumeNode, doubt: slicer.vtkMRMLScalarVolumeNode) -> None:
        """Lays this doubt over DLS from now on, until `end`."""
        self.end()
        self.dls, self.doubt = dls, doubt
        scene, display = slicer.mrmlScene, doubt.GetDisplayNode()
        self._observe(scene, slicer.vtkMRMLScene.NodeAddedEvent, self._node_added)
        self._observe(scene, slicer.vtkMRMLScene.NodeRemovedEvent, self._node_removed)
        # Dragging with the mouse in a view changes the window of what is in front.
        self._observe(display, vtk.vtkCommand.ModifiedEvent, lambda *_arguments: keep_window(display))
        for view in slicer.util.getNodesByClass(COMPOSITE):
            self._follow(view)

    def end(self) -> None:
        """The views show again what they showed before, as far as that is still in the scene."""
        for caller, observation in self._observations:
            caller.RemoveObserver(observation)
        self._observations = []
        self._lift_all()
        self.dls = self.doubt = None
        self._behind, self._paused = {}, False

    def set_opacity(self, share: float) -> None:
        """How much the doubt covers, from 0.0 to 1.0."""
        self._opacity = share
        for view in self._laid:
            view.SetForegroundOpacity(share)

    @property
    def opacity(self) -> float:
        return self._opacity

    def pause(self) -> None:
        """Leaves the front of all views to others, such as a fade, until `resume`."""
        self._paused = True
        self._lift_all()

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            for view in slicer.util.getNodesByClass(COMPOSITE) if self.is_on else ():
                self._lay_if_due(view)

    def lay_in_comparison(self) -> None:
        """Lays it again in the views of the comparison, which empties their front when it shows other volumes."""
        for view in slicer.util.getNodesByClass(COMPOSITE) if self.is_on else ():
            if view.GetLayoutName() in COMPARISON_VIEWS:
                self._laid.pop(view, None)
                self._lay_if_due(view)

    def _observe(self, caller: slicer.vtkMRMLNode | slicer.vtkMRMLScene, event: int, answer: object) -> None:
        self._observations.append((caller, caller.AddObserver(event, answer)))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_added(self, _scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        if node.IsA(COMPOSITE):
            self._follow(node)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _node_removed(self, _scene: slicer.vtkMRMLScene, _event: str, node: slicer.vtkMRMLNode) -> None:
        self._laid.pop(node, None)
        self._behind.pop(node, None)

    def _follow(self, view: slicer.vtkMRMLSliceCompositeNode) -> None:
        self._observe(view, vtk.vtkCommand.ModifiedEvent, self._view_changed)
        self._behind[view] = view.GetBackgroundVolumeID()
        self._lay_if_due(view)

    def _view_changed(self, view: slicer.vtkMRMLSliceCompositeNode, _event: str) -> None:
        if self.doubt is None or self._paused or view not in self._behind:
            return
        behind = view.GetBackgroundVolumeID()
        if behind != self._behind[view]:
            self._behind[view] = behind
            if view in self._laid:
                self._lift(view)
            self._lay_if_due(view)
        elif view in self._laid and view.GetForegroundVolumeID() != self.doubt.GetID():
            del self._laid[view]  # somebody has put another volume in front

    def _lay_if_due(self, view: slicer.vtkMRMLSliceCompositeNode) -> None:
        assert self.dls is not None  # as it is on
        assert self.doubt is not None
        self._behind[view] = view.GetBackgroundVolumeID()
        if self._paused or view in self._laid or view.GetBackgroundVolumeID() != self.dls.GetID():
            return
        self._laid[view] = _Front.of(view, self.doubt.GetID())
        with slicer.util.NodeModify(view):
            view.SetCompositing(slicer.vtkMRMLSliceCompositeNode.Alpha)
            view.SetForegroundVolumeID(self.doubt.GetID())
            view.SetForegroundOpacity(self._opacity)

    def _lift_all(self) -> None:
        for view in list(self._laid):
            self._lift(view)

    def _lift(self, view: slicer.vtkMRMLSliceCompositeNode) -> None:
        assert self.doubt is not None  # which lies there
        front = self._laid.pop(view)
        if view.GetScene() is not None and view.GetForegroundVolumeID() == self.doubt.GetID():
            front.restore(view)


@dataclass(frozen=True)
class _Front:
    """What was in front in a view."""

    volume_id: str | None
    opacity: float
    compositing: int

    @classmethod
    def of(cls, view: slicer.vtkMRMLSliceCompositeNode, doubt_id: str) -> _Front:
        """doubt_id: of a doubt that lay there before, as in a scene that was saved so, nothing comes back."""
        if view.GetForegroundVolumeID() == doubt_id:
            return cls(None, 0.0, slicer.vtkMRMLSliceCompositeNode.Alpha)
        return cls(view.GetForegroundVolumeID(), view.GetForegroundOpacity(), view.GetCompositing())

    def restore(self, view: slicer.vtkMRMLSliceCompositeNode) -> None:
        there = self.volume_id and slicer.mrmlScene.GetNodeByID(self.volume_id)
        with slicer.util.NodeModify(view):
            view.SetForegroundVolumeID(self.volume_id if there else None)
            view.SetForegroundOpacity(self.opacity)
            view.SetCompositing(self.compositing)


def views_under(
    doubt: slicer.vtkMRMLScalarVolumeNode, dls: slicer.vtkMRMLScalarVolumeNode
) -> Iterable[slicer.vtkMRMLSliceCompositeNode]:
    """The views in which this doubt lies over DLS already, as in a scene that was saved so."""
    return [
        view
        for view in slicer.util.getNodesByClass(COMPOSITE)
        if (view.GetBackgroundVolumeID(), view.GetForegroundVolumeID()) == (dls.GetID(), doubt.GetID())
    ]
